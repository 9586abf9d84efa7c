"""A voice session on a virtual clock: answers to each frame, sound at its own pace, and silence at
once after an interruption."""

import asyncio
import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from app.core.audio.convert import Samples
from app.core.clock import utc_now
from app.realtime.events import Saying, SessionEvent, VoiceChanged
from app.realtime.transports.voice_messages import Teller
from app.realtime.transports.voice_socket import AHEAD_S, MOST_UNSENT, VoiceLine
from tests.virtual_time import virtual_time

FRAME = json.dumps({"type": "audio", "data": base64.b64encode(bytes(1024)).decode()})


class Client:
    """A `Wire`."""

    def __init__(self) -> None:
        self.told: list[tuple[float, dict[str, Any]]] = []
        self.says: asyncio.Queue[str | bytes | None] = asyncio.Queue()
        self.has_left = False

    async def receive(self) -> str | bytes | None:
        return await self.says.get()

    async def send(self, text: str) -> None:
        if self.has_left:
            raise ConnectionResetError
        self.told.append((now_s(), json.loads(text)))

    def of(self, kind: str) -> list[tuple[float, dict[str, Any]]]:
        return [each for each in self.told if each[1]["type"] == kind]

    @property
    def sound_s(self) -> float:
        return sum(message["duration_ms"] for _, message in self.of("audio_response")) / 1000


def now_s() -> float:
    return asyncio.get_running_loop().time()


def line_of(client: Client, seen: list[SessionEvent] | None = None) -> VoiceLine:
    async def detect(sound: Samples) -> Sequence[float]:
        return [0.7] if sound.size >= 512 else []

    witness = (seen if seen is not None else []).append
    return VoiceLine(client, Teller("s", utc_now), detect, 0.5, witness)


@virtual_time
async def test_sound_is_sent_as_it_is_played_and_counts_as_heard_when_it_is() -> None:
    client = Client()
    line = line_of(client)

    async def talk(line: VoiceLine) -> None:
        await line.playout.play(np.ones(3 * 16_000, np.float32))
        for _ in range(20):
            await asyncio.sleep(0.1)
            assert client.sound_s <= now_s() - began_s + AHEAD_S + 0.01
            assert abs(line.playout.played_s - (now_s() - began_s)) < 0.15
        await line.playout.drained()
        assert now_s() - began_s >= 2.95

    began_s = now_s()
    await line.held(talk)
    assert client.told[0][1]["type"] == "connected"
    assert round(client.sound_s, 3) == 3.0


@virtual_time
async def test_after_an_interruption_nothing_that_waited_is_sent() -> None:
    client = Client()
    line = line_of(client)

    async def talk(line: VoiceLine) -> None:
        line.playout.refused = line.playout.clear
        await line.playout.play(np.ones(3 * 16_000, np.float32))
        await asyncio.sleep(1)
        client.says.put_nowait('{"type": "interrupt"}')
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        sent_s = client.sound_s
        assert sent_s <= 1.21
        assert 0.85 <= line.playout.played_s <= 1.01
        await asyncio.sleep(2)
        assert client.sound_s == sent_s
        await line.playout.play(np.ones(1600, np.float32))
        await asyncio.sleep(0.05)
        assert round(client.sound_s - sent_s, 3) == 0.1

    await line.held(talk)


@pytest.mark.inventory("EX-049")
@virtual_time
async def test_each_frame_is_answered_and_what_is_wrong_is_named_and_not_heard() -> None:
    client, heard = Client(), bytearray()
    line = line_of(client)
    for frame in (FRAME, "nonsense", b"\x00", FRAME, None):
        client.says.put_nowait(frame)

    async def talk(line: VoiceLine) -> None:
        async for sound in line.sounds():
            heard.extend(sound)

    await line.held(talk)
    kinds = [message["type"] for _, message in client.told]
    assert kinds == ["connected", "audio_frame", "error", "error", "audio_frame"]
    assert client.told[1][1]["is_speech"] is True
    assert client.told[1][1]["confidence"] == 0.7
    assert len(heard) == 2048


@virtual_time
async def test_what_is_told_at_the_end_is_still_sent_and_the_witness_sees_everything() -> None:
    client, seen = Client(), list[SessionEvent]()
    line = line_of(client, seen)

    async def talk(line: VoiceLine) -> None:
        for event in told:
            line.tell(event)

    told: list[SessionEvent] = [VoiceChanged(True, 0.0), *(Saying(str(n), 0.0) for n in range(400))]
    await line.held(talk)
    assert seen == told
    details = [message["details"] for _, message in client.of("status")]
    assert details == [str(n) for n in range(400)]


@virtual_time
async def test_a_client_that_left_ends_the_sounds() -> None:
    client = Client()
    client.has_left = True
    line = line_of(client)

    async def talk(line: VoiceLine) -> None:
        client.says.put_nowait(None)
        async for _ in line.sounds():
            raise AssertionError

    await line.held(talk)


@virtual_time
async def test_a_client_that_takes_nothing_any_more_ends_the_sounds() -> None:
    """It goes on saying: what it is to be told leaves no room to hear more."""
    client = Client()
    client.has_left = True
    line = line_of(client)
    for _ in range(MOST_UNSENT + 10):
        client.says.put_nowait(FRAME)

    async def talk(line: VoiceLine) -> None:
        async with asyncio.timeout(60):
            async for _ in line.sounds():
                pass

    await line.held(talk)


class Babbler(Client):
    """Says nonsense without an end, and reads more slowly what is said to it."""

    async def receive(self) -> str | bytes | None:
        await asyncio.sleep(0.01)
        return "{"

    async def send(self, text: str) -> None:
        await asyncio.sleep(0.02)


@virtual_time
async def test_who_goes_on_saying_nonsense_is_not_answered_once_the_talk_is_over() -> None:
    async def talk(line: VoiceLine) -> None:
        await asyncio.sleep(1)

    async with asyncio.timeout(60):
        await line_of(Babbler()).held(talk)
