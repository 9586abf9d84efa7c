"""`async=true`: the upload is taken, and its transcription asked for later."""

from collections.abc import Mapping, Sequence
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast
from uuid import UUID

import msgspec
from litestar import Request, Response

from app.api.callers import own_scope
from app.asr.domain import OptionInvalid
from app.asr.job import JobOwner, JobTask, TranscriptionJob
from app.core.errors import NotAuthenticated
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.principals import Principal

AnyRequest = Request[Any, Any, Any]
NO_FIELDS: Mapping[str, Sequence[str]] = {}
_TRUTHS = {"true": True, "1": True, "false": False, "0": False, "": False}


class Queued(msgspec.Struct, frozen=True):
    job_id: UUID
    status: str
    status_url: str


async def queued(
    request: AnyRequest,
    runtime: Runtime,
    source: BinaryIO | SpooledTemporaryFile[bytes],
    task: JobTask,
    fields: Mapping[str, Sequence[str]] = NO_FIELDS,
) -> Response[Any] | None:
    """The answer where the query or the form says `async=true`; None where somebody waits."""
    wish = _TRUTHS.get(_said(request, fields, "async").lower())
    if wish is None:
        raise OptionInvalid("async: it is true or false", field="async")
    url = _said(request, fields, "webhook_url")
    if not wish:
        if url:
            raise OptionInvalid("webhook_url: it goes with async=true", field="webhook_url")
        return None
    scope = job_scope(request)
    principal: Principal = request.scope["state"]["principal"]
    owner = JobOwner(principal.key_id, principal.user_id, request.scope["path_template"])
    job = await runtime.transcription_jobs.enqueue(
        scope, cast("BinaryIO", source), task, owner, url or None
    )
    return Response(_answer(job), status_code=202, headers={"location": job.url})


def job_scope(request: AnyRequest) -> OrgScope:
    """A dependency. A development port asks nobody who they are: no job can be theirs."""
    if "principal" not in request.scope["state"]:
        raise NotAuthenticated("Jobs belong to an organization: ask the main port, with a token")
    return own_scope(request)


def _said(request: AnyRequest, fields: Mapping[str, Sequence[str]], name: str) -> str:
    said = [*request.query_params.getall(name, []), *fields.get(name, ())]
    if len(said) > 1:
        raise OptionInvalid(f"{name}: it is given more than once", field=name)
    return str(said[0]).strip() if said else ""


def _answer(job: TranscriptionJob) -> Queued:
    return Queued(job.id, job.status.value, job.url)
