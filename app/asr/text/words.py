"""Words with their times: what every step on text takes and returns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """`spoken` is what was said, where `text` was rewritten ("twenty three" for "23")."""

    text: str
    start_s: float
    end_s: float
    confidence: float = 1.0
    spoken: str = ""

    @property
    def raw(self) -> str:
        return self.spoken or self.text


def text_of(words: Iterable[Word]) -> str:
    return " ".join(word.text for word in words)


def merge(words: Sequence[Word], text: str) -> Word:
    """One word in place of several; as sure as the least sure of them."""
    spoken = " ".join(word.raw for word in words)
    return Word(
        text=text,
        start_s=words[0].start_s,
        end_s=words[-1].end_s,
        confidence=min(word.confidence for word in words),
        spoken="" if spoken == text else spoken,
    )
