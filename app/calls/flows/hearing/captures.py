"""Which slots are filled by what a caller said or keyed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.calls.flows import graph
from app.calls.flows.graph import Capture, Graph, Value
from app.calls.flows.hearing.answers import by_key, choice, yes_or_no
from app.calls.flows.hearing.days import day
from app.calls.flows.hearing.digits import digits, fits, number
from app.calls.flows.hearing.hours import hour
from app.calls.flows.hearing.names import name
from app.calls.flows.hearing.utterance import Found, Utterance

ANY_WORDS = (graph.Name, graph.Text, graph.YesNo)
"""What takes in nearly anything is looked for in the words that others leave."""


@dataclass(frozen=True, slots=True)
class Filled:
    """`is_answer`: what was asked for is among the values."""

    values: Mapping[str, Value]
    is_answer: bool


def fill(
    flow: Graph, asked: str, known: Mapping[str, Value], said: Utterance, now: datetime
) -> Filled:
    """The slot that was asked for, and those that callers fill unasked.

    What is known already changes only where they correct themselves or were asked for a yes or no.
    """
    capture = flow.slots[asked].capture
    may_change = said.has(said.words.corrections) or isinstance(capture, graph.YesNo)
    unasked = [
        name
        for name, slot in flow.slots.items()
        if name != asked and slot.is_volunteered and (may_change or name not in known)
    ]
    order = sorted([asked, *unasked], key=lambda name: _takes_any(flow, name))
    values: dict[str, Value] = {}
    for slot in order:
        found = _find_corrected(flow.slots[slot].capture, said, now, is_asked=slot == asked)
        if found:
            said = said.without(found.first, found.end)
            values[slot] = found.value
    return Filled(values, asked in values)


def keyed(capture: Capture, keys: str) -> Value | None:
    """What the keys of a telephone say; None where they say nothing here."""
    match capture:
        case graph.Choice():
            found = by_key(capture, keys)
            return found.value if found else None
        case graph.YesNo():
            return {"1": True, "2": False}.get(keys)
        case graph.Digits():
            keys = keys.removesuffix(capture.terminator)
            return keys if keys.isdecimal() and capture.least <= len(keys) <= capture.most else None
        case graph.Phone():
            keys = keys.rstrip("#*")
            return keys if keys.isdecimal() and capture.least <= len(keys) <= capture.most else None
        case graph.Number():
            keys = keys.rstrip("#*")
            is_number = keys.isdecimal() and capture.least <= int(keys) <= capture.most
            return int(keys) if is_number else None
        case _:
            return None


def _takes_any(flow: Graph, slot: str) -> bool:
    return isinstance(flow.slots[slot].capture, ANY_WORDS)


def _find_corrected(
    capture: Capture, said: Utterance, now: datetime, *, is_asked: bool
) -> Found | None:
    """Whoever says "Monday, no, Tuesday" means Tuesday."""
    last = said if isinstance(capture, ANY_WORDS) else said.after_correction()
    found = _find(capture, last, now, is_asked=is_asked)
    return found or (_find(capture, said, now, is_asked=is_asked) if last is not said else None)


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
