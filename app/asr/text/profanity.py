"""Masks profane words. Whole words only: no town loses its name for a part of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from app.asr.text.folding import bare, fold, key
from app.asr.text.words import Word

LISTS = Path(__file__).parent / "profane"
LANGUAGES = ("en", "hi")


@dataclass(frozen=True, slots=True)
class WordList:
    """`stems` are beginnings of words; `phrases` are words in a row."""

    words: frozenset[str]
    stems: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]

    def holds(self, word: str) -> bool:
        return word in self.words or word.startswith(self.stems)


@cache
def word_list(language: str) -> WordList:
    """English is in every list: speakers of all languages swear in it too."""
    main = language.partition("-")[0].lower()
    lines = [
        fold(line.strip())
        for name in dict.fromkeys(("en", main))
        if name in LANGUAGES
        for line in (LISTS / f"{name}.txt").read_text("utf-8").splitlines()
        if line.strip() and not line.startswith("#")
    ]
    return WordList(
        words=frozenset(line for line in lines if not line.endswith("*") and " " not in line),
        stems=tuple(line[:-1] for line in lines if line.endswith("*")),
        phrases=tuple(tuple(line.split()) for line in lines if " " in line),
    )


def mask_profanity(words: Sequence[Word], language: str) -> list[Word]:
    """The first letter stays; what was said before normalization is forgotten."""
    listed = word_list(language)
    keys = [key(word.text) for word in words]
    profane = [any(map(listed.holds, _parts(word))) for word in keys]
    for phrase in listed.phrases:
        for start in range(len(keys) - len(phrase) + 1):
            if tuple(keys[start : start + len(phrase)]) == phrase:
                profane[start : start + len(phrase)] = [True] * len(phrase)
    return [
        replace(word, text=_masked(word.text), spoken="") if is_profane else word
        for word, is_profane in zip(words, profane, strict=True)
    ]


def _parts(word: str) -> list[str]:
    return [word, *word.split("-")] if "-" in word else [word]


def _masked(text: str) -> str:
    lead, word, trail = bare(text)
    return f"{lead}{word[:1]}{'*' * (len(word) - 1)}{trail}"
