"""What an agent does besides answering, with a real voice, real ears and a telephone."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
import pytest

from app.core.audio.g711 import decode_mulaw
from tests.api.twilio_place import Place, place, quiet


@pytest.fixture
async def here(app_url: str, embedded_superuser_url: str, tmp_path: Path) -> AsyncGenerator[Place]:
    async with place(embedded_superuser_url, tmp_path) as here:
        yield here


@pytest.mark.inventory("WH-278")
async def test_who_has_said_goodbye_and_heard_it_is_hung_up_on(here: Place) -> None:
    """The model says back what it is told."""
    thanks = await here.said("Thank you and goodbye.")
    call_id, call = await here.start(await here.agent())
    stream = await call.stream()
    await quiet(stream, after_s=0.5)
    stream.say(thanks)
    async with asyncio.timeout(60):
        await call.over.wait()
    record = await here.call_that(call_id, lambda call: call.state.is_over)
    assert record.ended_reason == "agent_hung_up"
    (_, greeting), *_, (_, said), (_, answer) = await here.turns(call_id)
    assert greeting.startswith("Good morning")
    assert "goodbye" in said.casefold()
    assert answer == f"You said: {said}"


@pytest.mark.inventory("WH-281", "WH-282")
async def test_who_stays_silent_is_asked_once_and_hung_up_on_in_a_room_with_its_tone(
    here: Place,
) -> None:
    behavior = {"silence": {"enabled": True, "quiet_s": 2, "strikes": 1}, "room_tone": True}
    agent_id = await here.agent(behavior=behavior)
    call_id, call = await here.start(agent_id)
    stream = await call.stream()
    async with asyncio.timeout(60):
        await call.over.wait()
    record = await here.call_that(call_id, lambda call: call.state.is_over)
    assert record.ended_reason == "silence"
    heard = await here.understood(stream)
    assert "good morning" in heard
    assert "still there" in heard
    turns = await here.turns(call_id)
    assert {role for role, _ in turns} == {"agent"}
    sound = decode_mulaw(bytes(stream.heard))
    seconds = np.array_split(sound[8000:-8000], (sound.size - 16_000) // 8000)
    assert all(second.any() for second in seconds)
