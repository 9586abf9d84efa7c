"""Words cut into tokens with folded keys, and joined again after rules have rewritten some."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from app.asr.text.folding import bare, fold
from app.asr.text.words import Word, merge

LONG_PAUSE_S = 1.5
"""Longer than between the groups of a phone number."""

_MERIDIEM = re.compile(r"([ap])\.?m\.?")


@dataclass(frozen=True, slots=True)
class Token:
    key: str
    text: str
    word: int
    lead: str = ""
    trail: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens `first` to `end` of a phrase, as they are to be written.

    `digits` is how an unconverted small number would be written if its neighbours ask for it.
    """

    text: str
    first: int
    end: int
    is_number: bool = False
    digits: str = ""


def cut(
    words: Sequence[Word], known: Collection[str], scales: Collection[str]
) -> Iterator[list[Token]]:
    """Phrases: runs of tokens that neither punctuation nor a long pause divides.

    `known` are the words that may be parts of one with hyphens: "forty-two". A comma after one of
    `scales` may stand inside a number: "six thousand, four hundred".
    """
    phrase: list[Token] = []
    for index, word in enumerate(words):
        if phrase and word.start_s - words[index - 1].end_s >= LONG_PAUSE_S:
            yield phrase
            phrase = []
        is_last = index == len(words) - 1 or words[index + 1].text[:1].isupper()
        for token in _tokens(word.text, index, known, ends=is_last):
            if token.lead and phrase:
                yield phrase
                phrase = []
            phrase.append(token)
            if token.trail and not (token.trail == "," and token.key in scales):
                yield phrase
                phrase = []
    if phrase:
        yield phrase


def _tokens(text: str, word: int, known: Collection[str], *, ends: bool) -> Iterator[Token]:
    lead, core, trail = bare(text)
    meridiem = _MERIDIEM.fullmatch(core.casefold())
    if meridiem:
        # The dot of "p.m." is its own, unless a sentence ends there.
        own = "" if ends else "."
        yield Token(f"{meridiem[1]}m", core, word, lead, trail.removeprefix(own))
        return
    parts = core.split("-")
    if len(parts) == 1 or not all(fold(part) in known for part in parts):
        parts = [core]
    last = len(parts) - 1
    for index, part in enumerate(parts):
        before, after = lead if index == 0 else "", trail if index == last else ""
        yield Token(fold(part), part, word, before, after)


def join(words: Sequence[Word], phrase: Sequence[Token], pieces: Sequence[Piece]) -> list[Word]:
    """The words of a phrase, rewritten. Pieces cut out of one word stay one word."""
    groups: list[tuple[int, int, str]] = []
    for piece in pieces:
        tokens = phrase[piece.first : piece.end]
        first, last = tokens[0].word, tokens[-1].word
        text = tokens[0].lead + piece.text + tokens[-1].trail
        if groups and groups[-1][1] == first:
            first, _, before = groups.pop()
            text = f"{before}-{text}"
        groups.append((first, last, text))
    return [_written(words[first : last + 1], text) for first, last, text in groups]


def _written(said: Sequence[Word], text: str) -> Word:
    return said[0] if len(said) == 1 and said[0].text == text else merge(said, text)
