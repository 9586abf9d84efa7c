"""When both sides have taken their leave. Pure."""

import re
from collections.abc import Iterator, Sequence

from app.realtime.conversation import Line
from app.realtime.words import Farewells, words_of

_LONGEST_WORDS = 7
"""A longer clause speaks of a goodbye: "he left without saying goodbye to anybody"."""
_LONGEST_LETTERS = 14
_LAST_SENTENCES = 2
_SENTENCE = re.compile(r"[^.!?।。！？…]+[.!?।。！？…]*")  # noqa: RUF001
_CLAUSE_END = re.compile(r"[,;:、，；：–—]")  # noqa: RUF001
_QUESTIONS = ("?", "？")  # noqa: RUF001


class ClosingPhrase:
    """Hangs up once the agent has answered a goodbye, or has said one of its own."""

    def __init__(self, farewells: Farewells) -> None:
        self._farewells = farewells

    def is_over(self, lines: Sequence[Line]) -> bool:
        """`lines`: all that was heard."""
        if not lines or lines[-1].role != "agent" or lines[-1].is_cut:
            return False
        answer = lines[-1].text
        if answer.rstrip().endswith(_QUESTIONS):
            return False
        goodbyes = self._farewells.goodbyes
        both = (*goodbyes, *self._farewells.wishes)
        asked = next((line.text for line in reversed(lines) if line.role == "user"), "")
        return self._ends_with(answer, goodbyes) or (
            self._ends_with(asked, both) and self._ends_with(answer, both)
        )

    def _ends_with(self, text: str, phrases: Sequence[str]) -> bool:
        """Whether one of its last sentences, and not one that asks, begins or ends so."""
        return any(
            self._is_said(clause, phrase) for clause in _last_clauses(text) for phrase in phrases
        )

    def _is_said(self, clause: str, phrase: str) -> bool:
        if not self._farewells.has_spaces:
            bare = "".join(words_of(clause))
            return len(bare) <= _LONGEST_LETTERS and bare.endswith(phrase)
        said, wanted = words_of(clause), phrase.split()
        at_an_end = wanted in (said[: len(wanted)], said[-len(wanted) :])
        return at_an_end and len(said) <= _LONGEST_WORDS


def _last_clauses(text: str) -> Iterator[str]:
    for sentence in _SENTENCE.findall(text)[-_LAST_SENTENCES:]:
        if not sentence.endswith(_QUESTIONS):
            yield from _CLAUSE_END.split(sentence)
