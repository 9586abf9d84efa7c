"""What every route that hears a recording does around it: asks the quota, fetches what is only
named by its address, counts what was heard."""

from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from litestar import Request
from litestar.datastructures import UploadFile

from app.api.callers import own_scope
from app.api.leaving import while_there
from app.api.thinking import thinking_scope
from app.asr.conversation import ConversationTold
from app.asr.domain import Transcript, TranscriptionRequest
from app.core.audio.errors import (
    AudioEmpty,
    AudioOutOfRange,
    AudioTooLong,
    AudioTooSlow,
    AudioUnreadable,
    NoAudioTrack,
)
from app.core.audio.pcm import RawPcm
from app.core.spill import room_for_files
from app.runtime import Runtime
from app.tenancy.domain.principals import Principal
from app.tenancy.domain.usage import Amounts

AnyRequest = Request[Any, Any, Any]

_WRONG_SOUND = (
    AudioEmpty,
    AudioOutOfRange,
    AudioTooLong,
    AudioTooSlow,
    AudioUnreadable,
    NoAudioTrack,
)


async def admit_audio(request: AnyRequest, runtime: Runtime) -> None:
    """Before the upload is read. The development ports ask for no token and count nothing."""
    if "principal" in request.scope["state"]:
        await runtime.quotas.admit_audio(own_scope(request))


async def heard(
    request: AnyRequest,
    runtime: Runtime,
    source: BinaryIO | SpooledTemporaryFile[bytes],
    asked: TranscriptionRequest,
    *,
    with_words: bool = True,
    raw: RawPcm | None = None,
    field: str = "file",
) -> Transcript:
    """What is wrong with the sound is said of `field`. Stops where the client leaves."""
    scope = thinking_scope(request, runtime)
    hearing = runtime.hearing.transcribe(
        scope, cast("BinaryIO", source), asked, raw=raw, with_words=with_words
    )
    return await accounted(request, runtime, hearing, field=field)


async def accounted(
    request: AnyRequest,
    runtime: Runtime,
    hearing: Coroutine[Any, Any, Transcript],
    *,
    field: str = "file",
) -> Transcript:
    """The same, of a hearing that somebody else describes."""
    try:
        transcript = await while_there(request, hearing)
    except _WRONG_SOUND as error:
        error.details["field"] = field
        raise
    principal: Principal | None = request.scope["state"].get("principal")
    if principal:
        tokens = transcript.told.tokens if transcript.told else 0
        amounts = Amounts(audio_s=transcript.duration_s, llm_tokens=tokens)
        runtime.usage.add(principal, request.scope["path_template"], amounts)
    return transcript


async def told_of(
    request: AnyRequest, runtime: Runtime, transcript: Transcript, mode: str
) -> ConversationTold:
    """What is said of a transcript that is there already."""
    scope = own_scope(request)
    told = await while_there(request, runtime.hearing.tell(scope, transcript, mode))
    principal: Principal = request.scope["state"]["principal"]
    amounts = Amounts(llm_tokens=told.tokens)
    runtime.usage.add(principal, request.scope["path_template"], amounts)
    return told


@asynccontextmanager
async def opened_url(request: AnyRequest, runtime: Runtime, url: str) -> AsyncGenerator[UploadFile]:
    """What lies there, as a file that is gone after the block."""
    scope = own_scope(request) if "principal" in request.scope["state"] else None
    upload = UploadFile(content_type="", filename="")
    try:
        with room_for_files():
            await runtime.remote_recordings.fetch(scope, url, upload.write)
            await upload.seek(0)
            yield upload
    finally:
        await upload.close()
