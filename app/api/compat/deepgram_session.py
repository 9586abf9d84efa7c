"""One client of Deepgram's live API: its commands, and what it is told."""

import hashlib
from typing import Any

from app.api.compat.deepgram_asked import LiveAsked
from app.api.compat.deepgram_messages import Command, Messages, failure, read_command
from app.api.live_session import LiveSession
from app.api.metering import Meter
from app.api.sockets import (
    FAILED,
    FRAME_TOO_LARGE,
    NOT_ALLOWED,
    AnySocket,
    FrameTooLarge,
    Message,
)
from app.asr.live import Said, SpeechBegan, StreamEvent, StreamOptions, changed_options
from app.asr.streaming import LiveStream, StreamService
from app.core.errors import AppError, InvalidInput, UnsupportedMedia

CONTAINERS = (b"RIFF", b"OggS", b"fLaC", b"ID3", b"\x1aE\xdf\xa3")
FEATURES = {
    "punctuate": "punctuation",
    "numerals": "itn",
    "profanity_filter": "profanity_filter",
}


class ContainerSent(UnsupportedMedia):
    """Only bare samples are heard live."""


class DeepgramSession(LiveSession[Command]):
    idle_s = 10.0
    silence = "Neither sound nor KeepAlive came within 10 s (NET-0001)"

    def __init__(
        self,
        socket: AnySocket,
        streams: StreamService,
        meter: Meter,
        asked: LiveAsked,
        options: StreamOptions,
        messages: Messages,
    ) -> None:
        super().__init__(socket, streams, meter)
        self._asked = asked
        self._options = options
        self._messages = messages
        self._sha256 = hashlib.sha256()
        self._has_sound = False
        self._finalized: int | None = None
        """How many results there were since a Finalize that is under way."""
        self._last_word_end_s: float | None = None
        """Of the utterance that UtteranceEnd has not told of."""

    def read_text(self, text: str) -> Command:
        return read_command(text)

    def is_last(self, frame: bytes | Command) -> bool:
        if isinstance(frame, bytes):
            return not frame
        return frame.type == "CloseStream"

    async def begin(self, stream: LiveStream) -> None:
        await stream.configure(self._options)

    async def hear(self, stream: LiveStream, sound: bytes) -> None:
        if not self._has_sound and sound.startswith(CONTAINERS):
            raise ContainerSent("Send bare samples, with encoding and sample_rate")
        self._has_sound = True
        self._sha256.update(sound)
        await stream.hear(sound)
        pause_ms, last_s = self._asked.utterance_end_ms, self._last_word_end_s
        if pause_ms and last_s is not None and stream.heard_s >= last_s + pause_ms / 1000:
            self._last_word_end_s = None
            await self.tell(self._messages.utterance_end(last_s))

    async def obey(self, stream: LiveStream, command: Command) -> None:
        if command.type == "Finalize":
            self._finalized = 0
            await stream.finalize()
            if not self._finalized:
                await self.tell(self._messages.nothing_finalized(stream.heard_s))
            self._finalized = None
        elif command.type == "Configure":
            await self._configure(stream, command)

    async def tell_event(self, event: StreamEvent) -> None:
        if isinstance(event, SpeechBegan):
            self._last_word_end_s = None
            if self._asked.vad_events:
                await self.tell(self._messages.speech_started(event))
        elif isinstance(event, Said):
            if event.is_final:
                await self._tell_final(event)
            else:
                self.tell_if_room(self._messages.results(event))

    def farewell(self, stream: LiveStream) -> Message:
        return self._messages.metadata(stream.heard_s, self._sha256.hexdigest())

    def failure(self, error: AppError) -> Message:
        return failure(error)

    def close_code(self, error: AppError) -> int:
        """1011: we cannot go on; 1008: what the client sends cannot be heard; 1009: it is too
        much."""
        if isinstance(error, FrameTooLarge):
            return FRAME_TOO_LARGE
        return FAILED if error.status >= 500 else NOT_ALLOWED

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
            await self.tell(self._messages.not_configured(error))
            return
        self._messages.is_written = fields.get("punctuation", self._messages.is_written)
        await self.tell(self._messages.configured(command.keyterms))

    async def _tell_final(self, said: Said) -> None:
        if said.words:
            self._last_word_end_s = said.words[-1].end_s
        is_asked_for = self._finalized is not None
        if self._finalized is not None:
            self._finalized += 1
        await self.tell(self._messages.results(said, from_finalize=is_asked_for))
