"""`async=true`: the upload is taken, and its transcription asked for later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, BinaryIO, cast
from uuid import UUID

import msgspec
from litestar import Request, Response
from litestar.datastructures import UploadFile
from litestar.openapi.spec import Operation

from app.api.callers import own_scope
from app.asr.domain import OptionInvalid
from app.asr.job import JobOwner, JobTask, TranscriptionJob
from app.core.errors import NotAuthenticated
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.principals import Principal

AnyRequest = Request[Any, Any, Any]
Sound = BinaryIO | SpooledTemporaryFile[bytes]
NO_FIELDS: Mapping[str, Sequence[str]] = {}
_TRUTHS = {"true": True, "1": True, "false": False, "0": False, "": False}


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that are read here, for the document."""

    is_async: Annotated[
        bool, msgspec.Meta(description="Answer 202 at once and transcribe as a job")
    ] = msgspec.field(name="async", default=False)
    webhook_url: Annotated[
        str, msgspec.Meta(description="With async=true: who is told that the job is over")
    ] = ""


class Queued(msgspec.Struct, frozen=True):
    job_id: UUID
    status: str
    status_url: str


class QueuedFile(Queued, frozen=True):
    filename: str


class QueuedBatch(msgspec.Struct, frozen=True):
    """A job for each file, in the order they came."""

    total: int
    jobs: list[QueuedFile]


async def queued(
    request: AnyRequest,
    runtime: Runtime,
    source: Sound | None,
    task: JobTask,
    fields: Mapping[str, Sequence[str]] = NO_FIELDS,
) -> Response[Any] | None:
    """The answer where the query or the form says `async=true`; None where somebody waits.
    Without a source the task names an address."""
    if not _is_wished(request, fields):
        return None
    (job,) = await _jobs(request, runtime, [source], task, fields)
    return Response(
        Queued(job.id, job.status.value, job.url),
        status_code=202,
        headers={"location": job.url},
    )


async def queued_each(
    request: AnyRequest,
    runtime: Runtime,
    files: Sequence[UploadFile],
    task: JobTask,
    fields: Mapping[str, Sequence[str]],
) -> Response[Any] | None:
    """The same, with a job for each file."""
    if not _is_wished(request, fields):
        return None
    jobs = await _jobs(request, runtime, [file.file for file in files], task, fields)
    told = [
        QueuedFile(job.id, job.status.value, job.url, file.filename)
        for job, file in zip(jobs, files, strict=True)
    ]
    return Response(QueuedBatch(len(told), told), status_code=202)


def or_later(described: type[Operation], *, each: bool = False) -> type[Operation]:
    """The operation in the document, with these fields in its forms and the answer to them."""
    answer = _schema(Queued)
    if each:
        answer = _schema(QueuedBatch)
        answer["properties"]["jobs"]["items"] = _schema(QueuedFile)

    @dataclass
    class OrLater(described):
        def to_schema(self) -> dict[str, Any]:
            schema = super().to_schema()
            for body in schema["requestBody"]["content"].values():
                body["schema"]["properties"] |= _schema(Later)["properties"]
            schema["responses"]["202"] = {
                "description": "A job was made of it",
                "content": {"application/json": {"schema": answer}},
            }
            return schema

    return OrLater


def job_scope(request: AnyRequest) -> OrgScope:
    """A dependency. A development port asks nobody who they are: no job can be theirs."""
    if "principal" not in request.scope["state"]:
        raise NotAuthenticated("Jobs belong to an organization: ask the main port, with a token")
    return own_scope(request)


def _is_wished(request: AnyRequest, fields: Mapping[str, Sequence[str]]) -> bool:
    wish = _TRUTHS.get(_said(request, fields, "async").lower())
    if wish is None:
        raise OptionInvalid("async: it is true or false", field="async")
    if not wish and _said(request, fields, "webhook_url"):
        raise OptionInvalid("webhook_url: it goes with async=true", field="webhook_url")
    return wish


async def _jobs(
    request: AnyRequest,
    runtime: Runtime,
    sources: Sequence[Sound | None],
    task: JobTask,
    fields: Mapping[str, Sequence[str]],
) -> list[TranscriptionJob]:
    scope = job_scope(request)
    principal: Principal = request.scope["state"]["principal"]
    owner = JobOwner(principal.key_id, principal.user_id, request.scope["path_template"])
    url = _said(request, fields, "webhook_url")
    return await runtime.transcription_jobs.enqueue(
        scope, cast("Sequence[BinaryIO | None]", sources), task, owner, url or None
    )


def _schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    return dict(msgspec.json.schema(kind)["$defs"][kind.__name__])


def _said(request: AnyRequest, fields: Mapping[str, Sequence[str]], name: str) -> str:
    said = [*request.query_params.getall(name, []), *fields.get(name, ())]
    if len(said) > 1:
        raise OptionInvalid(f"{name}: it is given more than once", field=name)
    return str(said[0]).strip() if said else ""
