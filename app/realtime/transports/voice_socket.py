"""A voice session over a WebSocket. What reads and writes the socket is handed in;
`voice_messages` knows what is said over it."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

import msgspec
import numpy as np

from app.asr.live import Encoding
from app.core.aio import Channel, ChannelClosed, TaskScope
from app.core.audio.convert import Samples, float_from_int16
from app.realtime.playout import Playout
from app.realtime.session import SessionEvent
from app.realtime.transports.voice_messages import (
    SAMPLE_RATE,
    Audio,
    Message,
    MessageInvalid,
    StopSpeaking,
    Teller,
    read_message,
)

PIECE_S = 0.1
AHEAD_S = 0.2
"""So much is sent before it is due: all that a client may still hold after an interruption."""
PIECE_BYTES = 2048
"""Hearing more at once would hold up everybody else."""
MOST_UNHEARD = 64
MOST_UNSENT = 256
_REST_S = 0.02

Detect = Callable[[Samples], Awaitable[Sequence[float]]]
"""The probability of speech of each 32 ms that is now complete."""


class Wire(Protocol):
    async def receive(self) -> str | bytes | None:
        """None when the other side has left."""
        ...

    async def send(self, text: str) -> None:
        """Raises `ConnectionError` when the other side has left."""
        ...


class VoiceLine:
    """A `Line`. Every frame of sound is answered as it comes, whatever else there is to tell.
    `threshold`: the probability that is called speech. `witness`: is told what the client is."""

    def __init__(
        self,
        wire: Wire,
        teller: Teller,
        detect: Detect,
        threshold: float,
        witness: Callable[[SessionEvent], None],
    ) -> None:
        self.encoding: Encoding = "s16le"
        self.sample_rate = SAMPLE_RATE
        self.playout = Playout(SAMPLE_RATE)
        self.playout.cleared = self._clear
        self.typed: Callable[[str], None] = lambda text: None
        self._wire = wire
        self._teller = teller
        self._detect = detect
        self._threshold = threshold
        self._witness = witness
        self._probability = 0.0
        self._unheard: Channel[bytes] = Channel(MOST_UNHEARD)
        self._unsent: deque[Message] = deque([teller.connected()])
        self._until_s = 0.0
        """When the client will have played all that it was sent."""
        self._woken = asyncio.Event()
        self._sent = asyncio.Event()

    async def held(self, talk: Callable[["VoiceLine"], Awaitable[object]]) -> None:
        """Carries messages both ways for as long as `talk` lasts, and what is to be told after."""
        async with TaskScope() as scope:
            hearing = scope.spawn("hear a voice session", self._hear())
            sending = scope.spawn("speak to a voice session", self._speak())
            try:
                await talk(self)
            finally:
                hearing.cancel()
                sending.cancel()
            await self._flush()
            await scope.cancel()

    async def sounds(self) -> AsyncGenerator[bytes]:
        async for sound in self._unheard:
            yield sound

    def tell(self, event: SessionEvent) -> None:
        self._witness(event)
        for message in self._teller.event(event):
            self._post(message)

    async def close(self) -> None:
        """Nothing more is heard."""
        self._unheard.close()

    async def _hear(self) -> None:
        """Reads no faster than is heard and answered."""
        try:
            with suppress(ChannelClosed):
                while (frame := await self._wire.receive()) is not None:
                    await self._take(frame)
                    await self._room()
        finally:
            self._unheard.close()

    async def _take(self, frame: str | bytes) -> None:
        try:
            command = read_message(frame)
        except MessageInvalid as error:
            self._post(self._teller.error(error.message))
            return
        match command:
            case Audio(sound):
                await self._answer(sound)
                for start in range(0, len(sound), PIECE_BYTES):
                    await self._unheard.send(sound[start : start + PIECE_BYTES])
            case StopSpeaking():
                self.playout.refused()

    async def _answer(self, sound: bytes) -> None:
        found = await self._detect(float_from_int16(np.frombuffer(sound, "<i2")))
        self._probability = max(found, default=self._probability)
        is_speech = self._probability >= self._threshold
        self._post(self._teller.audio_frame(self._probability, is_speech=is_speech))

    def _post(self, message: Message) -> None:
        self._unsent.append(message)
        self._woken.set()

    async def _room(self) -> None:
        while len(self._unsent) >= MOST_UNSENT:
            self._sent.clear()
            await self._sent.wait()

    async def _speak(self) -> None:
        """A client that cannot be told anything has left: `_hear` may be waiting for room."""
        try:
            while True:
                await self._step()
        except ConnectionError:
            self._unheard.close()

    async def _step(self) -> None:
        """Sound is taken as it is sent: none waits here that an interruption would have to find."""
        now_s = asyncio.get_running_loop().time()
        self._count_ahead(now_s)
        if self._unsent:
            await self._send_next()
        elif (
            self._until_s <= now_s + AHEAD_S - PIECE_S
            and (sound := self.playout.take_sound(round(PIECE_S * SAMPLE_RATE))).size
        ):
            self._until_s = max(self._until_s, now_s) + sound.size / SAMPLE_RATE
            self._count_ahead(now_s)
            await self._send(self._teller.audio_response(sound))
        else:
            await self._rest()

    def _count_ahead(self, now_s: float) -> None:
        self.playout.sent_ahead(round(max(0.0, self._until_s - now_s) * SAMPLE_RATE))

    async def _rest(self) -> None:
        self._woken.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_REST_S):
                await self._woken.wait()

    async def _flush(self) -> None:
        with suppress(ConnectionError):
            while self._unsent:
                await self._send_next()

    async def _send_next(self) -> None:
        await self._send(self._unsent.popleft())
        self._sent.set()

    async def _send(self, message: Message) -> None:
        await self._wire.send(msgspec.json.encode(message).decode())

    def _clear(self) -> None:
        """What the client holds it is to throw away."""
        self._until_s = 0.0
        self._woken.set()
