"""One client of `/asr/stream` from its first frame to its last: reads, hears, tells, bounded."""

import time
from typing import Any

import msgspec

from app.api.backlog import PATIENCE_S, Backlog, Pace
from app.api.gateway.stream_messages import (
    LARGEST_FRAME,
    Command,
    FrameNotJson,
    error_message,
    parse,
    transcript_message,
)
from app.api.metering import Meter
from app.api.sockets import AnySocket
from app.asr.live import Said, StreamEvent, changed_options
from app.asr.streaming import LiveStream, StreamService
from app.core.aio import Channel, TaskScope
from app.core.errors import AppError, InvalidInput, TooLarge, Unavailable

COUNT_EVERY_S = 10.0
MOST_UNSENT = 256
BUSY = {
    "type": "warning",
    "code": "backpressure",
    "message": "Audio comes faster than it is heard; reading waits",
}


class ClientLeft(Exception):
    """The socket is gone. Nobody sees this."""


class Overloaded(Unavailable):
    """The sound of a client is heard more slowly than it is spoken."""


class FrameTooLarge(TooLarge):
    pass


class StreamSession:
    def __init__(self, socket: AnySocket, streams: StreamService, meter: Meter) -> None:
        self._socket = socket
        self._streams = streams
        self._meter = meter
        self._frames: Backlog[bytes | Command | FrameNotJson] = Backlog()
        self._unsent: Channel[dict[str, Any]] = Channel(MOST_UNSENT)
        self._pace = Pace()
        self._is_told_busy = False
        self._has_ended = False
        self._stream: LiveStream | None = None
        self._counted_s = 0.0

    async def run(self) -> None:
        """Until the client says `end`, and everything is told."""
        try:
            async with self._streams.open(self._tell) as stream:
                self._stream = stream
                async with TaskScope() as scope:
                    reading = scope.spawn("read a stream", self._read())
                    sending = scope.spawn("send to a stream", self._send())
                    await self._hear(stream)
                    self._unsent.close()
                    await sending
                    reading.cancel()
        finally:
            self._count_heard()

    async def _read(self) -> None:
        while True:
            message: dict[str, Any] = dict(await self._socket.receive())
            if message["type"] == "websocket.disconnect":
                raise ClientLeft
            if self._has_ended:
                continue
            if self._frames.is_empty:
                self._pace.forget()
                self._is_told_busy = False
            self._put(message.get("bytes"), message.get("text"))
            if self._frames.is_full:
                await self._wait_for_room()

    def _put(self, data: bytes | None, text: str | None) -> None:
        size_bytes = len(data if data is not None else text or "")
        if size_bytes > LARGEST_FRAME:
            raise FrameTooLarge("Frame too large")
        if data is not None:
            self._frames.put(data, size_bytes)
            return
        try:
            command = parse(text or "")
        except FrameNotJson as error:
            self._frames.put(error, size_bytes)
            return
        self._frames.put(command, size_bytes)
        if command.kind == "end":
            self._has_ended = True
            self._frames.close()

    async def _wait_for_room(self) -> None:
        if not self._is_told_busy:
            self._is_told_busy = True
            self._unsent.try_send(BUSY)
        while True:
            heard_s = self._stream.heard_s if self._stream else 0.0
            if self._pace.is_too_slow(time.monotonic(), heard_s):
                raise Overloaded("Audio comes faster than it is heard; try again later")
            if await self._frames.wait_for_room(PATIENCE_S):
                return

    async def _hear(self, stream: LiveStream) -> None:
        while (frame := await self._frames.take()) is not None:
            if isinstance(frame, bytes):
                await stream.hear(frame)
                if stream.heard_s - self._counted_s >= COUNT_EVERY_S:
                    self._count_heard()
                    await self._meter.admit()
            elif isinstance(frame, FrameNotJson):
                await self._unsent.send({"type": "error", "message": frame.message})
            elif frame.kind != "end":
                await self._obey(stream, frame)
        await stream.finalize()
        await self._unsent.send({"type": "end"})

    async def _obey(self, stream: LiveStream, command: Command) -> None:
        """What is wrong with a message is said, and everything stays as it was."""
        try:
            match command.kind:
                case "config":
                    await stream.configure(changed_options(stream.options, command.fields))
                case "channel":
                    name = command.fields.get("name")
                    if not name:
                        raise InvalidInput("name: a channel has a name")
                    await stream.configure(changed_options(stream.options, {"channel": name}))
                case "keepalive":
                    pass
                case other:
                    raise InvalidInput(f"type: there is no message {other[:40]!r}")
        except Unavailable:
            raise
        except AppError as error:
            await self._unsent.send(error_message(error))

    async def _tell(self, event: StreamEvent) -> None:
        """An interim that finds no room is dropped: a later one says more."""
        if self._stream is None or not isinstance(event, Said):
            return
        message = transcript_message(event, self._stream.options)
        if event.is_final:
            await self._unsent.send(message)
        elif len(self._unsent) < MOST_UNSENT // 2:
            self._unsent.try_send(message)

    async def _send(self) -> None:
        async for message in self._unsent:
            await self._socket.send_text(msgspec.json.encode(message).decode())

    def _count_heard(self) -> None:
        heard_s = self._stream.heard_s if self._stream else 0.0
        self._meter.count(heard_s - self._counted_s)
        self._counted_s = heard_s
