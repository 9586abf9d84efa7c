"""ElevenLabs: streamed, with the time of every letter."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

import msgspec

from app.core.http import OutboundClient
from app.core.setting_fields import Secret
from app.tts.engines.remote import JSON, Passage, RemoteApi, as_samples
from app.tts.speech import Manner, SpeechChunk, SpokenWord, TimedWord

BASE_URL = "https://api.elevenlabs.io"
MODEL = "eleven_flash_v2_5"
VOICE = "21m00Tcm4TlvDq8ikWAM"

LINE_BYTES = 8 * 1024 * 1024
_MEDIA = (*JSON, "text/event-stream", "application/x-ndjson", "text/plain", "audio/")
_SLOWEST, _FASTEST = 0.7, 1.2
_TOLD_LANGUAGES = ("_v2_5", "_v3")
"""Other models refuse to be told one."""


class _Alignment(msgspec.Struct, frozen=True):
    """Times count from the beginning of the answer."""

    characters: list[str]
    character_start_times_seconds: list[float]
    character_end_times_seconds: list[float]


class _Line(msgspec.Struct, frozen=True):
    audio_base64: bytes | None = None
    alignment: _Alignment | None = None


class ElevenLabsSpeech:
    """A speed that is not between 0.7 and 1.2 is the nearer of these."""

    ignores = frozenset({"temperature", "top_k", "instruct"})
    most_characters = 5000

    def __init__(self, base_url: str, key: Secret, *, model: str, client: OutboundClient) -> None:
        self._api = RemoteApi("ElevenLabs", base_url, {"xi-api-key": key}, client)
        self._model = model

    async def say(self, passage: Passage, manner: Manner) -> AsyncGenerator[SpeechChunk, None]:
        voice = quote(manner.voice, safe="")
        path = f"/v1/text-to-speech/{voice}/stream/with-timestamps?output_format=pcm_24000"
        places, is_heard = _Places(passage.words), False
        async with (
            self._api.post(path, self._body(passage, manner), media=_MEDIA) as answer,
            aclosing(_lines(answer.chunks(), self._api)) as lines,
        ):
            async for line in lines:
                words = places.timed(line.alignment) if line.alignment else ()
                sound = line.audio_base64 or b""
                if sound or words:
                    is_heard = is_heard or bool(sound)
                    yield SpeechChunk(as_samples(sound[: len(sound) & ~1]), tuple(words))
        if not is_heard:
            raise self._api.failed("sent no sound")

    def _body(self, passage: Passage, manner: Manner) -> dict[str, Any]:
        body: dict[str, Any] = {"text": passage.text, "model_id": self._model}
        if manner.language and self._model.endswith(_TOLD_LANGUAGES):
            body["language_code"] = manner.language.partition("-")[0]
        settings = {}
        if manner.speed != 1:
            settings["speed"] = min(max(manner.speed, _SLOWEST), _FASTEST)
        if manner.exaggeration:
            settings["style"] = min(manner.exaggeration, 1.0)
        if settings:
            body["voice_settings"] = settings
        return body


class _Places:
    """Of letters in words. A word is told with the line that its last letter comes in."""

    def __init__(self, words: tuple[SpokenWord, ...]) -> None:
        self._words = words
        self._letters = [
            (letter, place)
            for place, word in enumerate(words)
            for letter in word.text
            if not letter.isspace()
        ]
        self._next = 0
        self._start_s = 0.0

    def timed(self, alignment: _Alignment) -> list[TimedWord]:
        found: list[TimedWord] = []
        for letter, start_s, end_s in zip(
            alignment.characters,
            alignment.character_start_times_seconds,
            alignment.character_end_times_seconds,
            strict=False,
        ):
            if self._next == len(self._letters) or letter != self._letters[self._next][0]:
                continue
            place = self._letters[self._next][1]
            if not self._next or self._letters[self._next - 1][1] != place:
                self._start_s = start_s
            self._next += 1
            if self._next == len(self._letters) or self._letters[self._next][1] != place:
                word = self._words[place]
                found.append(TimedWord(word.text, word.begin, word.end, self._start_s, end_s))
        return found


async def _lines(pieces: AsyncIterator[bytes], api: RemoteApi) -> AsyncGenerator[_Line, None]:
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > LINE_BYTES:
            raise api.failed("sends a line that has no end")
        for line in whole:
            if line.strip():
                yield _line(line, api)
    if rest.strip():
        yield _line(rest, api)


def _line(line: bytes, api: RemoteApi) -> _Line:
    try:
        return msgspec.json.decode(line, type=_Line)
    except msgspec.MsgspecError:
        raise api.failed("sends lines that cannot be read") from None
