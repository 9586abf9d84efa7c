"""Answers that are known beforehand: yes or no, one of several, the intents of every graph."""

from collections.abc import Mapping

from app.calls.flows.graph import Choice, Wordings
from app.calls.flows.hearing.utterance import Found, Utterance
from app.calls.flows.hearing.vocabulary import phrase_key


def yes_or_no(said: Utterance) -> Found | None:
    """Whoever says both means no: yes, no, wait."""
    words = said.words
    meanings = dict.fromkeys(words.yes, True) | dict.fromkeys(words.no, False)
    verdicts = [
        meanings[phrase]
        for phrase, _, _ in said.places(words.unsure | meanings.keys())
        if phrase in meanings
    ]
    if not verdicts or said.has(words.unsure):
        return None
    return Found(all(verdicts), 0, len(said))


def choice(capture: Choice, said: Utterance, *, is_asked: bool) -> Found | None:
    """The first that was not denied; its key too may be said, where it was asked for."""
    names = {
        phrase_key(phrase): name
        for name, option in capture.options.items()
        for phrases in option.words.values()
        for phrase in phrases
    }
    for phrase, first, end in said.places(names):
        if not said.is_denied(first, end):
            return Found(names[phrase], first, end)
    number = said.phrase.numbers.read(0) if is_asked else None
    by_number = capture.named_by(str(number.value)) if number and number.end == len(said) else None
    return Found(by_number, 0, len(said)) if by_number else None


def intent(said: Utterance, own: Mapping[str, Wordings], *, is_strict: bool) -> str:
    """Strictly, a single word counts only where nothing else of weight was said."""
    phrases = _phrases(said, own)
    for phrase, first, end in said.places(phrases):
        if said.is_denied(first, end):
            continue
        rest = said.keys[:first] + said.keys[end:]
        is_alone = all(key in said.words.fillers for key in rest)
        if is_alone or not is_strict or end - first > 1:
            return phrases[phrase]
    return ""


def _phrases(said: Utterance, own: Mapping[str, Wordings]) -> dict[str, str]:
    return {
        phrase: name
        for name, wordings in own.items()
        for phrase in (
            *said.words.intents.get(name, ()),
            *(phrase_key(text) for texts in wordings.values() for text in texts),
        )
    }
