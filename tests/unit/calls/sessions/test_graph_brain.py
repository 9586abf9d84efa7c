"""A dialogue graph in a conversation: it stands where both sides think it stands."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from app.calls.flows.brain import GraphThinker
from app.calls.flows.documents import appointment
from app.calls.flows.graph import Graph
from app.calls.flows.turns import Position
from app.calls.sessions.brain import ACTS, AgentBrain, GraphBrain
from app.core.scope import OrgScope
from app.llm.tools.toolbox import Toolbox
from tests.unit.calls.flows.transcripts import WEDNESDAY, helpdesk
from tests.unit.realtime.simulated import Conversation, converse
from tests.virtual_time import virtual_time

SCOPE = OrgScope(UUID(int=1), "test")


def now() -> datetime:
    return WEDNESDAY


async def talked(
    happens: Sequence[Mapping[str, Any]], flow: Graph, position: Position | None = None
) -> tuple[Conversation, Position | None]:
    thinker = GraphThinker(flow, now, position=position)
    brain = GraphBrain(AgentBrain(thinker, SCOPE, "", Toolbox([*ACTS], ())), thinker)
    scenario = {"happens": happens, "opens": position is None, "mouth_takes_s": 0.5}
    return await converse(scenario, brain), thinker.position


def said(held: Conversation) -> list[str]:
    return [f"{line.role}: {line.text}" for line in held.lines]


@virtual_time
async def test_an_answer_that_nobody_heard_moved_nothing() -> None:
    """The day was asked for when the caller went on: the name, with the rest of it."""
    happens = [
        {"at": 0, "until": 1, "user": "My name is Ada."},
        {"at": 1.8, "until": 2.6, "user": "Lovelace."},
        {"at": 9, "hangs_up": True},
    ]
    held, position = await talked(happens, appointment(), Position("name", "en"))
    assert said(held) == [
        "user: My name is Ada. Lovelace.",
        "agent: What is it for: a check-up, a cleaning or a painful tooth?",
    ]
    assert position == Position("service", "en", {"name": "Ada Lovelace"}, turn=1)


@virtual_time
async def test_an_answer_that_was_heard_in_part_stands() -> None:
    happens = [
        {"at": 0, "until": 1, "user": "My name is Ada."},
        {"at": 3, "until": 4, "user": "Just cleaning please."},
        {"at": 9, "hangs_up": True},
    ]
    held, position = await talked(happens, appointment(), Position("name", "en"))
    assert said(held)[-2:] == ["user: Just cleaning please.", "agent: Which day suits you?"]
    assert position
    assert position.turn == 2


@virtual_time
@pytest.mark.parametrize("flow", [appointment(), helpdesk()])
async def test_a_graph_opens_the_conversation(flow: Graph) -> None:
    held, position = await talked([{"at": 15, "hangs_up": True}], flow)
    assert [line.role for line in held.lines] == ["agent"]
    assert held.lines[0].text.endswith("?")
    assert position
    assert position.turn == 0


@virtual_time
async def test_who_cuts_in_on_the_last_words_is_hung_up_on_all_the_same() -> None:
    happens = [
        {"at": 0, "until": 1, "user": "Goodbye."},
        {"at": 2.5, "until": 3, "user": "Wait a moment."},
    ]
    held, _ = await talked(happens, appointment(), Position("name", "en"))
    assert held.ended.reason == "cancelled"
