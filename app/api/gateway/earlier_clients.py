"""Recordings as earlier client libraries send them."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from app.api.access import TOKEN
from app.api.described import form_of
from app.api.hearing import admit_audio, heard
from app.api.uploads import most_upload_bytes, opened_form
from app.asr.domain import Segment, Transcript, TranscriptionRequest, parse_request
from app.asr.rendering import timed_words
from app.runtime import Runtime

AnyRequest = Request[Any, Any, Any]
ModelName = Annotated[str, QueryParameter(max_length=100)]

AUDIO = "audio"
ANSWER: dict[str, Any] = {"application/json": {"schema": {"type": "object"}}}


class NoOptions(msgspec.Struct, frozen=True):
    """Nothing beside the file."""


FORM = form_of(NoOptions, ANSWER, file=AUDIO)


class Simple(msgspec.Struct, frozen=True, kw_only=True):
    success: Literal[True] = True
    transcript: str


class ModelListed(msgspec.Struct, frozen=True):
    model: str


class TimedWord(msgspec.Struct, frozen=True):
    word: str
    start: float
    end: float


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    transcript: str
    duration_seconds: float
    timestamps: list[TimedWord]
    language_code: str


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    speaker_id: str
    text: str
    start: float
    end: float


class DiarizedConversation(Conversation, frozen=True, kw_only=True):
    diarize_output: list[Turn]


@post(
    "/agent/transcribe/simple",
    opt=TOKEN,
    status_code=200,
    request_max_body_size=None,
    operation_class=FORM,
)
async def transcribe_simply(request: AnyRequest, runtime: NamedDependency[Runtime]) -> Simple:
    """The text of `audio`."""
    transcript = await _heard(request, runtime, TranscriptionRequest(), with_words=False)
    return Simple(transcript=transcript.text)


@get("/v1/list-asr-models", opt=TOKEN)
async def list_models(runtime: NamedDependency[Runtime]) -> list[ModelListed]:
    """The names that `model_name` may have."""
    return [ModelListed(model.name) for model in runtime.speech.catalogue.models]


@post(
    "/v1/conversation/STT",
    opt=TOKEN,
    status_code=200,
    request_max_body_size=None,
    operation_class=FORM,
)
async def conversation(
    request: AnyRequest, runtime: NamedDependency[Runtime], model_name: ModelName = "default"
) -> Conversation:
    """The text of `audio`, with the times of its words."""
    asked = parse_request({"model": model_name, "word_timestamps": True})
    transcript = await _heard(request, runtime, asked)
    return Conversation(**_said(transcript))


@post(
    "/v1/conversation/DiarizeSTT",
    opt=TOKEN,
    status_code=200,
    request_max_body_size=None,
    operation_class=FORM,
)
async def diarized_conversation(
    request: AnyRequest, runtime: NamedDependency[Runtime], model_name: ModelName = "default"
) -> DiarizedConversation:
    """The same, and who said what."""
    asked = parse_request({"model": model_name, "word_timestamps": True, "diarize": True})
    transcript = await _heard(request, runtime, asked)
    turns = [_turn(segment) for segment in transcript.segments]
    return DiarizedConversation(**_said(transcript), diarize_output=turns)


async def _heard(
    request: AnyRequest,
    runtime: Runtime,
    asked: TranscriptionRequest,
    *,
    with_words: bool = True,
) -> Transcript:
    await admit_audio(request, runtime)
    async with opened_form(request, max_bytes=most_upload_bytes(runtime)) as form:
        sound = form.file(AUDIO).file
        return await heard(request, runtime, sound, asked, with_words=with_words)


def _said(transcript: Transcript) -> dict[str, Any]:
    return {
        "transcript": transcript.text,
        "duration_seconds": round(transcript.duration_s, 3),
        "timestamps": [
            TimedWord(word.text, round(word.start_s, 3), round(word.end_s, 3))
            for segment in transcript.segments
            for word in timed_words(segment)
        ],
        "language_code": transcript.language,
    }


def _turn(segment: Segment) -> Turn:
    return Turn(
        speaker_id=segment.speaker or "SPEAKER_00",
        text=segment.text,
        start=round(segment.start_s, 3),
        end=round(segment.end_s, 3),
    )


ROUTES = (transcribe_simply, list_models, conversation, diarized_conversation)
