"""Which slots are filled by what a caller said or keyed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.calls.flows import graph
from app.calls.flows.graph import Capture, Graph, Value
from app.calls.flows.hearing.answers import choice, yes_or_no
from app.calls.flows.hearing.days import day
from app.calls.flows.hearing.digits import digits, fits, number
from app.calls.flows.hearing.hours import hour
from app.calls.flows.hearing.names import name
from app.calls.flows.hearing.utterance import Found, Utterance

_ANY_WORDS = (graph.Name, graph.Text, graph.YesNo)
"""What takes in nearly anything: looked for in the words that others leave."""


@dataclass(frozen=True, slots=True)
class Filled:
    """`is_answer`: what was asked for is among the values."""

    values: Mapping[str, Value]
    is_answer: bool


def fill(
    flow: Graph, asked: str, known: Mapping[str, Value], said: Utterance, now: datetime
) -> Filled:
    """The slot that was asked for, and those that callers fill unasked.

    An answer changes nothing else that is known, unless it corrects or is a yes or no. Whoever
    says "Monday, no, Tuesday" means Tuesday.
    """
    capture = flow.slots[asked].capture
    unasked = [slot for slot, told in flow.slots.items() if told.is_volunteered and slot != asked]
    order = [*unasked, asked] if isinstance(capture, _ANY_WORDS) else [asked, *unasked]
    meant_from = said.correction_end()
    may_change = isinstance(capture, graph.YesNo) or meant_from > 0
    values: dict[str, Value] = {}
    for slot in order:
        told, is_asked = flow.slots[slot].capture, slot == asked
        last = said if isinstance(told, _ANY_WORDS) else said.without(0, meant_from)
        found = _find(told, last, now, is_asked=is_asked)
        if found is None and meant_from:
            found = _find(told, said, now, is_asked=is_asked)
        is_kept = asked in values and slot in known and not may_change
        if found and not is_kept:
            said = said.without(found.first, found.end)
            values[slot] = found.value
    return Filled(values, asked in values)


def _find(capture: Capture, said: Utterance, now: datetime, *, is_asked: bool) -> Found | None:
    match capture:
        case graph.Choice():
            return choice(capture, said, is_asked=is_asked)
        case graph.Pattern():
            return fits(capture, said)
        case graph.Number():
            return number(capture, said)
        case graph.Digits() | graph.Phone():
            return digits(said, capture.least, capture.most)
        case graph.Date():
            return day(capture, said, now.date())
        case graph.Time():
            return hour(said, is_asked=is_asked)
        case graph.Name():
            return name(said, is_asked=is_asked)
        case graph.Text():
            return Found(said.text, 0, len(said)) if said.text else None
        case graph.YesNo():
            return yes_or_no(said)
