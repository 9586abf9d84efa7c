"""What is wrong with the ways through a graph whose parts are right: dead ends, loops, gaps."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from app.calls.flows import graph
from app.calls.flows.graph import Call, Graph, State
from app.calls.flows.problems import Problem, texts
from app.calls.flows.saying import SLOT_NAMED

_NONE: frozenset[str] = frozenset()


def path_problems(flow: Graph) -> Iterator[Problem]:
    yield from _unreachable(flow)
    yield from _loops(flow)
    yield from _asked_of_nobody(flow)
    yield from _empty_slots(flow)


def _unreachable(flow: Graph) -> Iterator[Problem]:
    is_asking = any(state.asks for state in flow.states.values())
    starts = [flow.start, *(_aside(flow) if is_asking else ())]
    for name in flow.states.keys() - _reached(flow, starts):
        yield Problem(f"states.{name}", "no way leads to this state")


def _loops(flow: Graph) -> Iterator[Problem]:
    """Round and round without a question: what is filled is not asked for again."""
    passed = {name for name, state in flow.states.items() if not (state.asks and state.asks_anew)}
    for name in passed:
        following = [way.to for way in flow.states[name].next if way.to in passed]
        if name in _reached(flow, following, within=passed):
            yield Problem(f"states.{name}.next", "a loop in which no state asks anew may never end")


def _asked_of_nobody(flow: Graph) -> Iterator[Problem]:
    """A line on which nobody speaks has to be left some day."""
    if any(flow.states[name].asks for name in _reached(flow, [flow.silent.to])):
        yield Problem("silent.to", "leads to a question, and nobody is there to answer it")


def _empty_slots(flow: Graph) -> Iterator[Problem]:
    known = _known(flow)
    for name, state in flow.states.items():
        path = f"states.{name}"
        after = known[name] - {state.asks} - _emptied(state) | _set(state)
        spoken = [*texts(f"{path}.say", state.say), *texts(f"{path}.reprompts", state.reprompts)]
        arguments = state.calls.arguments if state.calls else {}
        spoken += [(f"{path}.calls.arguments.{key}", text) for key, text in arguments.items()]
        yield from _used(spoken, after)
    for name, intent in flow.intents.items():
        yield from _used(texts(f"intents.{name}.say", intent.say), _NONE)
    for name, trouble in (("unclear", flow.unclear), ("silent", flow.silent)):
        yield from _used(texts(f"{name}.say", trouble.say), _NONE)


def _used(spoken: Iterable[tuple[str, str]], known: Collection[str]) -> Iterator[Problem]:
    for path, text in spoken:
        for slot in SLOT_NAMED.findall(text):
            if slot not in known:
                yield Problem(path, f"{slot!r} may still be empty here")


def _known(flow: Graph) -> Mapping[str, frozenset[str]]:
    """The slots that are filled whichever way a state was come to: less and less until it holds."""
    everything = frozenset(flow.slots)
    known = dict.fromkeys(flow.states, everything) | dict.fromkeys(
        (flow.start, *_aside(flow)), _NONE
    )
    changed = True
    while changed:
        changed = False
        for name, state in flow.states.items():
            for way in state.next:
                ahead = known[way.to] & _after(known[name], state, way)
                changed = changed or ahead != known[way.to]
                known[way.to] = ahead
    return known


def _after(before: frozenset[str], state: State, way: graph.Way) -> frozenset[str]:
    told = {condition.slot for condition in way.when if _tells(condition)}
    asked = {state.asks} - {""}
    into = _into(state.calls)
    return (before - _emptied(state) - into | _set(state) | asked) | told


def _tells(condition: graph.Condition) -> bool:
    """That the slot is filled."""
    is_compared = condition.least is not None or condition.most is not None
    return bool(condition.is_filled) or bool(condition.one_of) or is_compared


def _emptied(state: State) -> frozenset[str]:
    return frozenset(slot for slot, value in state.sets.items() if value is None)


def _set(state: State) -> frozenset[str]:
    return frozenset(slot for slot, value in state.sets.items() if value is not None)


def _into(call: Call | None) -> frozenset[str]:
    return frozenset({call.into} - {""}) if call else _NONE


def _aside(flow: Graph) -> list[str]:
    """States that callers come to from any question."""
    meant = (intent.to for intent in flow.intents.values() if intent.to)
    return [*meant, flow.unclear.to, flow.silent.to]


def _reached(flow: Graph, starts: Iterable[str], within: Collection[str] | None = None) -> set[str]:
    reached: set[str] = set()
    ahead = list(starts)
    while ahead:
        name = ahead.pop()
        if name not in reached and (within is None or name in within):
            reached.add(name)
            ahead += [way.to for way in flow.states[name].next]
    return reached
