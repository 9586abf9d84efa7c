"""Speech as OpenAI offers it: `base_url` of its clients is this server's, with /v1."""

from contextlib import AsyncExitStack
from functools import partial
from typing import Annotated, Any, BinaryIO, Literal

import msgspec
from litestar import Request, Response, post
from litestar.di import NamedDependency

from app.api.access import TOKEN
from app.api.compat import openai_speech
from app.api.compat.asked import ParameterInvalid, read_asked
from app.api.compat.openai_answers import by_speaker, plain, verbose
from app.api.compat.openai_errors import error_body
from app.api.compat.openai_stream import SpokenText
from app.api.described import form_of
from app.api.family import Family
from app.api.hearing import accounted, admit_audio, heard
from app.api.uploads import Form, most_upload_bytes, opened_form, stream_of
from app.asr.domain import Transcript, TranscriptionRequest, parse_request
from app.asr.rendering import as_srt, as_vtt
from app.asr.text_so_far import TellSegment
from app.runtime import Runtime

AnyRequest = Request[Any, Any, Any]
Text = Annotated[str, msgspec.Meta(max_length=4000)]
Task = Literal["transcribe", "translate"]

OWN_NAMES = ("whisper-1", "gpt-")
"""What OpenAI calls its models: here the default one, or without a language the one that knows
the most languages, stands behind each."""
KNOWS_MOST = "whissle-large"
TEXT = "text/plain; charset=utf-8"
ANSWERS: dict[str, Any] = {
    "application/json": {"schema": {"type": "object"}},
    "text/plain": {"schema": {"type": "string"}},
    "text/event-stream": {"schema": {"type": "string"}},
}


class AskedToTranslate(msgspec.Struct, frozen=True, kw_only=True):
    model: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    prompt: Text = ""
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] = "json"
    temperature: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0


class AskedToTranscribe(msgspec.Struct, frozen=True, kw_only=True):
    model: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    language: Annotated[str, msgspec.Meta(max_length=100)] = ""
    prompt: Text = ""
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"] = "json"
    temperature: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0
    timestamp_granularities: tuple[Literal["word", "segment"], ...] = ()
    stream: bool = False
    keywords: tuple[Text, ...] = ()
    include: tuple[Text, ...] = ()


@post(
    "/v1/audio/transcriptions",
    opt=TOKEN,
    status_code=200,
    request_max_body_size=None,
    operation_class=form_of(AskedToTranscribe, ANSWERS),
)
async def transcriptions(request: AnyRequest, runtime: NamedDependency[Runtime]) -> Response[Any]:
    """What is said in `file`, in the language it is said in."""
    await admit_audio(request, runtime)
    async with AsyncExitStack() as opened:
        form = await opened.enter_async_context(_form(request, runtime))
        asked = read_asked(_texts(form), AskedToTranscribe)
        _refuse_what_is_not_there(asked)
        wanted = _transcription(asked)
        if asked.stream:
            hear = partial(_told_and_heard, request, runtime, stream_of(form.file("file")), wanted)
            return SpokenText(hear, opened.pop_all())
        transcript = await _heard(request, runtime, form, wanted)
    if asked.response_format == "diarized_json":
        return Response(by_speaker(transcript))
    return _rendered(transcript, asked, "transcribe", asked.timestamp_granularities)


@post(
    "/v1/audio/translations",
    opt=TOKEN,
    status_code=200,
    request_max_body_size=None,
    operation_class=form_of(AskedToTranslate, ANSWERS),
)
async def translations(request: AnyRequest, runtime: NamedDependency[Runtime]) -> Response[Any]:
    """What is said in `file`, in English."""
    await admit_audio(request, runtime)
    async with _form(request, runtime) as form:
        asked = read_asked(_texts(form), AskedToTranslate)
        transcript = await _heard(request, runtime, form, _translation(asked))
    return _rendered(transcript, asked, "translate", ())


def _form(request: AnyRequest, runtime: Runtime) -> Any:
    return opened_form(request, max_bytes=most_upload_bytes(runtime))


async def _heard(
    request: AnyRequest, runtime: Runtime, form: Form, wanted: TranscriptionRequest
) -> Transcript:
    source = stream_of(form.file("file"))
    return await heard(request, runtime, source, wanted, with_words=wanted.word_timestamps)


async def _told_and_heard(
    request: AnyRequest,
    runtime: Runtime,
    source: BinaryIO,
    wanted: TranscriptionRequest,
    tell: TellSegment,
) -> Transcript:
    hearing = runtime.speech.transcribe(source, wanted, with_words=False, tell=tell)
    return await accounted(request, runtime, hearing)


def _texts(form: Form) -> dict[str, list[str]]:
    return {name: [*texts] for name, texts in form.fields.items()}


def _refuse_what_is_not_there(asked: AskedToTranscribe) -> None:
    if asked.stream and asked.response_format not in ("json", "text"):
        raise ParameterInvalid("stream: response_format must be json or text", field="stream")
    if asked.timestamp_granularities and asked.response_format != "verbose_json":
        name = "timestamp_granularities"
        raise ParameterInvalid(f"{name}: response_format must be verbose_json", field=name)
    if "logprobs" in asked.include:
        raise ParameterInvalid("include: there are no logprobs of tokens here", field="include")


def _transcription(asked: AskedToTranscribe) -> TranscriptionRequest:
    needs_times = asked.response_format in ("srt", "verbose_json", "vtt")
    return parse_request(
        {
            "model": _model(asked.model, asked.language),
            "language": asked.language,
            "prompt": asked.prompt,
            "hotwords": ",".join(asked.keywords),
            "temperature": asked.temperature or "",
            "word_timestamps": needs_times,
            "diarize": asked.response_format == "diarized_json",
        }
    )


def _translation(asked: AskedToTranslate) -> TranscriptionRequest:
    return parse_request(
        {
            "model": _model(asked.model, ""),
            "task": "translate",
            "prompt": asked.prompt,
            "temperature": asked.temperature or "",
            "word_timestamps": asked.response_format in ("srt", "verbose_json", "vtt"),
        }
    )


def _model(name: str, language: str) -> str:
    if not name.startswith(OWN_NAMES):
        return name
    return "default" if language else KNOWS_MOST


def _rendered(
    transcript: Transcript,
    asked: AskedToTranscribe | AskedToTranslate,
    task: Task,
    granularities: tuple[str, ...],
) -> Response[Any]:
    match asked.response_format:
        case "text":
            return Response(transcript.text + "\n", media_type=TEXT)
        case "srt":
            return Response(as_srt(transcript), media_type=TEXT)
        case "vtt":
            return Response(as_vtt(transcript), media_type=TEXT)
        case "verbose_json":
            return Response(verbose(transcript, task, granularities))
        case _:
            return Response(plain(transcript))


FAMILY = Family(
    name="openai",
    title="Speech in the API of OpenAI",
    description="For the clients of OpenAI: set their base_url to this server's address and /v1.",
    prefixes=("/v1/audio",),
    error_body=error_body,
    routes=(transcriptions, translations, *openai_speech.ROUTES),
)
