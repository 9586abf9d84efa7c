"""A telephone call as Twilio Media Streams carries it. What reads and writes the socket is handed
in; `twilio_messages` knows what is said over it."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from app.asr.live import Encoding
from app.core.aio import Channel, ChannelClosed, TaskScope
from app.core.audio.convert import Samples, int16_from_float
from app.core.audio.g711 import encode_mulaw
from app.realtime.playout import Playout
from app.realtime.session import SessionEvent
from app.realtime.transports.twilio_messages import (
    SAMPLE_RATE,
    ChunksInOrder,
    Dtmf,
    FarEnd,
    Keyed,
    Mark,
    Media,
    Name,
    Payload,
    SendClear,
    SendMark,
    SendMedia,
    Start,
    Stop,
    StreamFacts,
    read_message,
    written,
)

T = TypeVar("T")

log = logging.getLogger(__name__)

FRAME_S = 0.02
FRAME_SAMPLES = round(FRAME_S * SAMPLE_RATE)
AHEAD_S = 0.1
"""So much is sent before it is due: it evens out the network, and a barge-in throws it away."""
PIECE_BYTES = 2048
"""Hearing more at once would hold up everybody else."""
MOST_UNHEARD = 512


class Wire(Protocol):
    async def receive(self) -> str | None:
        """None when the other side has left."""
        ...

    async def send(self, text: str) -> None:
        """Raises `ConnectionError` when the other side has left."""
        ...

    async def close(self) -> None: ...


async def first_facts(wire: Wire) -> StreamFacts | None:
    """Of a stream that begins; None when it ends before that."""
    while (text := await wire.receive()) is not None:
        match read_message(text):
            case Start(facts):
                return facts
            case Stop():
                return None
            case _:
                continue
    return None


class TwilioLine:
    """A `Line`."""

    def __init__(self, wire: Wire, stream_sid: str) -> None:
        self.encoding: Encoding = "mulaw"
        self.sample_rate = SAMPLE_RATE
        self.playout = Playout(SAMPLE_RATE)
        self.playout.cleared = self._clear
        self.typed: Callable[[str], None] = lambda text: None
        self._wire = wire
        self._sid = stream_sid
        self._unheard: Channel[bytes] = Channel(MOST_UNHEARD)
        self._chunks = ChunksInOrder()
        self._keyed = Keyed()
        self._far = FarEnd()
        self._must_clear = False
        self._woken = asyncio.Event()

    async def held(self, talk: Callable[["TwilioLine"], Awaitable[T]]) -> T:
        """Carries sound both ways for as long as `talk` lasts, then hangs up: the TwiML that opened
        the stream has nothing after it. Until then a call that is over can still be handed on."""
        try:
            async with TaskScope() as scope:
                scope.spawn("hear a telephone", self._hear())
                scope.spawn("play to a telephone", self._play())
                outcome = await talk(self)
                await scope.cancel()
            return outcome
        finally:
            await self._wire.close()

    async def sounds(self) -> AsyncGenerator[bytes]:
        async for sound in self._unheard:
            yield sound

    def tell(self, event: SessionEvent) -> None:
        """A telephone shows nothing."""

    async def close(self) -> None:
        """Nothing more is heard."""
        self._unheard.close()

    async def _hear(self) -> None:
        try:
            while (text := await self._wire.receive()) is not None:
                message = read_message(text)
                if isinstance(message, Stop):
                    return
                if isinstance(message, Media):
                    self._take(self._chunks.sound_of(message.media))
                elif isinstance(message, Dtmf):
                    self._tell_keyed(self._keyed.press(message.dtmf.digit, _now_s()))
                elif isinstance(message, Mark):
                    self._far.played(message.mark.name)
                    self.playout.sent_ahead(self._far.samples)
        finally:
            self._unheard.close()

    def _take(self, sound: bytes) -> None:
        """What comes faster than it is heard is lost, as on any telephone."""
        for start in range(0, len(sound), PIECE_BYTES):
            with suppress(ChannelClosed):
                if not self._unheard.try_send(sound[start : start + PIECE_BYTES]):
                    log.debug("sound of a telephone was lost: it comes faster than it is heard")

    async def _play(self) -> None:
        """A telephone that takes nothing any more is gone, whatever is still heard of it."""
        try:
            while True:
                await self._step()
        except ConnectionError:
            self._unheard.close()

    async def _step(self) -> None:
        now_s = _now_s()
        if self._must_clear:
            self._must_clear = False
            await self._wire.send(written(SendClear(self._sid)))
        elif (
            self._far.until_s + FRAME_S <= now_s + AHEAD_S
            and (sound := self.playout.take_sound(FRAME_SAMPLES)).size
        ):
            await self._send(sound, now_s)
        else:
            self._far.tick(now_s)
            self.playout.sent_ahead(self._far.samples)
            self._tell_keyed(self._keyed.tick(now_s))
            await self._rest()

    async def _send(self, sound: Samples, now_s: float) -> None:
        mark = self._far.send(sound.size, now_s)
        self.playout.sent_ahead(self._far.samples)
        payload = Payload(encode_mulaw(int16_from_float(sound)))
        await self._wire.send(written(SendMedia(self._sid, payload)))
        await self._wire.send(written(SendMark(self._sid, Name(mark))))

    async def _rest(self) -> None:
        self._woken.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(FRAME_S):
                await self._woken.wait()

    def _clear(self) -> None:
        if self._far.samples:
            self._far.clear()
            self._must_clear = True
            self._woken.set()

    def _tell_keyed(self, keys: str) -> None:
        if keys:
            self.typed(keys)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
