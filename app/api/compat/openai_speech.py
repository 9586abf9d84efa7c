"""Text to speech as OpenAI offers it: `base_url` of its clients is this server's, with /v1."""

from base64 import b64encode
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from app.api.access import TOKEN
from app.api.compat.asked import ParameterInvalid, read_json
from app.api.described import json_of
from app.api.hearing import admit_audio
from app.api.speaking import Said, SoundAsMade, owner_of, spoken
from app.runtime import Runtime
from app.tts.catalogue import Gender
from app.tts.domain import Name, Speed, VoiceSettings
from app.tts.encoding import sound_of
from app.tts.speech import SAMPLE_RATE

AnyRequest = Request[Any, Any, Any]

OWN_NAMES = ("tts-", "gpt-", "kokoro")
"""What OpenAI calls its models: the one engine stands behind each."""
TOKENS_PER_S = 20
"""Of sound, as OpenAI counts them."""
_SOUND: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
ANSWERS: dict[str, Any] = {
    **dict.fromkeys(
        ("audio/mpeg", "audio/ogg; codecs=opus", "audio/aac", "audio/flac", "audio/wav",
         "audio/pcm"),
        _SOUND,
    ),
    "text/event-stream": {"schema": {"type": "string"}},
}  # fmt: skip


class VoiceById(msgspec.Struct, frozen=True):
    id: Name


class AskedToSpeak(msgspec.Struct, frozen=True, kw_only=True):
    model: Name
    input: Annotated[str, msgspec.Meta(min_length=1)]
    voice: Name | VoiceById
    instructions: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    speed: Speed = 1.0
    stream_format: Literal["audio", "sse"] = "audio"


class Delta(msgspec.Struct, frozen=True, tag="speech.audio.delta"):
    """`audio`: the next piece of the file, in base64."""

    audio: str


class SpeechUsage(msgspec.Struct, frozen=True):
    input_tokens: int
    output_tokens: int
    total_tokens: int


class SpeechDone(msgspec.Struct, frozen=True, tag="speech.audio.done"):
    usage: SpeechUsage


class OneVoice(msgspec.Struct, frozen=True):
    id: str
    name: str
    language: str | None
    gender: Gender | None


class AllVoices(msgspec.Struct, frozen=True):
    voices: list[OneVoice]


@post(
    "/v1/audio/speech", opt=TOKEN, status_code=200, operation_class=json_of(AskedToSpeak, ANSWERS)
)
async def speech(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[dict[str, Any]]
) -> Response[Any]:
    """`input` as sound, sent while it is made."""
    await admit_audio(request, runtime)
    asked = read_json(data, AskedToSpeak)
    if not asked.model.startswith(OWN_NAMES):
        raise ParameterInvalid(f"model: there is no model {asked.model!r}", field="model")
    speaking = runtime.speaking
    manner = await speaking.manner_of(_settings(asked), owner_of(request))
    sound = sound_of(asked.response_format, None)
    chunks = spoken(request, runtime, asked.input, manner)
    if asked.stream_format == "audio":
        return SoundAsMade(request, speaking.encoded(chunks, sound), sound.media_type)
    said = Said(chunks)
    events = _events(said, speaking.encoded(said.chunks(), sound), len(asked.input))
    return SoundAsMade(request, events, "text/event-stream")


def _settings(asked: AskedToSpeak) -> VoiceSettings:
    voice = asked.voice if isinstance(asked.voice, str) else asked.voice.id
    return VoiceSettings(voice=voice, speed=asked.speed, instruct=asked.instructions)


async def _events(
    said: Said, pieces: AsyncGenerator[bytes, None], characters: int
) -> AsyncGenerator[bytes, None]:
    """Server-sent events of a file. `said`: what it is made of."""
    async with aclosing(pieces):
        async for piece in pieces:
            yield _event(Delta(b64encode(piece).decode()))
    heard = -(-said.samples * TOKENS_PER_S // SAMPLE_RATE)
    written = -(-characters // 4)
    yield _event(SpeechDone(SpeechUsage(written, heard, written + heard)))


def _event(event: Delta | SpeechDone) -> bytes:
    return b"data: " + msgspec.json.encode(event) + b"\n\n"


@get("/v1/audio/voices", opt=TOKEN)
async def voices(request: AnyRequest, runtime: NamedDependency[Runtime]) -> AllVoices:
    """Every name that `voice` can be."""
    catalogue = await runtime.speaking.catalogue_of(owner_of(request))
    return AllVoices(
        [
            OneVoice(name, voice.name, voice.home.language.code or None, voice.gender)
            for voice in catalogue.voices
            for name in (voice.id, *voice.aliases)
        ]
    )


ROUTES = (speech, voices)
