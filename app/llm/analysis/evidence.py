"""What a model cites is kept where it was really said. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

import msgspec

from app.llm.analysis.domain import Conversation, Utterance

_LONGEST_QUOTE = 500


class Cited(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A segment by its number and the words in it, letter by letter."""

    segment: int
    quote: str


class Evidence(msgspec.Struct, frozen=True):
    segment: int
    speaker: str | None
    start: float
    end: float
    quote: str


class Witness:
    """Knows the conversation, and counts what was cited and never said."""

    def __init__(self, conversation: Conversation) -> None:
        self._utterances: Mapping[int, Utterance] = {
            each.id: each for each in conversation.utterances
        }
        self.dropped = 0

    def confirm(self, cited: Iterable[Cited]) -> list[Evidence]:
        """What was said, each once."""
        found: dict[Cited, Evidence] = {}
        for each in cited:
            utterance = self._utterances.get(each.segment)
            if utterance and occurs(each.quote, utterance.text):
                found[each] = evidence_of(utterance, each.quote)
            else:
                self.dropped += 1
        return list(found.values())

    def said(self, segment: int, words: str) -> bool:
        utterance = self._utterances.get(segment)
        return utterance is not None and occurs(words, utterance.text)

    def who(self, segment: int) -> Utterance | None:
        return self._utterances.get(segment)


def evidence_of(utterance: Utterance, quote: str) -> Evidence:
    return Evidence(
        utterance.id,
        utterance.speaker or None,
        round(utterance.start_s, 3),
        round(utterance.end_s, 3),
        quote.strip()[:_LONGEST_QUOTE],
    )


def occurs(quote: str, text: str) -> bool:
    """Whatever the case, spaces and marks. Words are found as wholes, where spaces part them."""
    wanted, said = _plain(quote), _plain(text)
    if not wanted:
        return False
    if wanted.isascii():
        return f" {wanted} " in f" {said} "
    return wanted in said


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(" +", " ", "".join(map(_letter, folded))).strip()


def _letter(char: str) -> str:
    kind = unicodedata.category(char)
    if char in "'\u2019" or kind == "Cf":
        return ""
    return char if kind[0] in "LMN" else " "
