"""What an agent does of itself, and that each of it can be switched off: from its settings to what
is heard in a call."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import msgspec
import numpy as np
import pytest

from app.asr.live import StreamEvent
from app.calls.agents.domain import Agent, AgentSettings, Behavior
from app.calls.agents.voices import AgentVoices
from app.calls.sessions.casting import Casting
from app.calls.sessions.conducting import Held
from app.core.scope import OrgScope
from app.llm.tools.toolbox import Toolbox
from app.tts.catalogue import VoiceCatalogue
from app.tts.speech import Manner
from tests.unit.calls.sessions.test_conducting import ShortLine, held, sentence, utterance
from tests.unit.realtime.simulated import RATE, ScriptedBrain, ToneMouth
from tests.virtual_time import virtual_time

AT = datetime(2026, 11, 21, tzinfo=UTC)
SCOPE = OrgScope(UUID(int=1), "test")
Heard = tuple[ShortLine, Held]


class Speaking:
    """As much of speaking as the choice of a voice needs."""

    async def catalogue_of(self, _: UUID | None) -> Any:
        return VoiceCatalogue([])

    async def manner_of(self, _settings: Any, _owner: UUID) -> Manner:
        return Manner("af_heart", "en-us")


class Agents:
    voices = AgentVoices(cast("Any", Speaking()))

    async def graph(self, _: AgentSettings) -> None:
        return None


class Tools:
    @asynccontextmanager
    async def toolbox(self, _scope: OrgScope, _names: Sequence[str]) -> AsyncGenerator[Toolbox]:
        yield Toolbox([], ())


async def talked(
    behavior: dict[str, Any],
    events: Sequence[tuple[float, StreamEvent]],
    lasts_s: float,
    rate: int = RATE,
) -> Heard:
    settings = AgentSettings(name="A", behavior=msgspec.convert(behavior, Behavior))
    agent = Agent(UUID(int=2), 1, settings, AT, AT)
    casting = Casting(cast("Any", Agents()), cast("Any", None), cast("Any", Tools()), lambda: AT)
    async with casting.cast(SCOPE, agent, rate) as made:
        brain = ScriptedBrain(["We are open from nine to five on weekdays. Goodbye.", "Yes."])
        line = ShortLine(lasts_s, plays_at=rate)
        talk, _ = await held(line, replace(made, brain=brain, mouth=ToneMouth()), events)
    return line, talk


def lines(heard: Heard) -> list[str]:
    return [line.role for line in heard[1].lines]


def ended(heard: Heard) -> str:
    return heard[1].ended.reason


def is_cut(heard: Heard) -> bool:
    return any(line.is_cut for line in heard[1].lines)


def sound(heard: Heard) -> bool:
    return bool(np.concatenate(heard[0].played).any())


ASKED = utterance(0.5, 1.5, sentence("When are you open?"))
IN_TWO = [
    *utterance(0.5, 1.5, sentence("I would like to")),
    *utterance(2.9, 3.9, sentence("cancel it.")),
]
INTERRUPTED = [*ASKED, *utterance(3.0, 4.0, sentence("And what about my other order?"))]
ANGRY = utterance(0.5, 1.5, sentence("Where is it?", labels={"emotion": "EMOTION_ANGRY"}))
LONG = utterance(0.5, 6.5, sentence("I called because my"))
BYE = utterance(0.5, 1.5, sentence("Thank you, goodbye."))


@virtual_time
@pytest.mark.inventory("WH-273", "WH-274", "WH-275", "WH-278", "WH-282", "WH-286")
@pytest.mark.parametrize(
    ("off", "events", "lasts_s", "seen", "usually", "without"),
    [
        ("smart_endpointing", IN_TWO, 5.0, lambda it: lines(it).count("user"), 1, 2),
        ("backchannel", LONG, 7.4, sound, True, False),
        ("closing_phrases", BYE, 12.0, ended, "said goodbye", "hung_up"),
        (
            "emotion_adaptation",
            ANGRY,
            8.0,
            lines,
            ["developer", "user", "agent"],
            ["user", "agent"],
        ),
        ("barge_in", INTERRUPTED, 9.0, is_cut, True, False),
        ("silence", [], 30.0, ended, "silence", "hung_up"),
    ],
)
async def test_each_habit_can_be_switched_off(
    off: str,
    events: Sequence[tuple[float, StreamEvent]],
    lasts_s: float,
    seen: Callable[[Heard], object],
    usually: object,
    without: object,
) -> None:
    switch = {"enabled": False} if off == "silence" else False
    quiet = {"backchannel": False} if off != "backchannel" else {}
    assert seen(await talked(quiet, events, lasts_s)) == usually
    assert seen(await talked(quiet | {off: switch}, events, lasts_s)) == without


@virtual_time
async def test_a_room_is_heard_where_that_is_switched_on() -> None:
    assert not sound(await talked({}, [], 3.0, 8000))
    assert sound(await talked({"room_tone": True}, [], 3.0, 8000))


@pytest.mark.parametrize("is_on", [True, False])
async def test_numbers_are_read_as_people_say_them_where_that_is_on(*, is_on: bool) -> None:
    behavior = Behavior(number_pronunciation=is_on)
    manner = await Agents.voices.manner(SCOPE, AgentSettings(name="A", behavior=behavior))
    assert manner.hundreds is is_on
