"""A message that is left on an answering machine, on a virtual clock."""

import asyncio
from collections.abc import AsyncGenerator

import numpy as np

from app.calls.sessions.phone_streams import leave_message
from app.core.aio import Channel
from app.realtime.conversation import HeardWord, Spoken
from app.realtime.transports.twilio import TwilioLine
from tests.virtual_time import virtual_time

MESSAGE = "Please call us back."


class Wire:
    """To a machine that listens, sends no sound and never hangs up."""

    def __init__(self) -> None:
        self.frames = 0
        self._nothing: Channel[str] = Channel(1)

    async def receive(self) -> str | None:
        return await self._nothing.receive()

    async def send(self, text: str) -> None:
        self.frames += "media" in text

    async def close(self) -> None:
        pass


class Mouth:
    async def speak(self, text: str) -> AsyncGenerator[Spoken, None]:
        words = (HeardWord(len(text), 0.0, 1.0),)
        yield Spoken(np.full(8000, 0.1, np.float32), words)


@virtual_time
async def test_the_line_is_hung_up_once_all_was_said_though_the_machine_is_silent() -> None:
    wire = Wire()
    line = TwilioLine(wire, "MZ1")

    async def talk(line: TwilioLine) -> None:
        await leave_message(Mouth(), MESSAGE, line)

    async with asyncio.timeout(60):
        await line.held(talk)
    assert wire.frames == 50
