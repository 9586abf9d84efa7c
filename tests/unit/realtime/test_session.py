"""Whole conversations, read from `scenarios.yaml`. What the agent's history holds is compared with
the very samples that were played."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.realtime.conversation import Line
from app.realtime.events import Ended, Heard, Said, SessionEvent, StateChanged, Withdrawn
from app.realtime.moments import Answers
from app.realtime.playout import Playout
from app.realtime.session import Parts, Phrases, Session
from app.realtime.turn import Turn
from tests.unit.realtime.simulated import ENGLISH, RATE, ScriptedBrain, ToneMouth, converse
from tests.virtual_time import run_virtual

SCENARIOS = yaml.safe_load((Path(__file__).parent / "scenarios.yaml").read_text("utf-8"))


@pytest.mark.inventory("WH-276", "WH-282", "WH-284")
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
def test_a_conversation_goes(scenario: dict[str, Any]) -> None:
    held = run_virtual(converse(scenario))
    assert [_written(line) for line in held.lines] == scenario["history"]
    assert held.ended.reason == scenario.get("ends", "hung_up")
    if "states" in scenario:
        states = [
            f"{event.at_s:.1f} {event.state}"
            for _, event in held.told
            if isinstance(event, StateChanged)
        ]
        assert [state.replace(".0 ", " ") for state in states] == scenario["states"]
    assert held.murmured_s == scenario.get("murmured", [])
    assert held.agent_words == held.played
    assert not held.stale
    assert held.tasks_left == 0
    kept = [line for line in held.lines if line.role != "developer"]
    assert _told([event for _, event in held.told]) == kept


@pytest.mark.parametrize(
    ("ahead_s", "endpointing_s", "held_s"), [(0, 0.4, 0), (0.5, 0, 0), (0.5, 0, 0.3)]
)
def test_whoever_follows_a_conversation_knows_where_the_time_before_an_answer_went(
    ahead_s: float, endpointing_s: float, held_s: float
) -> None:
    answers = Answers()
    thought_s = 0.3 - held_s
    scenario = {**SCENARIOS[0], "ahead_s": ahead_s, "thinks_s": thought_s}
    for _, event in run_virtual(converse(scenario)).told:
        answers.tell(event)
    assert {stage: round(each_s, 2) for stage, each_s in answers.heard.shares().items()} == {
        "asr": 0.2,
        "endpointing": endpointing_s,
        "llm": thought_s,
        "sentence": 0,
        "tts": 0.1,
        "held": held_s,
    }


def test_whoever_follows_a_conversation_reads_each_word_as_it_is_heard() -> None:
    """Never more than what was heard in the end."""
    grew = 0
    for scenario in SCENARIOS:
        heard = [""]
        for _, event in run_virtual(converse(scenario)).told:
            if isinstance(event, Heard):
                assert event.text != heard[-1]
                assert event.text.startswith(heard[-1])
                heard.append(event.text)
            elif isinstance(event, Said) and event.line.role == "agent":
                assert event.line.text.startswith(heard[-1])
                grew += len(heard) > 3
                heard = [""]
    assert grew > len(SCENARIOS) / 2


def test_nobody_says_goodbye_to_who_has_hung_up() -> None:
    told: list[SessionEvent] = []

    async def hangs_up(session: Session) -> None:
        del session

    async def call() -> Ended:
        parts = Parts(ScriptedBrain([]), ToneMouth(), Playout(RATE), Turn(ENGLISH, lambda _: 0.6))
        session = Session(parts, told.append, phrases=Phrases(goodbye="Goodbye."))
        ended = await session.run(hangs_up)
        session.leave("stopped")
        return ended

    ended = run_virtual(call())
    assert ended.reason == "hung_up"
    assert told[-1] == ended


def test_the_scenarios_are_as_many_as_promised() -> None:
    names = [scenario["name"] for scenario in SCENARIOS]
    assert len(set(names)) == len(names) >= 45


def _told(events: Sequence[SessionEvent]) -> list[Line]:
    """What whoever follows the events takes for the history."""
    lines: list[Line] = []
    for event, following in zip(events, [*events[1:], None], strict=True):
        if isinstance(event, Said):
            lines.append(event.line)
        elif isinstance(event, Withdrawn):
            assert lines.pop() == event.line
            assert isinstance(following, StateChanged)
            assert following.state == "listening"
    return lines


def _written(line: Line) -> str:
    return f"{'~' if line.is_cut else ''}{line.role}: {line.text}"
