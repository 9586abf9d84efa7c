"""Speech recognition of recordings, as the gateway's document describes it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import parse_qs

import msgspec
from litestar import Request, Response, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from msgspec.structs import replace

from app.api.access import TOKEN
from app.api.described import form_of
from app.api.gateway.asr_answers import (
    CaptionAnswer,
    TranscriptAnswer,
    answer_of,
    caption_answer,
)
from app.api.gateway.asr_later import or_later, queued, queued_each
from app.api.hearing import admit_audio, heard, opened_url
from app.api.uploads import MIB, Form, most_upload_bytes, opened_body, opened_form
from app.asr.domain import OptionInvalid, R, Transcript, TranscriptionRequest, parse_request
from app.asr.job import JobTask
from app.asr.rendering import as_captions, as_srt, as_vtt
from app.core.aio import TaskScope
from app.core.audio.pcm import RawPcm
from app.core.errors import AppError, InvalidInput
from app.runtime import Runtime

AnyRequest = Request[Any, Any, Any]

MOST_FILES = 100
AT_ONCE = 4
MULTIPART = "multipart/form-data"

JSON: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}
RENDERED: dict[str, Any] = JSON | {
    name: {"schema": {"type": "string"}}
    for name in ("application/x-subrip", "text/vtt", "text/plain")
}


class PcmRequest(TranscriptionRequest, frozen=True, kw_only=True):
    """Beside the options, how the bytes are to be read."""

    sample_rate: Annotated[int, msgspec.Meta(ge=4000, le=192_000)] = 16_000
    channels: Annotated[int, msgspec.Meta(ge=1, le=8)] = 1
    bit_depth: Annotated[int, msgspec.Meta(ge=16, le=16)] = 16

    @property
    def layout(self) -> RawPcm:
        return RawPcm(self.sample_rate, self.channels)


class UrlRequest(TranscriptionRequest, frozen=True, kw_only=True):
    url: Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]


class Clean(msgspec.Struct, frozen=True):
    transcript: str


class Raw(msgspec.Struct, frozen=True):
    """`transcript` is as the model gave it, with its marks of events, if it has any."""

    transcript: str
    duration: float
    inference_time: str
    model: str
    decoder: str


class Captions(msgspec.Struct, frozen=True):
    segments: list[CaptionAnswer]


class FileAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Of one file: its transcript, or what is wrong with it."""

    filename: str
    result: TranscriptAnswer | None = None
    error: str | None = None
    code: str | None = None


class BatchAnswer(msgspec.Struct, frozen=True):
    total: int
    failed: int
    results: list[FileAnswer]


@post(
    ["/asr/transcribe", "/asr/transcribe/long"],
    opt=TOKEN,
    status_code=200,
    request_max_body_size=None,
    operation_class=or_later(form_of(TranscriptionRequest, RENDERED)),
)
async def transcribe(request: AnyRequest, runtime: NamedDependency[Runtime]) -> Response[Any]:
    """What is said in `file`, by whom and how, as the options ask. Recordings may last hours."""
    return await _uploaded(request, runtime, _rendered, with_words=True)


@post(
    "/asr/transcribe/clean",
    opt=TOKEN,
    status_code=200,
    request_max_body_size=None,
    operation_class=or_later(form_of(TranscriptionRequest, JSON)),
)
async def transcribe_clean(request: AnyRequest, runtime: NamedDependency[Runtime]) -> Response[Any]:
    """The text of `file` and nothing else, the fastest way."""
    return await _uploaded(request, runtime, _clean, with_words=False)


@post(
    "/asr/transcribe/raw",
    opt=TOKEN,
    status_code=200,
    request_max_body_size=None,
    operation_class=or_later(form_of(TranscriptionRequest, JSON)),
)
async def transcribe_raw(request: AnyRequest, runtime: NamedDependency[Runtime]) -> Response[Any]:
    """What the model itself says of `file`, before anything is rewritten."""
    return await _uploaded(request, runtime, _raw, with_words=False)


@post(
    "/asr/transcribe/pcm",
    opt=TOKEN,
    status_code=200,
    request_max_body_size=None,
    operation_class=or_later(form_of(PcmRequest, RENDERED)),
)
async def transcribe_pcm(request: AnyRequest, runtime: NamedDependency[Runtime]) -> Response[Any]:
    """Of 16-bit little-endian samples without a header: as `file` of a form, or as the whole body
    with the options in the query."""
    await admit_audio(request, runtime)
    most_bytes = most_upload_bytes(runtime)
    if request.content_type[0] == MULTIPART:
        async with opened_form(request, max_bytes=most_bytes) as form:
            asked = _asked(form, PcmRequest)
            sound = form.file("file").file
            task = JobTask(request=asked, raw=asked.layout)
            if later := await queued(request, runtime, sound, task, form.fields):
                return later
            transcript = await heard(request, runtime, sound, asked, raw=asked.layout)
    else:
        asked = parse_request(_once(_query(request)), PcmRequest)
        async with opened_body(request, max_bytes=most_bytes) as body:
            task = JobTask(request=asked, raw=asked.layout)
            if later := await queued(request, runtime, body.file, task):
                return later
            transcript = await heard(request, runtime, body.file, asked, raw=asked.layout)
    return _rendered(transcript, asked)


@post(
    "/asr/transcribe-url",
    opt=TOKEN,
    status_code=200,
    operation_class=or_later(form_of(UrlRequest, RENDERED, file=None)),
)
async def transcribe_url(request: AnyRequest, runtime: NamedDependency[Runtime]) -> Response[Any]:
    """Of the recording that lies at `url`, which is fetched from outside of this network only,
    or from where the organization's rules allow."""
    await admit_audio(request, runtime)
    fields = await _fields(request)
    url = parse_request(_once(fields), UrlRequest).url
    asked = parse_request(_once(fields), TranscriptionRequest)
    task = JobTask(request=asked, url=url)
    if later := await queued(request, runtime, None, task, fields):
        return later
    async with opened_url(request, runtime, url) as found:
        transcript = await heard(request, runtime, found.file, asked, field="url")
    return _rendered(transcript, asked)


@post(
    "/asr/transcribe/batch",
    opt=TOKEN,
    status_code=200,
    request_max_body_size=None,
    operation_class=or_later(
        form_of(TranscriptionRequest, JSON, file="files", many=True), each=True
    ),
)
async def transcribe_batch(request: AnyRequest, runtime: NamedDependency[Runtime]) -> Response[Any]:
    """Of several `files`, with the same options. What is wrong with one leaves the others alone.
    With `async=true` each becomes a job of its own."""
    await admit_audio(request, runtime)
    async with opened_form(request, max_bytes=most_upload_bytes(runtime)) as form:
        asked = _asked(form, TranscriptionRequest)
        runtime.speech.catalogue.choose_for(asked)
        files = _files(form)
        if later := await queued_each(request, runtime, files, JobTask(request=asked), form.fields):
            return later
        results: list[FileAnswer] = []
        for first in range(0, len(files), AT_ONCE):
            async with TaskScope() as scope:
                tasks = [
                    scope.spawn("file", _of_file(request, runtime, file, asked))
                    for file in files[first : first + AT_ONCE]
                ]
            results += [task.result() for task in tasks]
    failed = sum(each.result is None for each in results)
    return Response(BatchAnswer(len(results), failed, results))


async def _uploaded(
    request: AnyRequest,
    runtime: Runtime,
    answer: Callable[[Transcript, TranscriptionRequest], Response[Any]],
    *,
    with_words: bool,
) -> Response[Any]:
    """Of the `file` of a form: now, or as a job where that is asked for."""
    await admit_audio(request, runtime)
    async with opened_form(request, max_bytes=most_upload_bytes(runtime)) as form:
        asked = _asked(form, TranscriptionRequest)
        if not with_words:
            asked = replace(asked, summarize="")  # the answer has no place for it
        sound = form.file("file").file
        task = JobTask(request=asked, with_words=with_words)
        if later := await queued(request, runtime, sound, task, form.fields):
            return later
        transcript = await heard(request, runtime, sound, asked, with_words=with_words)
    return answer(transcript, asked)


def _clean(transcript: Transcript, _: TranscriptionRequest) -> Response[Any]:
    return Response(Clean(transcript.text))


def _raw(found: Transcript, _: TranscriptionRequest) -> Response[Any]:
    time_said = f"{found.inference_s:.3f}s"
    duration_s = round(found.duration_s, 3)
    return Response(Raw(found.raw, duration_s, time_said, found.model, found.decoder))


async def _of_file(
    request: AnyRequest, runtime: Runtime, file: UploadFile, asked: TranscriptionRequest
) -> FileAnswer:
    try:
        transcript = await heard(request, runtime, file.file, asked)
    except AppError as error:
        if error.status >= 500:
            raise
        return FileAnswer(filename=file.filename, error=error.message, code=error.code)
    return FileAnswer(filename=file.filename, result=answer_of(transcript, asked))


def _files(form: Form) -> list[UploadFile]:
    files = [file for name in ("files", "files[]", "file") for file in form.files.get(name, ())]
    if not 1 <= len(files) <= MOST_FILES:
        raise InvalidInput(f"files: give 1 to {MOST_FILES} files", field="files")
    return files


def _rendered(transcript: Transcript, asked: TranscriptionRequest) -> Response[Any]:
    match asked.format:
        case "srt":
            return Response(as_srt(transcript), media_type="application/x-subrip; charset=utf-8")
        case "vtt":
            return Response(as_vtt(transcript), media_type="text/vtt")
        case "text":
            return Response(transcript.text, media_type="text/plain")
        case "segments":
            return Response(Captions([caption_answer(each) for each in as_captions(transcript)]))
        case _:
            return Response(answer_of(transcript, asked))


async def _fields(request: AnyRequest) -> Mapping[str, Sequence[str]]:
    """Of a form of either kind, without files."""
    if request.content_type[0] == MULTIPART:
        async with opened_form(request, max_bytes=MIB) as form:
            return form.fields
    async with opened_body(request, max_bytes=MIB) as body:
        return _url_encoded(await body.read())


def _asked(form: Form, kind: type[R]) -> R:
    return parse_request(_once(form.fields), kind)


def _query(request: AnyRequest) -> dict[str, list[str]]:
    return {name: request.query_params.getall(name) for name in request.query_params}


def _url_encoded(body: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(body.decode(), strict_parsing=bool(body), max_num_fields=100)
    except (UnicodeDecodeError, ValueError):
        raise InvalidInput("body: it is no application/x-www-form-urlencoded form") from None


def _once(fields: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Every option may be given once."""
    for name, values in fields.items():
        if len(values) > 1:
            raise OptionInvalid(f"{name[:80]}: it is given more than once", field=name[:80])
    return {name: values[0] for name, values in fields.items()}


ROUTES = (
    transcribe,
    transcribe_clean,
    transcribe_raw,
    transcribe_pcm,
    transcribe_url,
    transcribe_batch,
)
