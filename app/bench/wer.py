"""Word error rates: the words that count, and how many of them are wrong."""

import re
from collections.abc import Sequence

_ONES: list[str] = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen",
)
_TENS: list[str] = [
    "",
    "",
    *re.findall(r"\w+", "twenty thirty forty fifty sixty seventy eighty ninety"),
]
_SCALES = ((1_000_000, "million"), (1000, "thousand"), (100, "hundred"))
_TITLES = {"mr": "mister", "mrs": "missus", "dr": "doctor"}


def words_of(text: str) -> list[str]:
    """Lower case, no punctuation, numbers spelled out."""
    plain = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("'", "")
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", plain)
    plain = re.sub(r"\d{1,9}", lambda found: f" {_spelled(int(found.group()))} ", plain)
    words: list[str] = re.findall(r"[^\W\d_]+", plain)
    return [_TITLES.get(word, word) for word in words]


def word_errors(reference: Sequence[str], heard: Sequence[str]) -> int:
    """Words wrong, missing or too many."""
    row = list(range(len(heard) + 1))
    for number, word in enumerate(reference, start=1):
        diagonal, row[0] = row[0], number
        for at, other in enumerate(heard, start=1):
            diagonal, row[at] = (
                row[at],
                min(row[at] + 1, row[at - 1] + 1, diagonal + (word != other)),
            )
    return row[-1]


def _spelled(number: int) -> str:
    if number < len(_ONES):
        return _ONES[number]
    for scale, name in _SCALES:
        if number >= scale:
            rest = f" {_spelled(number % scale)}" if number % scale else ""
            return f"{_spelled(number // scale)} {name}{rest}"
    rest = f" {_ONES[number % 10]}" if number % 10 else ""
    return f"{_TENS[number // 10]}{rest}"
