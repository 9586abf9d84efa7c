"""Where a text asks for silence: `<break time="1s"/>`, and empty lines."""

import re
from collections.abc import Iterator
from dataclasses import replace

from app.tts.speech import Sentence

PARAGRAPH_S = 0.4
LONGEST_BREAK_S = 10.0
_BREAK = re.compile(
    r"""<break(?:\s{1,9}(?:time\s?=\s?["']?(?P<n>\d{0,6}\.?\d{0,3})(?P<u>ms|s)["']?"""
    r"""|strength\s?=\s?["']?(?P<w>[a-z-]{1,10})["']?)){0,2}\s{0,9}/?>|\n[^\S\n]*\n\s*""",
    re.IGNORECASE,
)
_STRENGTHS = {
    "none": 0.0,
    "x-weak": 0.1,
    "weak": 0.2,
    "medium": 0.4,
    "strong": 0.7,
    "x-strong": 1.2,
}


def stretches(text: str) -> Iterator[tuple[int, int, float]]:
    """Between breaks, and the pause behind each."""
    begin = 0
    for mark in _BREAK.finditer(text):
        yield begin, mark.start(), _pause_of(mark)
        begin = mark.end()
    yield begin, len(text), 0.0


def longer(sentence: Sentence, pause_s: float) -> Sentence:
    """With so much more silence behind it."""
    return replace(sentence, pause_s=min(sentence.pause_s + pause_s, LONGEST_BREAK_S))


def _pause_of(mark: re.Match[str]) -> float:
    if mark[0].isspace():
        return PARAGRAPH_S
    if mark["n"]:
        seconds = float(mark["n"].rstrip(".") or 0)
        return min(seconds / 1000 if mark["u"].lower() == "ms" else seconds, LONGEST_BREAK_S)
    return _STRENGTHS.get((mark["w"] or "medium").lower(), _STRENGTHS["medium"])
