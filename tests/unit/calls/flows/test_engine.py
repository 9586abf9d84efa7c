"""What holds of any conversation, whatever callers say and whatever graph is played."""

import copy
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.calls.flows.documents import GraphInvalid, appointment, graph_of
from app.calls.flows.engine import begin, step
from app.calls.flows.graph import Graph
from app.calls.flows.turns import (
    Ask,
    CallTool,
    EndCall,
    Heard,
    Keyed,
    Keys,
    Position,
    Said,
    Say,
    Silent,
    Step,
    ToolGave,
    Transfer,
)
from tests.unit.calls.flows.transcripts import HERE, WEDNESDAY, conversations, helpdesk

WORDS = sorted(
    {
        word
        for conversation in conversations((HERE / "conversations.txt").read_text("utf-8"))
        for line in conversation.heard
        for word in line.split()
    }
)
HELPDESK = msgspec.json.decode((HERE / "helpdesk.json").read_bytes())

sentences = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
heard = st.one_of(
    st.builds(Said, sentences | st.text(max_size=80), st.sampled_from(["", "en", "hi", "xx"])),
    st.builds(Keyed, st.text("0123456789*#", max_size=50)),
    st.just(Silent()),
    st.builds(ToolGave, st.none() | st.text(max_size=9) | st.integers() | st.booleans()),
)
graphs = st.sampled_from([appointment(), helpdesk()])


def answered(flow: Graph, taken: Step) -> None:
    """Something is waited for, or the call is over: just once, and last."""
    *before, last = taken.effects
    assert all(isinstance(effect, Say) for effect in before)
    assert taken.position.is_over == isinstance(last, EndCall | Transfer)
    if not taken.position.is_over:
        assert isinstance(last, Ask | CallTool)
    assert "{" not in "".join(getattr(effect, "text", "") for effect in taken.effects)


def is_idle(flow: Graph, position: Position, said: Heard) -> bool:
    is_at_work = flow.states[position.state].calls is not None
    return position.is_over or isinstance(said, ToolGave) != is_at_work


@settings(max_examples=300, deadline=None)
@given(graphs, st.lists(heard, max_size=12))
def test_whatever_is_said_is_answered(flow: Graph, turns: list[Heard]) -> None:
    now = begin(flow)
    answered(flow, now)
    for said in turns:
        position = now.position
        now = step(flow, position, said, WEDNESDAY)
        if is_idle(flow, position, said):
            assert now == Step(position, ())
        else:
            answered(flow, now)


@settings(max_examples=150, deadline=None)
@given(graphs, st.lists(heard, min_size=1, max_size=8))
def test_another_replica_goes_on_where_one_stopped(flow: Graph, turns: list[Heard]) -> None:
    here = there = begin(flow)
    for said in turns:
        here = step(flow, here.position, said, WEDNESDAY)
        sent = msgspec.json.decode(msgspec.json.encode(there.position), type=Position)
        there = step(flow, sent, said, WEDNESDAY)
        assert there == here


@given(graphs)
def test_a_caller_who_never_speaks_is_left(flow: Graph) -> None:
    now = begin(flow)
    for _ in range(flow.silent.most):
        assert not now.position.is_over
        now = step(flow, now.position, Silent(), WEDNESDAY)
    assert now.position.is_over


def paths(part: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys: Any = ()
    if isinstance(part, dict | list):
        keys = range(len(part)) if isinstance(part, list) else part
    return [path, *(found for key in keys for found in paths(part[key], (*path, key)))]


names = st.sampled_from([*HELPDESK["states"], *HELPDESK["slots"], "order"])
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 60),
    names,
    st.text(max_size=6),
    st.just([]),
    st.just({}),
)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_what_passes_as_a_graph_can_be_played(data: st.DataObject) -> None:
    """Any part of a graph is replaced: either that is told, or the conversation works."""
    document = copy.deepcopy(HELPDESK)
    for _ in range(data.draw(st.integers(1, 2))):
        *above, last = data.draw(st.sampled_from(paths(document)[1:]))
        part: Any = document
        for key in above:
            part = part[key]
        part[last] = data.draw(values)
    try:
        flow = graph_of(msgspec.json.encode(document))
    except GraphInvalid:
        return
    now = begin(flow)
    for said in data.draw(st.lists(heard, max_size=8)):
        now = step(flow, now.position, said, WEDNESDAY)


def test_a_tool_that_gives_what_does_not_fit_has_failed() -> None:
    flow = helpdesk()
    at_work = Position("look_up", "en", {"born": "1984-05-05", "pin": "1234"})
    taken = step(flow, at_work, ToolGave("a lot"), WEDNESDAY)
    assert taken.effects[0] == Say("That is not the code.", "en")
    assert step(flow, at_work, ToolGave("20"), WEDNESDAY).position.slots["balance"] == 20


def test_keys_are_told_how_an_answer_by_them_ends() -> None:
    flow = helpdesk()
    first = begin(flow)
    assert isinstance(first.effects[-1], Ask)
    assert (first.effects[-1].slot, first.effects[-1].keys) == ("topic", Keys(1, ""))
    asked = step(flow, Position("born", "en"), Said("May 5, 1984"), WEDNESDAY)
    assert isinstance(asked.effects[-1], Ask)
    assert asked.effects[-1].keys == Keys(6, "#")


@pytest.mark.parametrize(
    ("now", "day"),
    [(datetime(2026, 11, 18, 10), "2026-11-19"), (datetime(2026, 12, 31, 23), "2027-01-01")],  # noqa: DTZ001
)
def test_tomorrow_is_told_by_the_time_handed_in(now: datetime, day: str) -> None:
    taken = step(appointment(), Position("day", "en", {}), Said("tomorrow"), now)
    assert taken.position.slots["day"] == day


def test_other_words_each_turn_and_clearer_ones_after_each_miss() -> None:
    flow = appointment()
    texts = [
        step(flow, Position("name", "en", turn=turn), Said("repeat"), WEDNESDAY).effects[-1]
        for turn in (0, 1)
    ]
    assert len({effect.text for effect in texts if isinstance(effect, Ask)}) == 2
    missed = step(flow, Position("name", "en"), Said("why do you ask"), WEDNESDAY)
    again = step(flow, missed.position, Said("why do you ask"), WEDNESDAY)
    reprompts = flow.states["name"].reprompts["en"]
    assert [
        taken.effects[-1].text for taken in (missed, again) if isinstance(taken.effects[-1], Ask)
    ] == list(reprompts)
