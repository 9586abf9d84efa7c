"""What was said, as the words that captures look at."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache

from app.asr.text.itn import english as english_numbers
from app.asr.text.itn import hindi as hindi_numbers
from app.asr.text.itn.lexicon import Lexicon
from app.asr.text.itn.phrase import Phrase
from app.asr.text.itn.tokens import Token, cut
from app.asr.text.words import Word
from app.calls.flows.hearing.english import english
from app.calls.flows.hearing.hindi import hindi
from app.calls.flows.hearing.vocabulary import Vocabulary

MOST_LETTERS = 500
"""Of one turn. What comes after it is not heard."""
MOST_WORDS = 60
"""Of them values are looked for."""

_LANGUAGES = {
    "en": (english, english_numbers.english),
    "hi": (hindi, hindi_numbers.hindi),
}
UNDERSTOOD = tuple(_LANGUAGES)
_DEVANAGARI_DIGITS = str.maketrans("०१२३४५६७८९", "0123456789")
_ORDINAL = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)")


@dataclass(frozen=True, slots=True)
class _Language:
    words: Vocabulary
    lexicon: Lexicon
    numbers: frozenset[str]
    """Parts of numbers, where a hyphen joins them."""
    ordinals: Mapping[int, tuple[str, ...]]
    """Of the days of a month."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and the tokens it was said with."""

    value: str | int | float | bool
    first: int
    end: int


class Utterance:
    def __init__(self, text: str, tokens: tuple[Token, ...], language: str) -> None:
        self.text = text
        self.tokens = tokens
        self.words = _language(language).words
        self.phrase = Phrase(tokens, _language(language).lexicon)
        self._language = language

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def keys(self) -> list[str]:
        return self.phrase.keys

    def places(self, phrases: Collection[str]) -> Iterator[tuple[str, int, int]]:
        """Where phrases of a vocabulary were said, the longest at each place, side by side."""
        at = 0
        starts = {phrase.partition(" ")[0] for phrase in phrases}
        most = max((phrase.count(" ") + 1 for phrase in phrases), default=0)
        while at < len(self):
            is_start = self.keys[at] in starts
            found = self.phrase.longest(at, phrases, most) if is_start else None
            if found:
                yield found[0], at, found[1]
            at = found[1] if found else at + 1

    def has(self, phrases: Collection[str]) -> bool:
        return next(self.places(phrases), None) is not None

    def is_denied(self, first: int, end: int) -> bool:
        """Not Monday; सोमवार नहीं."""
        before = (" ".join(self.keys[max(0, first - count) : first]) for count in (1, 2))
        return (
            any(words in self.words.denials for words in before)
            or self.phrase.key(end) in self.words.denials_after
        )

    def without(self, first: int, end: int) -> "Utterance":
        """The same places, some of them taken: no capture finds anything there."""
        taken = tuple(replace(token, key="") for token in self.tokens[first:end])
        tokens = self.tokens[:first] + taken + self.tokens[end:]
        return Utterance(self.text, tokens, self._language)

    def correction_end(self) -> int:
        """Where what is meant begins: after the last "no, I mean". 0 where nothing is corrected."""
        return max((end for _, _, end in self.places(self.words.corrections)), default=0)


def heard(text: str, language: str) -> Utterance:
    known = _language(language)
    text = text[:MOST_LETTERS].strip()
    words = text.translate(_DEVANAGARI_DIGITS).split()[:MOST_WORDS]
    runs = cut([Word(word, 0, 0) for word in words], known.numbers, known.lexicon.scales)
    tokens = (token for run in runs for token in run if token.key)
    spelled = (part for token in tokens for part in _spelled_out(token, known))
    return Utterance(text, tuple(spelled), language)


def _spelled_out(token: Token, known: _Language) -> Iterator[Token]:
    """24th as it is said: the rules for days know ordinals as words."""
    match = _ORDINAL.fullmatch(token.key)
    spelled = known.ordinals.get(int(match[1])) if match else None
    first, *rest = spelled or (token.key,)
    yield replace(token, key=first, trail="" if rest else token.trail)
    for word in rest:
        yield Token(word, "", token.word, trail=token.trail)


@cache
def _language(language: str) -> _Language:
    """English serves the digits of languages that have no words here."""
    vocabulary, numbers = _LANGUAGES.get(language, _LANGUAGES["en"])
    lexicon = numbers()
    single = {value: word for word, value in lexicon.ordinals.items()}
    tens = {value: word for word, value in lexicon.tens.items()}
    return _Language(
        vocabulary(),
        lexicon,
        frozenset((*lexicon.below_hundred, *lexicon.tens, *lexicon.hundreds, *lexicon.ordinals)),
        {
            value: (single[value],)
            if value in single
            else (tens[value - value % 10], single[value % 10])
            for value in range(1, 32)
        },
    )
