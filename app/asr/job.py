"""A transcription that somebody comes back for: what it is and where it stands. Pure."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

import msgspec

from app.asr.domain import Transcript, TranscriptionRequest
from app.core.audio.pcm import RawPcm
from app.core.errors import Conflict, InvalidInput, NotFound, RateLimited

LONGEST_CURSOR = 200


class JobNotFound(NotFound):
    code = "job_not_found"


class TranscriptMissing(Conflict):
    """The job is not over, or came to nothing."""

    code = "transcript_missing"


class TooManyJobs(RateLimited):
    """So many wait already that the disk must be thought of."""

    code = "too_many_jobs"


class JobCursorInvalid(InvalidInput):
    pass


class JobStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        """Whether anything is still to come."""
        return self in (JobStatus.QUEUED, JobStatus.RUNNING)


class JobTask(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done with the upload, or with what lies at `url`. `raw`: its bytes have no
    header."""

    request: TranscriptionRequest
    url: str | None = None
    raw: RawPcm | None = None
    with_words: bool = True


@dataclass(frozen=True, slots=True)
class JobOwner:
    """For whom audio is counted, and as what."""

    key_id: UUID
    user_id: str
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionJob:
    id: UUID
    status: JobStatus
    progress: float
    """From 0 to 1, of what is heard."""
    endpoint: str
    """Where it was asked for: the result has the form of that one's answer."""
    task: JobTask
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    error: str | None = None
    transcript: Transcript | None = None

    @property
    def url(self) -> str:
        return f"/asr/jobs/{self.id}"


@dataclass(frozen=True, slots=True)
class JobCursor:
    """The job that a page ended with. Its text is nobody's business but ours."""

    created_at: datetime
    id: UUID

    @classmethod
    def of(cls, job: TranscriptionJob) -> Self:
        return cls(job.created_at, job.id)

    def __str__(self) -> str:
        return urlsafe_b64encode(f"{self.created_at.isoformat()}|{self.id}".encode()).decode()

    @classmethod
    def parse(cls, text: str) -> Self:
        try:
            if len(text) > LONGEST_CURSOR:
                raise ValueError
            at, _, job_id = urlsafe_b64decode(text.encode()).decode().partition("|")
            cursor = cls(datetime.fromisoformat(at), UUID(job_id))
            if cursor.created_at.utcoffset() is None:
                raise ValueError
        except ValueError:
            raise JobCursorInvalid("cursor: it is not one of ours", field="cursor") from None
        return cursor
