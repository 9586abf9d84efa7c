"""One client of `/tts/stream`, from its first message to its last."""

import asyncio
import logging
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from app.api.gateway.stream_messages import (
    UNKNOWN,
    Command,
    not_applied_message,
    parse,
    unknown_names,
)
from app.api.gateway.tts_answers import words_message
from app.api.leaving import ClientLeft
from app.api.metering import Meter
from app.api.sockets import (
    FAILED,
    FRAME_TOO_LARGE,
    LARGEST_FRAME_BYTES,
    NORMAL,
    TRY_LATER,
    AnySocket,
    FrameTooLarge,
    Message,
    close,
    delivered,
)
from app.api.tellable import tellable
from app.core.aio import Channel, TaskScope
from app.core.audio.convert import int16_from_float
from app.core.errors import AppError, InternalError, InvalidInput, Unavailable
from app.core.not_applied import NotApplied
from app.tts.domain import (
    Instruction,
    SpeakersBusy,
    VoiceSettings,
    check_text,
    parse_speech,
)
from app.tts.service import SpeakingService
from app.tts.speech import SAMPLE_RATE, Manner, SpeechChunk

log = logging.getLogger(__name__)

IDLE_S = 300.0
MOST_WAITING = 100
FRAME_SAMPLES = SAMPLE_RATE // 2
"""Smaller than what any client takes in one message, and soon over when speech is cut off."""
DONE: Message = {"type": "done"}
_SHOWN = 80
_UNAVAILABLE = "Nothing can be spoken now; try again later"


class TooMuchWaits(Unavailable):
    """Text comes faster than it is spoken."""


_CLOSE_CODES: dict[type[AppError], int] = {FrameTooLarge: FRAME_TOO_LARGE, TooMuchWaits: TRY_LATER}


class Config(VoiceSettings, frozen=True, kw_only=True):
    word_times: bool = False


class Speak(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    instruct: Instruction | None = None


@dataclass(frozen=True, slots=True)
class _Utterance:
    text: str
    manner: Manner
    word_times: bool


@dataclass(frozen=True, slots=True)
class _Turn:
    """What is to be said, or why it cannot be. `cancels`: how often all was cut off before it."""

    asked: _Utterance | AppError
    cancels: int


class SpeakSession:
    """Texts are said in their order. Each is answered by one `done`, after its last sound, or after
    the error where there is one."""

    def __init__(self, socket: AnySocket, speaking: SpeakingService, meter: Meter) -> None:
        self._socket = socket
        self._speaking = speaking
        self._meter = meter
        self._config = Config()
        self._turns: Channel[_Turn] = Channel(MOST_WAITING)
        self._saying: asyncio.Task[bool] | None = None
        self._cancels = 0
        self._told_not_applied: set[str] = set()

    async def serve(self) -> None:
        """From the accepted handshake to the close, whose code says how it went."""
        try:
            async with TaskScope() as scope:
                scope.spawn("speak on a socket", self._take_turns())
                await self._read()
                await scope.cancel()
            await close(self._socket, NORMAL, f"Nothing came for {IDLE_S:g} s")
        except ClientLeft:
            pass
        except AppError as error:
            await self._part(error)
        except Exception:
            log.exception("a speaking session failed")
            await self._part(InternalError("Internal server error"))

    async def _read(self) -> None:
        """Until nothing was said and nothing came for a while."""
        while True:
            try:
                async with asyncio.timeout(IDLE_S):
                    message: Message = dict(await self._socket.receive())
            except TimeoutError:
                if self._saying:
                    continue
                return
            if message["type"] == "websocket.disconnect":
                raise ClientLeft("The client left")
            try:
                await self._obey(self._command(message.get("bytes"), message.get("text") or ""))
            except (ClientLeft, FrameTooLarge, TooMuchWaits):
                raise
            except AppError as error:
                await self._tell(_error_message(error))

    def _command(self, data: bytes | None, text: str) -> Command:
        if len(text.encode() if data is None else data) > LARGEST_FRAME_BYTES:
            raise FrameTooLarge("Frame too large")
        if data is not None:
            raise InvalidInput("Messages are JSON in text frames; sound is not heard here")
        return parse(text)

    async def _obey(self, command: Command) -> None:
        match command.kind:
            case "config":
                await self._configure(command.fields)
            case "speak":
                cancels = self._cancels
                turn = _Turn(await self._asked(command.fields), cancels)
                if not self._turns.try_send(turn):
                    raise TooMuchWaits(f"{MOST_WAITING} texts wait to be spoken, and no more can")
            case "cancel":
                self._cancels += 1
                if self._saying:
                    self._saying.cancel()
            case "keepalive":
                pass
            case other:
                raise InvalidInput(f"type: there is no message {other[:_SHOWN]!r}", field="type")

    async def _configure(self, fields: dict[str, Any]) -> None:
        """What is left out stays as it was, and so does everything where something is wrong. What
        was asked for and changes nothing is told once."""
        changed = parse_speech(msgspec.structs.asdict(self._config) | _given(fields), Config)
        manner = await self._speaking.manner_of(changed, self._meter.owner)
        self._config = changed
        unknown = unknown_names(fields, Config.__struct_fields__)
        found = self._speaking.find_not_applied(manner)
        await self._tell_not_applied([*found, *(NotApplied(name, UNKNOWN) for name in unknown)])

    async def _asked(self, fields: dict[str, Any]) -> _Utterance | AppError:
        try:
            asked = parse_speech(fields, Speak)
            check_text(asked.text)
            settings = self._config
            if asked.instruct is not None:
                settings = msgspec.structs.replace(settings, instruct=asked.instruct)
            manner = await self._speaking.manner_of(settings, self._meter.owner)
            return _Utterance(asked.text, manner, settings.word_times)
        except AppError as error:
            return error

    async def _take_turns(self) -> None:
        async for turn in self._turns:
            if turn.cancels < self._cancels:
                await self._tell(DONE | {"cancelled": True})
                continue
            async with TaskScope() as scope:
                self._saying = scope.spawn("say a text", self._say(turn.asked))
            saying, self._saying = self._saying, None
            if saying.cancelled():
                await self._tell(DONE | {"cancelled": True})
            else:
                await self._tell(DONE if saying.result() else DONE | {"failed": True})

    async def _say(self, asked: _Utterance | AppError) -> bool:
        """Whether it was said."""
        try:
            if isinstance(asked, AppError):
                raise asked
            await self._tell_not_applied(self._speaking.find_not_applied(asked.manner))
            await self._meter.admit()
            chunks = self._speaking.speak(asked.text, asked.manner, owner=self._meter.owner)
            characters = len(asked.text)
            async with aclosing(chunks):
                async for chunk in chunks:
                    seconds = chunk.samples.size / SAMPLE_RATE
                    self._meter.count(seconds, characters=characters)
                    characters = 0
                    await self._send(chunk, word_times=asked.word_times)
        except ClientLeft:
            raise
        except Exception as error:  # noqa: BLE001  one text cannot be said; the next one may
            told = tellable(error, unavailable=_UNAVAILABLE, also=(SpeakersBusy,))
            await self._tell(_error_message(told))
            return False
        return True

    async def _send(self, chunk: SpeechChunk, *, word_times: bool) -> None:
        """The words are told before their sound."""
        if word_times and chunk.words:
            await self._tell(words_message(chunk.words))
        sound = int16_from_float(chunk.samples).astype("<i2", copy=False)
        for frame in np.split(sound, range(FRAME_SAMPLES, sound.size, FRAME_SAMPLES)):
            await delivered(self._socket.send_bytes(frame.tobytes()))

    async def _tell_not_applied(self, found: list[NotApplied]) -> None:
        new = [each for each in found if each.option not in self._told_not_applied]
        if new:
            self._told_not_applied.update(each.option for each in new)
            await self._tell(not_applied_message(new))

    async def _tell(self, message: Message) -> None:
        await delivered(self._socket.send_text(msgspec.json.encode(message).decode()))

    async def _part(self, error: AppError) -> None:
        with suppress(ClientLeft):
            await self._tell(_error_message(error))
            await close(self._socket, _CLOSE_CODES.get(type(error), FAILED), error.message)


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _error_message(error: AppError) -> Message:
    return {"type": "error", "message": error.message, "code": error.code, **error.details}
