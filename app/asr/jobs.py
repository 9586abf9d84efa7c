"""Transcriptions that nobody waits for: kept with their upload or its address, heard by a worker,
asked for later.

Done at least once and counted once: whichever worker ends a job, an earlier one that was taken for
dead changes nothing.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO
from uuid import UUID, uuid4

import msgspec

from app.asr import store
from app.asr.domain import Transcript
from app.asr.hearing import Hearing
from app.asr.job import (
    JobCursor,
    JobNotFound,
    JobOwner,
    JobStatus,
    JobTask,
    TooManyJobs,
    TranscriptionJob,
    TranscriptMissing,
)
from app.asr.job_files import JobFiles
from app.asr.job_webhooks import JobWebhooks, check_webhook_url
from app.asr.remote import RemoteRecordings
from app.asr.store import JobRow
from app.core.aio import TaskScope
from app.core.clock import utc_now
from app.core.db import Database, DatabaseDown, Tx, forbid_in_transaction
from app.core.errors import AppError
from app.core.jobs import SLOW, JobFinal, JobKind, Jobs
from app.core.scope import OrgScope, Scope
from app.core.spill import room_for_files
from app.tenancy.domain.principals import Principal
from app.tenancy.domain.usage import Amounts
from app.tenancy.usage import UsageMeter

log = logging.getLogger(__name__)

MOST_TRIES = 8
MOST_OPEN = 1000
PROGRESS_EVERY_S = 1.0
PROGRESS_HEARD = 0.99
"""Of a job that has heard all: it is yet to be written out and tagged."""
UNFINISHED = "The transcription was begun several times and never came to an end"
UPLOAD_LOST = "The upload is not there any more"
DEFECT = "The transcription failed for a reason that is ours; it is in the log"


class TranscribeUpload(msgspec.Struct, frozen=True):
    job_id: UUID


class PurgeJobs(msgspec.Struct, frozen=True):
    pass


# The row counts the tries; the queue must not give up before it.
TRANSCRIBE = JobKind("asr.transcribe", TranscribeUpload, max_attempts=4 * MOST_TRIES, queue=SLOW)
PURGE = JobKind("asr.purge", PurgeJobs, cron="17 4 * * *")


class _Superseded(Exception):
    """The job was cancelled or deleted, or another worker has it now."""


@dataclass(frozen=True, slots=True)
class _Try:
    job_id: UUID
    number: int
    task: JobTask
    scope: OrgScope


class TranscriptionJobs:
    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        hearing: Hearing,
        usage: UsageMeter,
        webhooks: JobWebhooks,
        remote: RemoteRecordings,
        folder: Path,
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._hearing = hearing
        self._usage = usage
        self._webhooks = webhooks
        self._remote = remote
        self._files = JobFiles(folder)
        jobs.register(TRANSCRIBE, self._run)
        jobs.register(PURGE, self._purge)

    async def enqueue(
        self,
        scope: OrgScope,
        sources: Sequence[BinaryIO | None],
        task: JobTask,
        owner: JobOwner,
        webhook_url: str | None = None,
    ) -> list[TranscriptionJob]:
        """A job for each upload, or none at all; None where the task names an address. What is
        wrong with the task or the address of the webhook is said at once."""
        forbid_in_transaction()
        if webhook_url:
            check_webhook_url(webhook_url)
        if task.url is not None:
            self._remote.check(task.url)
        self._hearing.catalogue.choose_for(task.request)
        rows = [_new_row(task, owner, webhook_url) for _ in sources]
        try:
            for row, source in zip(rows, sources, strict=True):
                if source:
                    await asyncio.to_thread(self._files.keep, row.id, source)
            await self._add(scope, rows)
        except BaseException:
            for row in rows:
                self._files.forget(row.id)
            raise
        return [_shown(row) for row in rows]

    async def _add(self, scope: OrgScope, rows: Sequence[JobRow]) -> None:
        async with self._database.transaction(scope) as tx:
            waiting = await store.count_open(tx)
            if waiting + len(rows) > MOST_OPEN:
                raise TooManyJobs(f"{waiting} jobs wait already", retry_after_s=60)
            for row in rows:
                await store.add(tx, row)
                await self._jobs.enqueue(tx, TRANSCRIBE, TranscribeUpload(row.id))

    async def list(
        self, tx: Tx, *, before: JobCursor | None = None, limit: int = 100
    ) -> list[TranscriptionJob]:
        """The newest first, without their transcripts."""
        return [_shown(row) for row in await store.newest(tx, before, limit)]

    async def get(self, tx: Tx, job_id: UUID) -> TranscriptionJob:
        row = await store.find(tx, job_id)
        if row is None:
            raise JobNotFound("Job not found")
        heard = msgspec.json.decode(row.transcript, type=Transcript) if row.transcript else None
        return _shown(row, heard)

    async def transcript(self, tx: Tx, job_id: UUID) -> Transcript:
        job = await self.get(tx, job_id)
        if job.transcript is None:
            raise TranscriptMissing(f"The job has no transcript: it is {job.status.value}")
        return job.transcript

    async def remove(self, scope: OrgScope, job_id: UUID) -> bool:
        """Cancels a job that is not over, which is True; forgets one that is."""
        forbid_in_transaction()
        async with self._database.transaction(scope) as tx:
            row = await store.find_locked(tx, job_id)
            if row is None:
                raise JobNotFound("Job not found")
            is_cancelled = JobStatus(row.status).is_open
            if is_cancelled:
                row.status, row.finished_at = JobStatus.CANCELLED.value, utc_now()
            else:
                await store.remove(tx, row)
        await asyncio.to_thread(self._files.forget, job_id)
        return is_cancelled

    async def _run(self, scope: Scope, job: TranscribeUpload) -> None:
        begun = await self._begin(scope, job.job_id)
        if begun is None:
            await asyncio.to_thread(self._files.forget, job.job_id)
            return
        try:
            transcript = await self._hear(scope, begun)
        except _Superseded:
            return
        except Exception as error:
            is_final = isinstance(error, AppError) and error.status < 500
            if not is_final and begun.number < MOST_TRIES:
                raise
            await self._end(scope, begun, error=_told(error))
            if not is_final:
                raise JobFinal("it was tried often enough") from error
        else:
            await self._end(scope, begun, transcript=transcript)

    async def _begin(self, scope: Scope, job_id: UUID) -> _Try | None:
        """None where nothing is left to be done."""
        async with self._database.transaction(scope) as tx:
            row = await store.find_locked(tx, job_id)
            if row is None or not JobStatus(row.status).is_open:
                return None
            if row.attempts >= MOST_TRIES:
                await self._close(tx, row, error=UNFINISHED)
                return None
            row.status, row.progress = JobStatus.RUNNING.value, 0.0
            row.attempts += 1
            row.started_at = row.started_at or utc_now()
            task = msgspec.json.decode(row.task, type=JobTask)
            return _Try(row.id, row.attempts, task, OrgScope(row.org_id, actor=row.user_id))

    async def _hear(self, scope: Scope, begun: _Try) -> Transcript:
        over, progress = asyncio.Event(), _Progress()
        async with TaskScope() as tasks:
            note = partial(self._note, scope, begun, progress)
            tasks.spawn("progress of a transcription", _every_second(note, over))
            try:
                async with self._sound(scope, begun) as sound:
                    return await self._hearing.transcribe(
                        begun.scope,
                        sound,
                        begun.task.request,
                        progress.set,
                        raw=begun.task.raw,
                        with_words=begun.task.with_words,
                    )
            finally:
                over.set()

    @asynccontextmanager
    async def _sound(self, scope: Scope, begun: _Try) -> AsyncGenerator[Path | BinaryIO]:
        """The upload. What is fetched belongs to this try alone and has no name."""
        url = begun.task.url
        if url is None:
            yield self._files.path(begun.job_id)
            return
        with TemporaryFile() as file:
            with room_for_files():
                await self._remote.fetch(scope, url, partial(asyncio.to_thread, file.write))
            file.seek(0)
            yield file

    async def _note(self, scope: Scope, begun: _Try, progress: "_Progress") -> None:
        try:
            async with self._database.transaction(scope) as tx:
                is_ours = await store.note_progress(tx, begun.job_id, begun.number, progress.part)
        except DatabaseDown:
            log.warning("the progress of job %s could not be written", begun.job_id)
            return
        if not is_ours:
            raise _Superseded

    async def _end(
        self,
        scope: Scope,
        begun: _Try,
        *,
        transcript: Transcript | None = None,
        error: str | None = None,
    ) -> None:
        heard = msgspec.json.encode(transcript) if transcript else None
        async with self._database.transaction(scope) as tx:
            row = await store.find_begun(tx, begun.job_id, begun.number)
            if row is None:
                return
            row.transcript = heard
            await self._close(tx, row, error=error)
            if transcript:
                tokens = transcript.told.tokens if transcript.told else 0
                amounts = Amounts(audio_s=transcript.duration_s, llm_tokens=tokens)
                principal = Principal(row.org_id, row.key_id, row.user_id)
                tx.after_commit(partial(self._usage.add, principal, row.endpoint, amounts))
        await asyncio.to_thread(self._files.forget, begun.job_id)

    async def _close(self, tx: Tx, row: JobRow, *, error: str | None) -> None:
        row.status = (JobStatus.FAILED if error else JobStatus.DONE).value
        row.progress = row.progress if error else 1.0
        row.error, row.finished_at = error, utc_now()
        await self._webhooks.tell(tx, row)

    async def _purge(self, scope: Scope, _: PurgeJobs) -> None:
        """Old jobs, and uploads that belong to none that is not over."""
        old = await asyncio.to_thread(self._files.old)
        async with self._database.transaction(scope) as tx:
            await store.purge(tx, utc_now())
            needed = await store.open_among(tx, old)
        for job_id in set(old) - needed:
            await asyncio.to_thread(self._files.forget, job_id)


@dataclass(slots=True)
class _Progress:
    part: float = 0.0

    def set(self, heard: float) -> None:
        self.part = min(heard, PROGRESS_HEARD)


async def _every_second(note: Callable[[], Awaitable[None]], over: asyncio.Event) -> None:
    while not over.is_set():
        try:
            async with asyncio.timeout(PROGRESS_EVERY_S):
                await over.wait()
        except TimeoutError:
            await note()


def _new_row(task: JobTask, owner: JobOwner, webhook_url: str | None) -> JobRow:
    return JobRow(
        id=uuid4(),
        key_id=owner.key_id,
        user_id=owner.user_id,
        endpoint=owner.endpoint,
        task=msgspec.json.encode(task),
        webhook_url=webhook_url or None,
        status=JobStatus.QUEUED.value,
        progress=0.0,
        attempts=0,
        created_at=utc_now(),
    )


def _shown(row: JobRow, transcript: Transcript | None = None) -> TranscriptionJob:
    return TranscriptionJob(
        id=row.id,
        status=JobStatus(row.status),
        progress=row.progress,
        endpoint=row.endpoint,
        task=msgspec.json.decode(row.task, type=JobTask),
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        error=row.error,
        transcript=transcript,
    )


def _told(error: Exception) -> str:
    if isinstance(error, AppError):
        return error.message
    return UPLOAD_LOST if isinstance(error, FileNotFoundError) else DEFECT
