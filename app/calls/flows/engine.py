"""What happens next in a dialogue: a function of where it stands, what was heard and the time."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from app.calls.flows import graph, saying
from app.calls.flows.graph import Graph, Trouble, Value, Wordings
from app.calls.flows.hearing.answers import choice, intent
from app.calls.flows.hearing.captures import Filled, fill
from app.calls.flows.hearing.utterance import Utterance
from app.calls.flows.hearing.utterance import heard as utterance
from app.calls.flows.hearing.values import kept, keyed
from app.calls.flows.turns import (
    Ask,
    CallTool,
    Effect,
    EndCall,
    Heard,
    Keyed,
    Keys,
    Position,
    Said,
    Say,
    Step,
    ToolGave,
    Transfer,
)


def begin(flow: Graph, language: str = "") -> Step:
    spoken = language if language in flow.languages else flow.languages[0]
    return _go(flow, Position(flow.start, spoken), flow.start)


def step(flow: Graph, position: Position, heard: Heard, now: datetime) -> Step:
    """`now` is the time where the caller is: it says what tomorrow means."""
    state = flow.states[position.state]
    if position.is_over or isinstance(heard, ToolGave) != (state.calls is not None):
        return Step(position, ())
    position = replace(position, turn=position.turn + 1)
    match heard:
        case ToolGave():
            return _tool_gave(flow, position, heard.value)
        case Keyed() if heard.keys:
            return _keyed(flow, position, heard.keys, now)
        case Said() if heard.text.strip():
            language = heard.language if heard.language in flow.languages else position.language
            return _said(flow, replace(position, language=language), heard.text, now)
        case _:
            return _silent(flow, position)


def _said(flow: Graph, position: Position, text: str, now: datetime) -> Step:
    asked = flow.states[position.state].asks
    words = utterance(text, position.language)
    meant = _intent(flow, words, is_strict=True)
    if meant and not _is_named(flow, asked, words):
        return _intended(flow, position, meant)
    filled = fill(flow, asked, position.slots, words, now)
    if filled.values:
        return _filled(flow, position, filled)
    meant = _intent(flow, words, is_strict=False)
    return _intended(flow, position, meant) if meant else _unclear(flow, position)


def _keyed(flow: Graph, position: Position, keys: str, now: datetime) -> Step:
    """Where keys mean nothing they are digits that were said."""
    asked = flow.states[position.state].asks
    value = keyed(flow.slots[asked].capture, keys)
    if value is None:
        words = utterance(keys, position.language)
        filled = fill(flow, asked, position.slots, words, now)
        return _filled(flow, position, filled) if filled.is_answer else _unclear(flow, position)
    return _filled(flow, position, Filled({asked: value}, is_answer=True))


def _filled(flow: Graph, position: Position, filled: Filled) -> Step:
    """What was read back is read back again once it was corrected, whatever else was said."""
    asked = flow.states[position.state].asks
    before = position.slots
    values = dict(filled.values)
    changed = {name for name in values if name != asked and values[name] != before.get(name)}
    is_read_back = isinstance(flow.slots[asked].capture, graph.YesNo)
    is_answer = filled.is_answer and not (is_read_back and changed & before.keys())
    if not is_answer:
        values.pop(asked, None)
    position = replace(position, slots={**before, **values}, unclear=0, silent=0)
    told = [name for name in values if name in changed or not is_answer]
    effects = tuple(
        effect for name in told for effect in _say(flow, position, flow.slots[name].heard)
    )
    return _on(flow, position, effects) if is_answer else _again(flow, position, effects)


def _intended(flow: Graph, position: Position, name: str) -> Step:
    meant = flow.intents[name]
    position = replace(
        position,
        language=meant.language or position.language,
        slots={} if meant.forgets else position.slots,
    )
    effects = _say(flow, position, meant.say)
    if meant.to:
        position = replace(position, unclear=0, silent=0)
        return _go(flow, position, meant.to, effects)
    return _again(flow, position, effects)


def _unclear(flow: Graph, position: Position) -> Step:
    position = replace(position, unclear=position.unclear + 1, silent=0)
    return _trouble(flow, position, flow.unclear, position.unclear)


def _silent(flow: Graph, position: Position) -> Step:
    position = replace(position, silent=position.silent + 1)
    return _trouble(flow, position, flow.silent, position.silent)


def _trouble(flow: Graph, position: Position, trouble: Trouble, times: int) -> Step:
    if times >= trouble.most:
        return _go(flow, replace(position, unclear=0, silent=0), trouble.to)
    return _again(flow, position, _say(flow, position, trouble.say))


def _tool_gave(flow: Graph, position: Position, value: Value | None) -> Step:
    call = flow.states[position.state].calls
    if call and call.into:
        fitting = None if value is None else kept(flow.slots[call.into].capture, value)
        position = replace(position, slots=_set(position.slots, {call.into: fitting}))
    return _on(flow, position, ())


def _go(flow: Graph, position: Position, to: str, before: tuple[Effect, ...] = ()) -> Step:
    """On to a state; through those that wait for nothing, whose chains are known to end."""
    state = flow.states[to]
    position = replace(position, state=to, slots=_set(position.slots, state.sets))
    if state.asks and (state.asks_anew or state.asks not in position.slots):
        return _ask(flow, position, before, state.say)
    if state.asks:
        return _on(flow, position, before)
    effects = (*before, *_say(flow, position, state.say))
    if state.calls:
        return Step(position, (*effects, _call(position, state.calls)))
    if state.transfers or state.ends:
        last = Transfer(state.transfers) if state.transfers else EndCall(state.ends)
        return Step(replace(position, is_over=True), (*effects, last))
    return _on(flow, position, effects)


def _on(flow: Graph, position: Position, before: tuple[Effect, ...]) -> Step:
    ways = flow.states[position.state].next
    to = next(
        way.to for way in ways if all(_holds(condition, position.slots) for condition in way.when)
    )
    return _go(flow, position, to, before)


def _again(flow: Graph, position: Position, before: tuple[Effect, ...]) -> Step:
    """The question once more; in other words where it was not understood."""
    state = flow.states[position.state]
    times = position.unclear + position.silent
    reprompts = state.reprompts.get(position.language, ())
    if times and reprompts:
        wording = reprompts[min(times, len(reprompts)) - 1]
        return _ask(flow, position, before, {position.language: (wording,)})
    return _ask(flow, position, before, state.say)


def _ask(flow: Graph, position: Position, before: tuple[Effect, ...], wordings: Wordings) -> Step:
    asked = flow.states[position.state].asks
    text = saying.said(flow, wordings, position.language, position.turn, position.slots)
    slots = _set(position.slots, {asked: None})
    ask = Ask(text, position.language, asked, _keys(flow.slots[asked].capture))
    return Step(replace(position, slots=slots), (*before, ask))


def _say(flow: Graph, position: Position, wordings: Wordings) -> tuple[Effect, ...]:
    text = saying.said(flow, wordings, position.language, position.turn, position.slots)
    return (Say(text, position.language),) if text else ()


def _call(position: Position, call: graph.Call) -> CallTool:
    """Tools are given values as they are kept: of a slot alone, a number stays a number."""
    slots = position.slots

    def argument(template: str) -> Value:
        alone = saying.SLOT_NAMED.fullmatch(template)
        if alone:
            return slots[alone[1]]
        return saying.SLOT_NAMED.sub(lambda named: str(slots[named[1]]), template)

    return CallTool(call.tool, {name: argument(text) for name, text in call.arguments.items()})


def _keys(capture: graph.Capture) -> Keys | None:
    match capture:
        case graph.Choice() if any(option.key for option in capture.options.values()):
            return Keys(1)
        case graph.YesNo():
            return Keys(1)
        case graph.Digits():
            return Keys(capture.most, capture.terminator)
        case graph.Phone():
            return Keys(capture.most, "#")
        case graph.Number():
            return Keys(len(str(int(capture.most))), "#")
        case _:
            return None


def _intent(flow: Graph, words: Utterance, *, is_strict: bool) -> str:
    """Where nothing else was understood, the question is repeated anyway: only ways out count."""
    phrases = {name: meant.phrases for name, meant in flow.intents.items() if is_strict or meant.to}
    return intent(words, phrases, is_strict=is_strict)


def _is_named(flow: Graph, asked: str, words: Utterance) -> bool:
    """A choice that was asked for may be called as an intent is: cancel."""
    capture = flow.slots[asked].capture
    return isinstance(capture, graph.Choice) and bool(choice(capture, words, is_asked=True))


def _holds(condition: graph.Condition, slots: Mapping[str, Value]) -> bool:
    value = slots.get(condition.slot)
    if condition.is_filled is not None and condition.is_filled != (value is not None):
        return False
    if condition.one_of and value not in condition.one_of:
        return False
    return _is_within(value, condition)


def _is_within(value: Value | None, condition: graph.Condition) -> bool:
    if condition.least is None and condition.most is None:
        return True
    if isinstance(value, str):
        least, most = condition.least or "", condition.most or value
        return isinstance(least, str) and isinstance(most, str) and least <= value <= most
    if value is None:
        return False
    least = -float("inf") if condition.least is None else condition.least
    most = float("inf") if condition.most is None else condition.most
    return not isinstance(least, str) and not isinstance(most, str) and least <= value <= most


def _set(slots: Mapping[str, Value], sets: Mapping[str, Value | None]) -> dict[str, Value]:
    return {name: value for name, value in {**slots, **sets}.items() if value is not None}
