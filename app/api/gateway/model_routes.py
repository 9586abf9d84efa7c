"""The models alone, without an agent around them: to chat with, to speak with, to listen with."""

import time
from contextlib import aclosing
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from app.api.access import TOKEN
from app.api.described import form_of, json_of
from app.api.gateway.agent_answers import TokensAnswer, label_of, tokens_of
from app.api.gateway.tts import SOUNDS
from app.api.hearing import admit_audio, heard
from app.api.leaving import while_there
from app.api.speaking import all_of, owner_of, spoken
from app.api.thinking import Steps, counted, thinking_scope
from app.api.uploads import Form, most_upload_bytes, opened_form
from app.asr.domain import TranscriptionRequest, parse_request
from app.core.errors import InvalidInput
from app.llm.conversation import Finished, Message, Prompt, Role, TextChunk
from app.runtime import Runtime
from app.tts.catalogue import Gender
from app.tts.domain import VoiceSettings, parse_speech
from app.tts.encoding import SoundFormat, as_whole_file, sound_of

AnyRequest = Request[Any, Any, Any]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200_000, pattern="^[^\\0]*$")]
MOST_TOKENS = 4096

_ROLES: dict[str, Role] = {"system": "developer", "user": "user", "assistant": "assistant"}


class ChatMessage(msgspec.Struct, frozen=True):
    role: Literal["system", "user", "assistant"]
    content: Text


class AskedChat(msgspec.Struct, frozen=True, kw_only=True):
    """`fast` is taken for compatibility: there is one model, the operator's choice."""

    messages: Annotated[list[ChatMessage], msgspec.Meta(max_length=1000)]
    max_tokens: Annotated[int, msgspec.Meta(ge=1, le=MOST_TOKENS)] = 1024
    fast: bool = False


class ChatAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`model`: who answered."""

    text: str
    model: str | None
    finish_reason: str | None
    usage: TokensAnswer
    latency_ms: int


class AskedSpeech(VoiceSettings, frozen=True, kw_only=True):
    text: Annotated[str, msgspec.Meta(min_length=1)]
    output_format: SoundFormat = "mp3"


class AskedTranscript(msgspec.Struct, frozen=True, kw_only=True):
    """`language` and `model` are chosen here where they are empty."""

    language: str = ""
    model: str = ""
    diarize: bool = False


class HeardSegment(msgspec.Struct, frozen=True, kw_only=True):
    start: float
    end: float
    text: str
    speaker: str | None


class HeardAnswer(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    language: str
    duration_seconds: float
    segments: list[HeardSegment]


class VoiceEntry(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    engine: str
    gender: Gender | None
    language: str | None


class VoiceList(msgspec.Struct, frozen=True):
    voices: list[VoiceEntry]
    default_engine: str


JSON: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}


@get("/bot/api/models/voices", opt=TOKEN)
async def model_voices(request: AnyRequest, runtime: NamedDependency[Runtime]) -> VoiceList:
    """What may stand in `voice`."""
    engine = runtime.settings.tts.engine
    found = (await runtime.speaking.catalogue_of(owner_of(request))).voices
    voices = [
        VoiceEntry(
            id=voice.id,
            name=voice.name,
            engine=engine,
            gender=voice.gender,
            language=voice.home.language.code or None,
        )
        for voice in found
    ]
    return VoiceList(voices, engine)


@post("/bot/api/models/chat", opt=TOKEN, status_code=200)
async def model_chat(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[AskedChat]
) -> ChatAnswer:
    """What the model answers, told nothing but this."""
    if not data.messages or data.messages[-1].role != "user":
        raise InvalidInput("messages: the last one must be of the user", field="messages")
    messages = [Message(_ROLES[each.role], each.content) for each in data.messages]
    prompt = Prompt(messages, most_tokens=data.max_tokens)
    steps = runtime.thinking.stream(thinking_scope(request, runtime), prompt)
    return await while_there(request, _chat_answer(counted(request, runtime, steps)))


@post(
    "/bot/api/models/tts",
    opt=TOKEN,
    status_code=200,
    operation_class=json_of(AskedSpeech, SOUNDS),
)
async def model_tts(
    request: AnyRequest, runtime: NamedDependency[Runtime], data: JSONBody[dict[str, Any]]
) -> Response[bytes]:
    """`text` as sound."""
    await admit_audio(request, runtime)
    asked = parse_speech(data, AskedSpeech)
    manner = await runtime.speaking.manner_of(asked, owner_of(request))
    sound = sound_of(asked.output_format, None)
    chunks = spoken(request, runtime, asked.text, manner)
    pieces = await all_of(request, runtime.speaking.encoded(chunks, sound))
    return Response(as_whole_file(sound, pieces), media_type=sound.media_type)


@post(
    "/bot/api/models/transcribe",
    opt=TOKEN,
    status_code=200,
    request_max_body_size=None,
    operation_class=form_of(AskedTranscript, JSON),
)
async def model_transcribe(
    request: AnyRequest, runtime: NamedDependency[Runtime]
) -> Response[HeardAnswer]:
    """What is said in `file`."""
    await admit_audio(request, runtime)
    async with opened_form(request, max_bytes=most_upload_bytes(runtime)) as form:
        asked = _asked(form)
        found = await heard(request, runtime, form.file("file").file, asked)
    segments = [
        HeardSegment(start=each.start_s, end=each.end_s, text=each.text, speaker=each.speaker)
        for each in found.segments
    ]
    return Response(
        HeardAnswer(
            text=found.text,
            language=found.language,
            duration_seconds=round(found.duration_s, 3),
            segments=segments,
        )
    )


async def _chat_answer(steps: Steps) -> ChatAnswer:
    began, text, finished = time.monotonic(), "", None
    async with aclosing(steps):
        async for step in steps:
            if isinstance(step, TextChunk):
                text += step.text
            elif isinstance(step, Finished):
                finished = step
    return ChatAnswer(
        text=text,
        model=label_of(finished) if finished else None,
        finish_reason=finished.reason if finished else None,
        usage=tokens_of(finished),
        latency_ms=round((time.monotonic() - began) * 1000),
    )


def _asked(form: Form) -> TranscriptionRequest:
    known = {field.encode_name for field in msgspec.structs.fields(AskedTranscript)}
    given = {name: values[0] for name, values in form.fields.items() if name in known}
    return parse_request(given, TranscriptionRequest)


ROUTES = (model_voices, model_chat, model_tts, model_transcribe)
