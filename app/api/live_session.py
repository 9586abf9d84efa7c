"""One client of a live API from its first frame to its last: reads, hears, tells, bounded.

What the live APIs have in common; each adds its own messages.
"""

import asyncio
import logging
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from typing import ClassVar, Generic, TypeVar

import msgspec

from app.api.backlog import PATIENCE_S, Backlog, Pace
from app.api.leaving import ClientLeft
from app.api.metering import Meter
from app.api.sockets import (
    LARGEST_FRAME_BYTES,
    NORMAL,
    AnySocket,
    FrameTooLarge,
    Message,
    close,
    delivered,
)
from app.api.tellable import tellable
from app.asr.live import StreamEvent
from app.asr.streaming import LiveStream, StreamService, StreamsFull
from app.core.aio import Channel, TaskScope
from app.core.errors import AppError, InternalError, InvalidInput, Unavailable

log = logging.getLogger(__name__)

C = TypeVar("C")

PIECE_BYTES = 2048
"""Resampling more at once would hold up everybody else."""
MOST_UNSENT = 256
COUNT_EVERY_S = 10.0
UNAVAILABLE = "Speech cannot be recognized now; try again later"


class Overloaded(Unavailable):
    """The sound of a client is heard more slowly than it is spoken."""


class ClientSilent(Unavailable):
    """Nothing came for longer than is waited."""


class LiveSession(ABC, Generic[C]):
    """C: a command, in the words of an API."""

    idle_s: ClassVar[float | None] = None
    """How long nothing may come; None: for ever."""
    silence: ClassVar[str] = "Nothing came for too long"
    busy: ClassVar[Message | None] = None
    """Told when reading has to wait."""

    def __init__(self, socket: AnySocket, streams: StreamService, meter: Meter) -> None:
        self._socket = socket
        self._streams = streams
        self._meter = meter
        self._frames: Backlog[bytes | C | InvalidInput] = Backlog()
        self._unsent: Channel[Message] = Channel(MOST_UNSENT)
        self._pace = Pace()
        self._is_told_busy = False
        self._has_ended = False
        self._counted_s = 0.0

    @abstractmethod
    def read_text(self, text: str) -> C:
        """Raises `InvalidInput` where it is no command."""

    @abstractmethod
    def is_last(self, frame: bytes | C) -> bool:
        """Whether nothing that comes after it counts."""

    @abstractmethod
    async def obey(self, stream: LiveStream, command: C) -> None: ...

    @abstractmethod
    async def tell_event(self, event: StreamEvent) -> None: ...

    @abstractmethod
    def farewell(self, stream: LiveStream) -> Message: ...

    @abstractmethod
    def failure(self, error: AppError) -> Message: ...

    @abstractmethod
    def close_code(self, error: AppError) -> int: ...

    async def begin(self, stream: LiveStream) -> None:
        """Before the first frame."""

    async def hear(self, stream: LiveStream, sound: bytes) -> None:
        await stream.hear(sound)

    async def serve(self) -> None:
        """From the accepted handshake to the close, whose code says how it went."""
        try:
            async with self._streams.open(self.tell_event) as stream:
                try:
                    await self.begin(stream)
                    await self._exchange(stream)
                finally:
                    self._count_heard(stream)
            await close(self._socket, NORMAL)
        except ClientLeft:
            pass
        except AppError as error:
            await self._part(
                tellable(
                    error, unavailable=UNAVAILABLE, also=(Overloaded, ClientSilent, StreamsFull)
                )
            )
        except Exception:
            log.exception("a live session failed")
            await self._part(InternalError("Internal server error"))

    async def tell(self, message: Message) -> None:
        await self._unsent.send(message)

    def tell_if_room(self, message: Message) -> None:
        """For an interim: a later one says more."""
        if len(self._unsent) < MOST_UNSENT // 2:
            self._unsent.try_send(message)

    async def _exchange(self, stream: LiveStream) -> None:
        async with TaskScope() as scope:
            reading = scope.spawn("read a live session", self._read(stream))
            sending = scope.spawn("send to a live session", self._send())
            await self._listen(stream)
            self._unsent.close()
            await sending
            reading.cancel()

    async def _read(self, stream: LiveStream) -> None:
        """What comes after the last frame is thrown away, but a hang-up is still noticed."""
        while True:
            message: Message = dict(await self._socket.receive())
            if message["type"] == "websocket.disconnect":
                raise ClientLeft("The client left")
            if self._has_ended:
                continue
            if self._frames.is_empty:
                self._pace.forget()
                self._is_told_busy = False
            self._put(message.get("bytes"), message.get("text") or "")
            if self._frames.is_full and not self._has_ended:
                await self._wait_for_room(stream)

    def _put(self, data: bytes | None, text: str) -> None:
        size_bytes = len(text.encode() if data is None else data)
        if size_bytes > LARGEST_FRAME_BYTES:
            raise FrameTooLarge("Frame too large")
        try:
            frame = self.read_text(text) if data is None else data
        except InvalidInput as error:
            self._frames.put(error, size_bytes)
            return
        if self.is_last(frame):
            self._has_ended = True
            self._frames.close()
        else:
            self._frames.put(frame, size_bytes)

    async def _wait_for_room(self, stream: LiveStream) -> None:
        if self.busy and not self._is_told_busy:
            self._is_told_busy = True
            self.tell_if_room(self.busy)
        while True:
            if self._pace.is_too_slow(time.monotonic(), stream.heard_s):
                raise Overloaded("Audio comes faster than it is heard; try again later")
            if await self._frames.wait_for_room(PATIENCE_S):
                return

    async def _listen(self, stream: LiveStream) -> None:
        while (frame := await self._next_frame()) is not None:
            if isinstance(frame, bytes):
                for start in range(0, len(frame), PIECE_BYTES):
                    await self.hear(stream, frame[start : start + PIECE_BYTES])
                await self._account(stream)
            elif isinstance(frame, InvalidInput):
                await self.tell(self.failure(frame))
            else:
                await self.obey(stream, frame)
                await asyncio.sleep(0)  # others have their turn, however many commands wait
        await stream.finalize()
        await self.tell(self.farewell(stream))

    async def _next_frame(self) -> bytes | C | InvalidInput | None:
        try:
            async with asyncio.timeout(self.idle_s):
                return await self._frames.take()
        except TimeoutError:
            raise ClientSilent(self.silence) from None

    async def _account(self, stream: LiveStream) -> None:
        if stream.heard_s - self._counted_s >= COUNT_EVERY_S:
            self._count_heard(stream)
            await self._meter.admit()

    def _count_heard(self, stream: LiveStream) -> None:
        self._meter.count(stream.heard_s - self._counted_s)
        self._counted_s = stream.heard_s

    async def _send(self) -> None:
        async for message in self._unsent:
            await delivered(self._socket.send_text(msgspec.json.encode(message).decode()))

    async def _part(self, error: AppError) -> None:
        with suppress(ClientLeft):
            await delivered(self._socket.send_json(self.failure(error)))
            await close(self._socket, self.close_code(error), error.message)
