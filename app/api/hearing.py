"""What every route that hears a recording does around it: asks the quota, fetches what is only
named by its address, counts what was heard."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from litestar import Request
from litestar.datastructures import UploadFile

from app.api.callers import own_scope
from app.api.leaving import while_there
from app.api.uploads import MIB
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
from app.core.errors import InvalidInput, UpstreamFailed, UpstreamTimeout
from app.core.http import HostRule, OutboundBlocked, OutboundLimits
from app.runtime import Runtime
from app.tenancy.domain.principals import Principal
from app.tenancy.domain.usage import Amounts

AnyRequest = Request[Any, Any, Any]

FETCH_S = 600
_WRONG_SOUND = (
    AudioEmpty,
    AudioOutOfRange,
    AudioTooLong,
    AudioTooSlow,
    AudioUnreadable,
    NoAudioTrack,
)


class RecordingNotFetched(InvalidInput):
    """Whoever named the address is told why; it is no fault of ours."""

    code = "recording_not_fetched"


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
) -> Transcript:
    """What is wrong with the sound is said of the field `file`. Stops where the client leaves."""
    try:
        transcript = await while_there(
            request,
            runtime.speech.transcribe(
                cast("BinaryIO", source), asked, raw=raw, with_words=with_words
            ),
        )
    except _WRONG_SOUND as error:
        error.details.setdefault("field", "file")
        raise
    principal: Principal | None = request.scope["state"].get("principal")
    if principal:
        amounts = Amounts(audio_s=transcript.duration_s)
        runtime.usage.add(principal, request.scope["path_template"], amounts)
    return transcript


@asynccontextmanager
async def opened_url(request: AnyRequest, runtime: Runtime, url: str) -> AsyncGenerator[UploadFile]:
    """What lies there, as a file that is gone after the block."""
    limits = OutboundLimits(
        total_s=FETCH_S, max_response_bytes=runtime.settings.server.max_upload_mb * MIB
    )
    allowed = await _own_rules(request, runtime)
    upload = UploadFile(content_type="", filename="")
    try:
        try:
            async with runtime.outbound.stream(
                "GET", url, allowed=allowed, limits=limits
            ) as answer:
                if answer.status != 200:
                    raise RecordingNotFetched(f"url: it answers {answer.status}", field="url")
                async for chunk in answer.chunks():
                    await upload.write(chunk)
        except OutboundBlocked as error:
            error.details.setdefault("field", "url")
            raise
        except (UpstreamFailed, UpstreamTimeout) as error:
            raise RecordingNotFetched(f"url: {error.message}", field="url") from error
        await upload.seek(0)
        yield upload
    finally:
        await upload.close()


async def _own_rules(request: AnyRequest, runtime: Runtime) -> frozenset[HostRule]:
    if "principal" not in request.scope["state"]:
        return frozenset()
    async with runtime.database.transaction(own_scope(request)) as tx:
        return await runtime.outbound_rules.list(tx)
