"""The sounds of languages that espeak-ng says as well as anybody: whole phrases at once, for words
change beside each other, and then shared out to the words."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from itertools import groupby

from app.tts.text.sounds.alphabet import from_espeak
from app.tts.text.sounds.espeak import espeak_sounds
from app.tts.text.written.said import Said

_MOST_JOINED = 4
_LONGEST_PHRASE = 40
"""Words."""


def phrase_sounds(words: Sequence[Said], language: str) -> list[Said]:
    found: list[Said] = []
    for is_asked, group in groupby(words, lambda word: not (word.is_mark or word.sounds)):
        run = list(group)
        if is_asked:
            for at in range(0, len(run), _LONGEST_PHRASE):
                found += _phrase(run[at : at + _LONGEST_PHRASE], language)
        else:
            found += run
    return found


def _phrase(words: Sequence[Said], language: str) -> Iterator[Said]:
    asked = [_asked(word) for word in words]
    parts = espeak_sounds(" ".join(asked), language).split()
    if len(parts) == len(words):
        for word, sounds in zip(words, parts, strict=True):
            yield replace(word, sounds=from_espeak(sounds))
        return
    alone = ["".join(espeak_sounds(text, language).split()) for text in asked]
    for first, last, sounds in _shared_out(alone, parts):
        text = " ".join(word.text for word in words[first:last])
        joined = replace(words[first], text=text, end=words[last - 1].end)
        yield replace(joined, sounds=from_espeak(sounds))


def _asked(word: Said) -> str:
    return " ".join(word.text) if word.is_spelled else word.text


def _shared_out(alone: Sequence[str], parts: Sequence[str]) -> list[tuple[int, int, str]]:
    """Words `[first:last]` and the parts that say them: the division with the most likeness to
    what each word sounds like alone."""
    best: dict[tuple[int, int], tuple[float, list[tuple[int, int, str]]]] = {(0, 0): (0.0, [])}
    for at in range(len(alone) + 1):
        for said in range(len(parts) + 1):
            here = best.get((at, said))
            if here is None:
                continue
            for words, pieces in _steps(len(alone) - at, len(parts) - said):
                sounds = "".join(parts[said : said + pieces])
                plain = "".join(alone[at : at + words])
                score = here[0] + _likeness(plain, sounds) * len(plain) - 0.1 * (words - 1)
                place = (at + words, said + pieces)
                if place not in best or best[place][0] < score:
                    best[place] = (score, [*here[1], (at, at + words, sounds)])
    end = best.get((len(alone), len(parts)))
    if end is None:
        return [(at, at + 1, sounds) for at, sounds in enumerate(alone)]
    return end[1]


def _steps(words: int, parts: int) -> Iterator[tuple[int, int]]:
    """One part for some words, or some parts for one word."""
    for count in range(1, min(_MOST_JOINED, words) + 1):
        if parts:
            yield count, 1
    for count in range(2, min(_MOST_JOINED * 2, parts) + 1):
        if words:
            yield 1, count


def _likeness(first: str, second: str) -> float:
    return SequenceMatcher(None, first, second, autojunk=False).ratio()
