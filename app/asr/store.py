"""The table of transcription jobs and all of its SQL."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Index, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.orm import Mapped, defer, mapped_column

from app.asr.job import JobCursor, JobStatus
from app.core.db import Base, TenantOwned, Tx

KEPT = timedelta(days=7)
KEPT_UNFINISHED = timedelta(days=30)

_OPEN = (JobStatus.QUEUED.value, JobStatus.RUNNING.value)


class JobRow(TenantOwned, Base):
    """`attempts` fences: who began an earlier try may change nothing any more."""

    __tablename__ = "asr_jobs"
    __table_args__ = (Index(None, "org_id", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key_id: Mapped[UUID]
    user_id: Mapped[str]
    endpoint: Mapped[str]
    task: Mapped[bytes]
    webhook_url: Mapped[str | None]
    status: Mapped[str]
    progress: Mapped[float]
    attempts: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(index=True)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None]
    transcript: Mapped[bytes | None]


async def add(tx: Tx, row: JobRow) -> None:
    tx.session.add(row)
    await tx.session.flush()


async def count_open(tx: Tx) -> int:
    query = select(func.count()).select_from(JobRow).where(JobRow.status.in_(_OPEN))
    return await tx.session.scalar(query) or 0


async def find(tx: Tx, job_id: UUID) -> JobRow | None:
    return await tx.session.scalar(select(JobRow).where(JobRow.id == job_id))


async def find_locked(tx: Tx, job_id: UUID) -> JobRow | None:
    query = select(JobRow).where(JobRow.id == job_id).with_for_update()
    return await tx.session.scalar(query)


async def newest(tx: Tx, before: JobCursor | None, limit: int) -> Sequence[JobRow]:
    """Without what was heard."""
    place = tuple_(JobRow.created_at, JobRow.id)
    query = select(JobRow).options(defer(JobRow.transcript, raiseload=True))
    if before:
        query = query.where(place < (before.created_at, before.id))
    query = query.order_by(JobRow.created_at.desc(), JobRow.id.desc()).limit(limit)
    return (await tx.session.scalars(query)).all()


async def note_progress(tx: Tx, job_id: UUID, attempt: int, progress: float) -> bool:
    """False where the job is no longer this try's."""
    statement = (
        update(JobRow).where(_is_of(job_id, attempt)).values(progress=progress).returning(JobRow.id)
    )
    return await tx.session.scalar(statement) is not None


async def find_begun(tx: Tx, job_id: UUID, attempt: int) -> JobRow | None:
    """The job, locked, where it is still this try's."""
    return await tx.session.scalar(select(JobRow).where(_is_of(job_id, attempt)).with_for_update())


async def remove(tx: Tx, row: JobRow) -> None:
    await tx.session.delete(row)


async def open_among(tx: Tx, job_ids: Collection[UUID]) -> set[UUID]:
    query = select(JobRow.id).where(JobRow.id.in_(job_ids), JobRow.status.in_(_OPEN))
    return set(await tx.session.scalars(query))


async def purge(tx: Tx, now: datetime) -> None:
    old = or_(JobRow.finished_at < now - KEPT, JobRow.created_at < now - KEPT_UNFINISHED)
    await tx.session.execute(delete(JobRow).where(old))


def _is_of(job_id: UUID, attempt: int) -> ColumnElement[bool]:
    return and_(
        JobRow.id == job_id,
        JobRow.attempts == attempt,
        JobRow.status == JobStatus.RUNNING.value,
    )
