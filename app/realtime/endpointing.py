"""How much silence says that somebody has finished. Pure; each strategy is one method."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.realtime.words import SmallWords, words_of

_OPEN = re.compile(
    r"\b(?:why|how(?! (?:many|much|old|long|far|often|soon)\b)|tell (?:me|us)|describe|explain"
    r"|what (?:happened|brings|seems|can|could|would|do|did|should)|what's (?:wrong|the matter)"
    r"|por qué|cómo|cuénteme|pourquoi|comment|warum|wie|perché|come)\b"
    r"|क्यों|कैसे|बताइए|बताएं"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known when silence begins. `asked`: what the agent said last. `over`: how likely the
    sound alone makes it that the turn is over."""

    text: str
    words: SmallWords
    asked: str = ""
    over: float | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """Silence in seconds: after a sentence that is closed, usually, and where more is expected."""

    short_s: float = 0.35
    usual_s: float = 0.6
    long_s: float = 1.5

    def __post_init__(self) -> None:
        if not 0 < self.short_s <= self.usual_s <= self.long_s:
            raise ValueError("0 < short_s <= usual_s <= long_s must hold")


class Strategy(Protocol):
    def wait_s(self, evidence: Evidence, patience: Patience) -> float | None:
        """None where it has nothing to say."""
        ...


class UnfinishedPhrase:
    """Waits for the rest of "I would like to"."""

    def wait_s(self, evidence: Evidence, patience: Patience) -> float | None:
        return patience.long_s if evidence.words.is_unfinished(evidence.text) else None


class UnfinishedSound:
    """Waits where the voice did not fall, however closed the words look."""

    def __init__(self, at_most: float = 0.1) -> None:
        self._at_most = at_most

    def wait_s(self, evidence: Evidence, patience: Patience) -> float | None:
        if evidence.over is None or evidence.over > self._at_most:
            return None
        return patience.long_s


class OpenQuestion:
    """Who is asked to tell something pauses to think. A short answer is not yet all of it."""

    _FEW_WORDS = 5

    def wait_s(self, evidence: Evidence, patience: Patience) -> float | None:
        if not is_open_question(evidence.asked):
            return None
        if len(words_of(evidence.text)) > self._FEW_WORDS:
            return None
        return (patience.usual_s + patience.long_s) / 2


class ClosedAnswer:
    """A closed sentence, or a plain yes where a plain question was asked, is soon answered."""

    def wait_s(self, evidence: Evidence, patience: Patience) -> float | None:
        is_plain = evidence.words.is_listening(evidence.text) and evidence.asked.rstrip().endswith(
            "?"
        )
        is_over = is_plain or evidence.words.is_closed(evidence.text)
        return patience.short_s if is_over else None


SMART: Sequence[Strategy] = (UnfinishedPhrase(), UnfinishedSound(), OpenQuestion(), ClosedAnswer())
"""The first that has something to say is heard."""


def silence_needed_s(
    evidence: Evidence, patience: Patience, strategies: Sequence[Strategy] = SMART
) -> float:
    for strategy in strategies:
        wait_s = strategy.wait_s(evidence, patience)
        if wait_s is not None:
            return wait_s
    return patience.usual_s


def is_open_question(asked: str) -> bool:
    """Whether its last sentence asks for more than a yes, a name or a number."""
    last = re.split(r"[.!।]\s", asked.strip().casefold())[-1]
    return last.endswith(("?", "।")) and bool(_OPEN.search(last))
