"""Speech from text over HTTP, and the voices there are."""

from base64 import b64encode
from collections.abc import AsyncGenerator
from typing import Annotated, Any, get_args

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.api.access import TOKEN
from app.api.described import json_of
from app.api.gateway.asr_answers import NotAppliedAnswer, not_applied_answer
from app.api.gateway.tts_answers import (
    TimedSpeech,
    VoicesAnswer,
    voices_answer,
    word_answer,
)
from app.api.hearing import admit_audio
from app.api.speaking import Said, SoundAsMade, all_of, owner_of, spoken
from app.core.clock import utc_now
from app.runtime import Runtime
from app.tts.domain import VoiceSettings, parse_speech
from app.tts.encoding import SampleRate, Sound, SoundFormat, as_whole_file, sound_of
from app.tts.speech import SAMPLE_RATE, SpeechChunk

AnyRequest = Request[Any, Any, Any]

SOUND: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
SOUNDS: dict[str, Any] = dict.fromkeys(
    sorted({sound_of(name, None).media_type for name in get_args(SoundFormat)}), SOUND
)
ANSWERS = SOUNDS | {"application/json": {"schema": {"type": "object"}}}


class Synthesis(VoiceSettings, frozen=True, kw_only=True):
    """`stream`: sound is sent while it is made. `word_times`: the answer is JSON with the times of
    words and phonemes, and the sound in base64."""

    text: Annotated[str, msgspec.Meta(min_length=1)]
    format: SoundFormat = "wav"
    sample_rate: SampleRate | None = None
    stream: bool = False
    word_times: bool = False


class TtsStatus(msgspec.Struct, frozen=True, kw_only=True):
    """`room_for`: voices that can speak at once without gaps, as far as is known by now. `ignores`
    are options that this engine has nothing to do with."""

    version: str
    uptime_s: float
    engine: str
    voices: int
    speaking: int
    room_for: int
    ignores: list[str]
    status: str = "running"


@post("/tts/synthesize", opt=TOKEN, status_code=200, operation_class=json_of(Synthesis, ANSWERS))
async def synthesize(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[dict[str, Any]]
) -> Response[Any]:
    """`text` as sound."""
    await admit_audio(request, runtime)
    asked = parse_speech(data, Synthesis)
    manner = await runtime.speaking.manner_of(asked, owner_of(request))
    not_applied = not_applied_answer(runtime.speaking.find_not_applied(manner))
    chunks = spoken(request, runtime, asked.text, manner)
    sound = sound_of(asked.format, asked.sample_rate)
    if asked.word_times:
        return await _timed(request, runtime, chunks, sound, not_applied)
    pieces = runtime.speaking.encoded(chunks, sound)
    ignored = ", ".join(each.option for each in not_applied)
    headers = {"x-not-applied": ignored} if ignored else {}
    if asked.stream:
        return SoundAsMade(request, pieces, sound.media_type, headers)
    whole = as_whole_file(sound, await all_of(request, pieces))
    return Response(whole, media_type=sound.media_type, headers=headers)


async def _timed(
    request: AnyRequest,
    runtime: Runtime,
    chunks: AsyncGenerator[SpeechChunk, None],
    sound: Sound,
    not_applied: list[NotAppliedAnswer],
) -> Response[TimedSpeech]:
    said = Said(chunks)
    parts = await all_of(request, runtime.speaking.encoded(said.chunks(), sound))
    return Response(
        TimedSpeech(
            audio=b64encode(as_whole_file(sound, parts)).decode(),
            format=sound.format,
            sample_rate=sound.sample_rate,
            duration_s=round(said.samples / SAMPLE_RATE, 3),
            words=[word_answer(word) for word in said.words],
            not_applied=not_applied,
        )
    )


@get("/tts/voices", opt=TOKEN)
async def tts_voices(request: AnyRequest, runtime: NamedDependency[Runtime]) -> VoicesAnswer:
    """Every voice by its id, and every language with what may be expected of it."""
    prefix = "" if request.scope["state"].get("tokenless") else "/tts"
    return voices_answer(await runtime.speaking.catalogue_of(owner_of(request)), prefix)


@get(
    "/tts/voices/{voice:str}/sample",
    opt=TOKEN,
    media_type="audio/wav",
)
async def tts_sample(
    request: AnyRequest, runtime: NamedDependency[Runtime], voice: FromPath[str]
) -> Response[bytes]:
    """A sentence in the language of the voice, as WAV. `voice` may be another name of it."""
    speaking, sound = runtime.speaking, Sound("wav", SAMPLE_RATE)
    catalogue = await speaking.catalogue_of(owner_of(request))
    chunks = speaking.speak_sample(catalogue.get(voice))
    parts = await all_of(request, speaking.encoded(chunks, sound))
    return Response(as_whole_file(sound, parts), media_type=sound.media_type)


@get("/tts/status", opt=TOKEN)
async def tts_status(request: AnyRequest, runtime: NamedDependency[Runtime]) -> TtsStatus:
    """What speaks, and how many voices at once."""
    speaking = runtime.speaking
    catalogue = await speaking.catalogue_of(owner_of(request))
    return TtsStatus(
        version=runtime.version,
        uptime_s=(utc_now() - runtime.started_at).total_seconds(),
        engine=runtime.settings.tts.engine,
        voices=len(catalogue.voices),
        speaking=speaking.speaking,
        room_for=speaking.room_for,
        ignores=sorted(speaking.ignores),
    )


ROUTES = (synthesize, tts_voices, tts_sample, tts_status)
