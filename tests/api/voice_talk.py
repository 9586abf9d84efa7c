"""Clients of voice sessions, on their development port."""

import asyncio
import base64
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import websockets
from websockets.asyncio.client import ClientConnection

from app.core.aio import TaskScope
from app.core.audio.convert import int16_from_float
from app.core.audio.decode import DecodeLimits, decode_audio

HERE = "http://127.0.0.1:7030"
FRAME = 1024
SPEECH = Path(__file__).parents[1] / "fixtures" / "speech"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
Event = dict[str, Any]


async def created(client: httpx.AsyncClient) -> str:
    answer = await client.post("/api/v1/session/create?user_id=user-123")
    assert answer.status_code == 200, answer.text
    assert answer.json()["user_id"] == "user-123"
    assert answer.json()["status"] == "created"
    return answer.json()["session_id"]


def speech() -> bytes:
    limits = DecodeLimits(60, 60)
    sound = decode_audio(SPEECH / "LJ001-0002.ogg", sample_rate=16_000, limits=limits)
    return int16_from_float(sound).tobytes()


async def spoken(*sounds: bytes) -> AsyncIterator[bytes]:
    """As a microphone gives them."""
    sound = b"".join(sounds)
    for start in range(0, len(sound), FRAME):
        yield sound[start : start + FRAME].ljust(FRAME, b"\0")
        await asyncio.sleep(0.032)


def silence(seconds: float) -> bytes:
    return bytes(round(seconds * 32_000))


class Talk:
    """A client that reads all the time."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.events: list[Event] = []

    async def read(self) -> None:
        async for text in self.socket:
            event = json.loads(text)
            assert STAMP.fullmatch(event["timestamp"])
            self.events.append(event)

    def of(self, kind: str, **fields: Any) -> list[Event]:
        return [
            event
            for event in self.events
            if event["type"] == kind and fields.items() <= event.items()
        ]

    @property
    def sound_ms(self) -> int:
        return sum(event["duration_ms"] for event in self.of("audio_response"))

    async def until(self, is_so: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while True:
                if is_so():
                    return
                await asyncio.sleep(0.02)

    async def say(self, *sounds: bytes) -> None:
        async for frame in spoken(*sounds):
            data = base64.b64encode(frame).decode()
            await self.socket.send(json.dumps({"type": "audio", "data": data}))


@asynccontextmanager
async def talking(session_id: str) -> AsyncGenerator[Talk]:
    async with websockets.connect(f"ws://127.0.0.1:7030/stream/{session_id}") as socket:
        talk = Talk(socket)
        async with TaskScope() as scope:
            scope.spawn("read", talk.read())
            await talk.until(lambda: talk.of("connected", session_id=session_id))
            yield talk
            await scope.cancel()
