"""Numbers, digits one by one, phone numbers, and whatever fits an expression."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema_rs

from app.calls.flows.graph import Number, Pattern
from app.calls.flows.hearing.utterance import Found, Utterance

_MOST_PARTS = 12
_MOST_EXPRESSION_BYTES = 200_000
_BETWEEN_DIGITS = str.maketrans("", "", "-.()/")
_PLUSES = ("plus", "प्लस", "+")


@dataclass(frozen=True, slots=True)
class _Part:
    """A word, or a number of several words in digits."""

    text: str
    first: int
    end: int


def number(capture: Number, said: Utterance) -> Found | None:
    at = 0
    while at < len(said):
        read = said.phrase.numbers.read(at)
        if read and capture.least <= read.value <= capture.most:
            value = int(read.value) if read.value == int(read.value) else float(read.value)
            return Found(value, at, read.end)
        at = read.end if read else at + 1
    return None


def digits(said: Utterance, least: int, most: int) -> Found | None:
    """The longest run, if it has as many digits as are wanted."""
    best = max(_runs(said), key=lambda run: len(run.text), default=None)
    if best is None or not least <= len(best.text.lstrip("+")) <= most:
        return None
    return Found(best.text, best.first, best.end)


def fits(capture: Pattern, said: Utterance) -> Found | None:
    """The longest run of words that does, the first of them."""
    parts = list(_parts(said))
    is_valid = validator(capture.expression).is_valid
    for count in range(min(len(parts), _MOST_PARTS), 0, -1):
        for start in range(len(parts) - count + 1):
            run = parts[start : start + count]
            spaced = " ".join(part.text for part in run)
            for text in (spaced.replace(" ", ""), re.sub("[ -]", "", spaced), spaced):
                if is_valid(text):
                    return Found(text, run[0].first, run[-1].end)
    return None


@cache
def validator(expression: str) -> Any:
    """Raises ValueError for what is no expression, or none that runs in linear time."""
    return jsonschema_rs.validator_for(
        {"type": "string", "pattern": f"^(?:{expression})$"},
        pattern_options=jsonschema_rs.RegexOptions(size_limit=_MOST_EXPRESSION_BYTES),
    )


def _runs(said: Utterance) -> Iterator[_Part]:
    run: _Part | None = None
    for part in _parts(said):
        text = "+" if part.text in _PLUSES else part.text.translate(_BETWEEN_DIGITS)
        is_more = text.isdecimal() and (run is None or part.first == run.end)
        if run and is_more:
            run = _Part(run.text + text, run.first, part.end)
            continue
        if run:
            yield run
        is_new = text.removeprefix("+").isdecimal() or text == "+"
        run = _Part(text, part.first, part.end) if is_new else None
    if run:
        yield run


def _parts(said: Utterance) -> Iterator[_Part]:
    at = 0
    while at < len(said):
        text, end = _part(said, at)
        if text:
            yield _Part(text, at, end)
        at = end


def _part(said: Utterance, at: int) -> tuple[str, int]:
    """Double five is 55, one is 1 and ninety eight is 98; twelve hundred is 1200."""
    phrase, key = said.phrase, said.keys[at]
    lexicon = phrase.lexicon
    following = lexicon.digit_words.get(phrase.key(at + 1), phrase.key(at + 1))
    if key in lexicon.repeats and len(following) == 1 and following.isdecimal():
        return following * lexicon.repeats[key], at + 2
    below = phrase.numbers.below_hundred(at)
    if key in lexicon.digit_words:
        below = (int(lexicon.digit_words[key]), at + 1)
    if below is None:
        return key, at + 1
    if phrase.key(below[1]) in lexicon.hundreds:
        return f"{below[0]}00", below[1] + 1
    return str(below[0]), below[1]
