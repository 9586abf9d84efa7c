"""The words of one language that the captures know. Keys are folded."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.asr.text.folding import fold, key


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Phrases of several words stand in the same sets as words."""

    yes: frozenset[str]
    no: frozenset[str]
    unsure: frozenset[str]
    """Sounds like one of these but is neither: not sure."""
    corrections: frozenset[str]
    """What comes next is put in the place of something said before."""
    denials: frozenset[str]
    """Before what is not meant."""
    denials_after: frozenset[str]
    fillers: frozenset[str]
    names: frozenset[str]
    """My name is."""
    names_if_asked: frozenset[str]
    """I am: a name or anything else."""
    no_names: frozenset[str]
    """Words that end a name, and that none begins with."""
    days: Mapping[str, int]
    """From today."""
    weekdays: Mapping[str, int]
    next: frozenset[str]
    spans: Mapping[str, int]
    """Days and weeks, in days."""
    before_span: frozenset[str]
    after_span: frozenset[str]
    half_days: Mapping[str, str]
    """Words for the am, the pm or the night."""
    at: frozenset[str]
    clocks: Mapping[str, str]
    """Noon, midnight."""
    intents: Mapping[str, frozenset[str]]


def phrase_key(text: str) -> str:
    """A phrase as it is looked for: without punctuation, in lower case."""
    return " ".join(map(key, text.split()))


def phrases(text: str) -> frozenset[str]:
    """Divided by commas."""
    return frozenset(fold(phrase.strip()) for phrase in text.split(",") if phrase.strip())


def numbered(text: str, first: int = 0) -> dict[str, int]:
    """Spellings of one thing are divided by slashes, things by commas."""
    return {
        fold(spelling.strip()): value
        for value, spellings in enumerate(text.split(","), start=first)
        for spelling in spellings.split("/")
    }


def meaning(text: str, value: str) -> dict[str, str]:
    return dict.fromkeys(phrases(text), value)
