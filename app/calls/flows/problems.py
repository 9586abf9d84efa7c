"""What is wrong with a graph part by part: names that name nothing, words that are missing."""

from collections.abc import Iterator

import msgspec

from app.calls.flows import graph
from app.calls.flows.graph import Capture, Choice, Graph, State, Value, Wordings
from app.calls.flows.hearing.digits import validator
from app.calls.flows.hearing.english import english
from app.calls.flows.hearing.utterance import UNDERSTOOD
from app.calls.flows.hearing.values import kept
from app.calls.flows.hearing.vocabulary import phrase_key
from app.calls.flows.saying import SLOT_NAMED

_IN_WORDS = (graph.Number, graph.Date, graph.Time, graph.Name, graph.YesNo)
"""The words of a language have to be known for these."""
_VOLUNTEERED = (graph.Choice, graph.Pattern, graph.Phone, graph.Date, graph.Time, graph.Name)


class Problem(msgspec.Struct, frozen=True):
    """`path` names the field: `states.confirm.next[0].to`."""

    path: str
    problem: str


def problems(flow: Graph) -> Iterator[Problem]:
    if len(set(flow.languages)) < len(flow.languages):
        yield Problem("languages", "the same language twice")
    yield from _state_named(flow, "start", flow.start)
    for name, slot in flow.slots.items():
        yield from _slot(flow, f"slots.{name}", name, slot)
    for name, state in flow.states.items():
        yield from _state(flow, f"states.{name}", state)
    for name, intent in flow.intents.items():
        yield from _intent(flow, f"intents.{name}", name, intent)
    for name, trouble in (("unclear", flow.unclear), ("silent", flow.silent)):
        yield from _state_named(flow, f"{name}.to", trouble.to)
        yield from _wordings(flow, f"{name}.say", trouble.say)


def texts(path: str, wordings: Wordings) -> Iterator[tuple[str, str]]:
    for language, choices in wordings.items():
        for index, text in enumerate(choices):
            yield f"{path}.{language}[{index}]", text


def _slot(flow: Graph, path: str, name: str, slot: graph.Slot) -> Iterator[Problem]:
    yield from _wordings(flow, f"{path}.heard", slot.heard)
    for where, text in texts(f"{path}.heard", slot.heard):
        if set(SLOT_NAMED.findall(text)) - {name}:
            yield Problem(where, "it may use this slot alone: others may be empty")
    if slot.is_volunteered and not isinstance(slot.capture, _VOLUNTEERED):
        kind = type(slot.capture).__name__.lower()
        yield Problem(
            f"{path}.is_volunteered", f"a {kind} is only known for one where it is asked for"
        )
    for language in set(flow.languages) - set(UNDERSTOOD):
        if isinstance(slot.capture, _IN_WORDS):
            kind = type(slot.capture).__name__.lower()
            yield Problem(f"{path}.capture", f"no {kind} is understood in {language!r}")
    yield from _capture(flow, f"{path}.capture", slot.capture)


def _capture(flow: Graph, path: str, capture: Capture) -> Iterator[Problem]:
    match capture:
        case graph.Choice():
            yield from _choice(flow, path, capture)
        case graph.Pattern():
            try:
                validator(capture.expression)
            except ValueError:
                yield Problem(f"{path}.expression", "no expression, or one that might run for long")
        case graph.Number() | graph.Digits() | graph.Phone() if capture.least > capture.most:
            yield Problem(f"{path}.least", f"more than the most: {capture.most:g}")
        case _:
            return


def _choice(flow: Graph, path: str, capture: Choice) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for name, option in capture.options.items():
        where = f"{path}.options.{name}"
        yield from _wordings(flow, f"{where}.words", option.words, is_needed=True)
        for place, text in texts(f"{where}.words", option.words):
            owner = owners.setdefault(phrase_key(text), name)
            if owner != name:
                yield Problem(place, f"means {owner} already")
        if option.key and capture.named_by(option.key) != name:
            yield Problem(f"{where}.key", f"means {capture.named_by(option.key)} already")


def _state(flow: Graph, path: str, state: State) -> Iterator[Problem]:
    lasts = [name for name in ("asks", "calls", "transfers", "ends") if getattr(state, name)]
    if len(lasts) > 1:
        yield Problem(f"{path}.{lasts[1]}", f"a state that {lasts[0]} cannot do this too")
    if state.asks:
        yield from _slot_named(flow, f"{path}.asks", state.asks)
    for name in ("asks_anew", "reprompts"):
        if getattr(state, name) and not state.asks:
            yield Problem(f"{path}.{name}", "this state asks nothing")
    yield from _wordings(flow, f"{path}.say", state.say, is_needed=bool(state.asks))
    yield from _wordings(flow, f"{path}.reprompts", state.reprompts)
    for slot, value in state.sets.items():
        yield from _slot_named(flow, f"{path}.sets.{slot}", slot)
        yield from _fits(flow, f"{path}.sets.{slot}", slot, value)
    if state.calls:
        for name, text in state.calls.arguments.items():
            yield from _template(flow, f"{path}.calls.arguments.{name}", text)
        if state.calls.into:
            yield from _slot_named(flow, f"{path}.calls.into", state.calls.into)
    yield from _ways(flow, f"{path}.next", state)


def _ways(flow: Graph, path: str, state: State) -> Iterator[Problem]:
    is_last = bool(state.transfers or state.ends)
    if is_last and state.next:
        yield Problem(path, "nothing comes after the end")
    if not is_last and not state.next:
        yield Problem(path, "no way out of this state")
    for index, way in enumerate(state.next):
        where = f"{path}[{index}]"
        yield from _state_named(flow, f"{where}.to", way.to)
        is_only_way = index == len(state.next) - 1
        if way.when and is_only_way:
            yield Problem(f"{where}.when", "the last way must be open: there is no other")
        if not way.when and not is_only_way:
            yield Problem(f"{where}.when", "without a condition the ways after it are never taken")
        for number, condition in enumerate(way.when):
            yield from _condition(flow, f"{where}.when[{number}]", condition)


def _condition(flow: Graph, path: str, condition: graph.Condition) -> Iterator[Problem]:
    yield from _slot_named(flow, f"{path}.slot", condition.slot)
    bounds = {"least": condition.least, "most": condition.most}
    if condition.is_filled is None and not condition.one_of and set(bounds.values()) == {None}:
        yield Problem(path, "says nothing of the slot")
    for index, value in enumerate(condition.one_of):
        yield from _fits(flow, f"{path}.one_of[{index}]", condition.slot, value)
    for name, value in bounds.items():
        yield from _fits(flow, f"{path}.{name}", condition.slot, value)


def _fits(flow: Graph, path: str, name: str, value: Value | None) -> Iterator[Problem]:
    """As it would be kept, so that it compares with what callers say."""
    slot = flow.slots.get(name)
    if slot and value is not None and kept(slot.capture, value) != value:
        yield Problem(path, f"{value!r} is no value of {name!r}")


def _intent(flow: Graph, path: str, name: str, intent: graph.Intent) -> Iterator[Problem]:
    is_known = name in english().intents and set(flow.languages) <= set(UNDERSTOOD)
    if not is_known:
        yield from _wordings(flow, f"{path}.phrases", intent.phrases, is_needed=True)
    yield from _wordings(flow, f"{path}.say", intent.say)
    if intent.to:
        yield from _state_named(flow, f"{path}.to", intent.to)
    if intent.forgets and not intent.to:
        yield Problem(f"{path}.to", "whoever forgets everything has to say where to go on")
    if intent.language and intent.language not in flow.languages:
        yield Problem(f"{path}.language", "not among the languages of the graph")


def _wordings(
    flow: Graph, path: str, wordings: Wordings, *, is_needed: bool = False
) -> Iterator[Problem]:
    for language in flow.languages:
        if (wordings or is_needed) and not wordings.get(language):
            yield Problem(f"{path}.{language}", "there are no words for this language")
    for language in wordings.keys() - set(flow.languages):
        yield Problem(f"{path}.{language}", "not among the languages of the graph")
    for where, text in texts(path, wordings):
        yield from _template(flow, where, text)


def _template(flow: Graph, path: str, text: str) -> Iterator[Problem]:
    if set("{}") & set(SLOT_NAMED.sub("", text)):
        yield Problem(path, "a brace without its other half")
    for slot in SLOT_NAMED.findall(text):
        yield from _slot_named(flow, path, slot)


def _state_named(flow: Graph, path: str, name: str) -> Iterator[Problem]:
    if name not in flow.states:
        yield Problem(path, f"there is no state {name!r}")


def _slot_named(flow: Graph, path: str, name: str) -> Iterator[Problem]:
    if name not in flow.slots:
        yield Problem(path, f"there is no slot {name!r}")
