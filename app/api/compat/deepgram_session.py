"""One client of Deepgram's live API from its first frame to its last: reads, hears, tells."""

import asyncio
import hashlib
import time
from typing import Any

import msgspec

from app.api.backlog import PATIENCE_S, Backlog, Pace
from app.api.compat.deepgram_asked import LiveAsked
from app.api.compat.deepgram_messages import (
    Command,
    Message,
    Messages,
    MessageUnknown,
    failure,
    read_command,
)
from app.api.metering import Meter
from app.api.sockets import AnySocket
from app.asr.live import Said, SpeechBegan, StreamEvent, StreamOptions, changed_options
from app.asr.streaming import LiveStream, StreamService
from app.core.aio import Channel, TaskScope
from app.core.errors import AppError, InvalidInput, TooLarge, Unavailable, UnsupportedMedia

LARGEST_FRAME_BYTES = 1024 * 1024
IDLE_S = 10.0
COUNT_EVERY_S = 10.0
MOST_UNSENT = 256
CONTAINERS = (b"RIFF", b"OggS", b"fLaC", b"ID3", b"\x1aE\xdf\xa3")
FEATURES = {
    "punctuate": "punctuation",
    "numerals": "itn",
    "profanity_filter": "profanity_filter",
}


class ClientLeft(Exception):
    """The socket is gone. Nobody sees this."""


class ClientSilent(Unavailable):
    """Neither sound nor KeepAlive for longer than is waited."""


class ClientTooFast(Unavailable):
    """The sound of a client is heard more slowly than it comes."""


class FrameTooLarge(TooLarge):
    pass


class ContainerSent(UnsupportedMedia):
    """Only bare samples are heard live."""


class DeepgramSession:
    def __init__(
        self,
        socket: AnySocket,
        streams: StreamService,
        asked: LiveAsked,
        messages: Messages,
        meter: Meter,
    ) -> None:
        self._socket = socket
        self._streams = streams
        self._asked = asked
        self._messages = messages
        self._meter = meter
        self._frames: Backlog[bytes | Command | MessageUnknown] = Backlog()
        self._unsent: Channel[Message] = Channel(MOST_UNSENT)
        self._pace = Pace()
        self._sha256 = hashlib.sha256()
        self._stream: LiveStream | None = None
        self._counted_s = 0.0
        self._finalized: int | None = None
        """How many results there were since a Finalize that is under way."""
        self._last_word_end_s: float | None = None
        """Of the utterance that UtteranceEnd has not told of."""

    async def run(self, options: StreamOptions) -> None:
        """Until the client says CloseStream, and everything is told."""
        try:
            async with self._streams.open(self._tell) as stream:
                self._stream = stream
                await stream.configure(options)
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
            data: bytes | None = message.get("bytes")
            text: str = message.get("text") or ""
            size_bytes = len(text if data is None else data)
            if size_bytes > LARGEST_FRAME_BYTES:
                raise FrameTooLarge(f"A frame has at most {LARGEST_FRAME_BYTES} bytes")
            self._frames.put(_read_text(text) if data is None else data, size_bytes)
            if self._frames.is_full:
                await self._wait_for_room()

    async def _wait_for_room(self) -> None:
        while not await self._frames.wait_for_room(PATIENCE_S):
            heard_s = self._stream.heard_s if self._stream else 0.0
            if self._pace.is_too_slow(time.monotonic(), heard_s):
                raise ClientTooFast("Sound comes faster than it is heard; try again later")
        self._pace.forget()

    async def _hear(self, stream: LiveStream) -> None:
        is_first = True
        while True:
            frame = await self._next_frame()
            if frame == b"" or (isinstance(frame, Command) and frame.type == "CloseStream"):
                break
            if isinstance(frame, bytes):
                if is_first and frame.startswith(CONTAINERS):
                    raise ContainerSent("Send bare samples, with encoding and sample_rate")
                is_first = False
                await self._hear_sound(stream, frame)
            elif isinstance(frame, Command):
                await self._obey(stream, frame)
            else:
                await self._unsent.send(self._messages.unknown(frame))
        await stream.finalize()
        await self._unsent.send(self._messages.metadata(stream.heard_s, self._sha256.hexdigest()))

    async def _next_frame(self) -> bytes | Command | MessageUnknown:
        try:
            async with asyncio.timeout(IDLE_S):
                frame = await self._frames.take()
        except TimeoutError:
            raise ClientSilent(f"There was neither sound nor KeepAlive for {IDLE_S:g} s") from None
        return b"" if frame is None else frame

    async def _hear_sound(self, stream: LiveStream, data: bytes) -> None:
        self._sha256.update(data)
        await stream.hear(data)
        if stream.heard_s - self._counted_s >= COUNT_EVERY_S:
            self._count_heard()
            await self._meter.admit()
        pause_ms, last_s = self._asked.utterance_end_ms, self._last_word_end_s
        if pause_ms and last_s is not None and stream.heard_s >= last_s + pause_ms / 1000:
            self._last_word_end_s = None
            await self._unsent.send(self._messages.utterance_end(last_s))

    async def _obey(self, stream: LiveStream, command: Command) -> None:
        if command.type == "Finalize":
            self._finalized = 0
            await stream.finalize()
            if not self._finalized:
                await self._unsent.send(self._messages.nothing_finalized(stream.heard_s))
            self._finalized = None
        elif command.type == "Configure":
            await self._configure(stream, command)

    async def _configure(self, stream: LiveStream, command: Command) -> None:
        """What is wrong with it is said, and everything stays as it was."""
        fields: dict[str, Any] = {
            FEATURES[name]: wanted
            for name, wanted in (command.features or {}).items()
            if name in FEATURES
        }
        if command.keyterms is not None:
            fields["hotwords"] = ",".join(command.keyterms)
        try:
            await stream.configure(changed_options(stream.options, fields))
        except InvalidInput as error:
            await self._unsent.send(failure("ConfigureError", error.message))
            return
        self._messages.is_written = fields.get("punctuation", self._messages.is_written)
        await self._unsent.send(self._messages.configured(command.keyterms))

    async def _tell(self, event: StreamEvent) -> None:
        """An interim that finds no room is dropped: a later one says more."""
        if isinstance(event, SpeechBegan):
            self._last_word_end_s = None
            if self._asked.vad_events:
                await self._unsent.send(self._messages.speech_started(event))
        elif not event.is_final:
            if len(self._unsent) < MOST_UNSENT // 2:
                self._unsent.try_send(self._messages.results(event))
        else:
            await self._tell_final(event)

    async def _tell_final(self, said: Said) -> None:
        if said.words:
            self._last_word_end_s = said.words[-1].end_s
        is_asked_for = self._finalized is not None
        if self._finalized is not None:
            self._finalized += 1
        await self._unsent.send(self._messages.results(said, from_finalize=is_asked_for))

    async def _send(self) -> None:
        async for message in self._unsent:
            await self._socket.send_text(msgspec.json.encode(message).decode())

    def _count_heard(self) -> None:
        heard_s = self._stream.heard_s if self._stream else 0.0
        self._meter.count(heard_s - self._counted_s)
        self._counted_s = heard_s


def _read_text(text: str) -> Command | MessageUnknown:
    try:
        return read_command(text)
    except MessageUnknown as unknown:
        return unknown


def close_code(error: AppError) -> int:
    """1011: we cannot go on; 1008: what the client sends cannot be heard; 1009: it is too much."""
    if isinstance(error, FrameTooLarge):
        return 1009
    return 1011 if error.status >= 500 else 1008
