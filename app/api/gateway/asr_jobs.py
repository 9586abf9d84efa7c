"""Transcriptions that were asked for with `async=true`: where they stand and what came of them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from app.api.access import TOKEN
from app.api.gateway.asr import Captions, Clean, Raw
from app.api.gateway.asr_answers import (
    ConversationAnswer,
    answer_of,
    caption_answer,
    conversation_answer,
)
from app.api.gateway.asr_later import job_scope
from app.api.hearing import told_of
from app.asr.domain import OptionInvalid, Transcript, mode_of_analysis
from app.asr.job import JobCursor, JobStatus, TranscriptionJob
from app.asr.rendering import as_captions, as_srt, as_vtt
from app.core.scope import OrgScope
from app.runtime import Runtime

AnyRequest = Request[Any, Any, Any]
OWN = {"tenant": Provide(job_scope, sync_to_thread=False)}
PageSize = Annotated[int, QueryParameter(ge=1, le=500)]


class JobSummary(msgspec.Struct, frozen=True, kw_only=True):
    """`progress` is from 0 to 1."""

    job_id: UUID
    status: JobStatus
    progress: float
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None
    status_url: str


class JobAnswer(JobSummary, frozen=True, kw_only=True):
    """`result` is the body that waiting for it would have been answered with; null until then."""

    result: Any


class JobPage(msgspec.Struct, frozen=True):
    jobs: list[JobSummary]
    next_cursor: str | None
    """To be given as `cursor` for the jobs before these; null where there are none."""


class AnalysisAsked(msgspec.Struct, frozen=True):
    """A preset (`true`, `sales_coaching`, `collections`) or a prompt."""

    summarize: Annotated[str, msgspec.Meta(max_length=20_000, pattern="^[^\\0]*$")]

    @property
    def mode(self) -> str:
        if mode := mode_of_analysis(self.summarize):
            return mode
        raise OptionInvalid("summarize: say what is wanted", field="summarize")


class JobRemoved(msgspec.Struct, frozen=True):
    job_id: UUID
    status: Literal["cancelled", "deleted"]


@get("/asr/jobs", opt=TOKEN, dependencies=OWN)
async def list_jobs(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    cursor: FromQuery[str | None] = None,
    limit: PageSize = 100,
) -> JobPage:
    """The newest first, without their results."""
    before = None if cursor is None else JobCursor.parse(cursor)
    async with runtime.database.transaction(tenant) as tx:
        jobs = await runtime.transcription_jobs.list(tx, before=before, limit=limit + 1)
    shown = jobs[:limit]
    rest = str(JobCursor.of(shown[-1])) if len(jobs) > limit else None
    return JobPage([JobSummary(**_facts(job)) for job in shown], rest)


@get("/asr/jobs/{job_id:uuid}", opt=TOKEN, dependencies=OWN)
async def get_job(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    job_id: FromPath[UUID],
) -> JobAnswer:
    """Results are kept for seven days."""
    async with runtime.database.transaction(tenant) as tx:
        job = await runtime.transcription_jobs.get(tx, job_id)
    result = _result(job, job.transcript) if job.transcript else None
    return JobAnswer(**_facts(job), result=result)


@post("/asr/jobs/{job_id:uuid}/analysis", opt=TOKEN, dependencies=OWN, status_code=200)
async def analyse_job(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    job_id: FromPath[UUID],
    data: JSONBody[AnalysisAsked],
) -> ConversationAnswer:
    """What `summarize` would have said of the transcript of a job that is done. It is not kept."""
    async with runtime.database.transaction(tenant) as tx:
        transcript = await runtime.transcription_jobs.transcript(tx, job_id)
    return conversation_answer(await told_of(request, runtime, transcript, data.mode))


@delete("/asr/jobs/{job_id:uuid}", opt=TOKEN, dependencies=OWN, status_code=200)
async def remove_job(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    job_id: FromPath[UUID],
) -> JobRemoved:
    """Cancels a job that is not over; forgets one that is, with its result."""
    is_cancelled = await runtime.transcription_jobs.remove(tenant, job_id)
    return JobRemoved(job_id, "cancelled" if is_cancelled else "deleted")


def _facts(job: TranscriptionJob) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "status": job.status,
        "progress": round(job.progress, 3),
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "error": job.error,
        "status_url": job.url,
    }


def _result(job: TranscriptionJob, found: Transcript) -> Any:
    if job.endpoint.endswith("/clean"):
        return Clean(found.text)
    if job.endpoint.endswith("/raw"):
        time_said = f"{found.inference_s:.3f}s"
        return Raw(found.raw, round(found.duration_s, 3), time_said, found.model, found.decoder)
    match job.task.request.format:
        case "srt":
            return as_srt(found)
        case "vtt":
            return as_vtt(found)
        case "text":
            return found.text
        case "segments":
            return Captions([caption_answer(each) for each in as_captions(found)])
        case _:
            return answer_of(found, job.task.request)


ROUTES = (list_jobs, get_job, analyse_job, remove_job)
