"""A call: what it is, where it stands and what was said in it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

import msgspec

from app.core.errors import Conflict, InvalidInput, NotFound, Unavailable

Direction = Literal["inbound", "outbound", "browser"]

MOST_LISTED = 1000


class CallNotFound(NotFound):
    code = "call_not_found"


class CallStateConflict(Conflict):
    """What was to happen to the call cannot happen to one that stands where it stands."""

    code = "call_state_conflict"


class CallsRefused(Unavailable):
    """One more call would have gaps, or make gaps in others."""

    code = "calls_refused"


class CallQueryInvalid(InvalidInput):
    pass


class CallState(StrEnum):
    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return not _NEXT[self]

    def check_before(self, new: "CallState") -> None:
        """Raises where a call cannot go from here to there."""
        if new not in _NEXT[self]:
            raise CallStateConflict(f"The call is {self.value}: it cannot become {new.value}")


_UNANSWERED = frozenset(
    (CallState.FAILED, CallState.NO_ANSWER, CallState.BUSY, CallState.CANCELLED)
)
_NEXT: Mapping[CallState, frozenset[CallState]] = {
    CallState.QUEUED: _UNANSWERED | {CallState.RINGING, CallState.IN_PROGRESS},
    CallState.RINGING: _UNANSWERED | {CallState.IN_PROGRESS},
    CallState.IN_PROGRESS: frozenset((CallState.COMPLETED, CallState.FAILED)),
    CallState.COMPLETED: frozenset(),
    CallState.FAILED: frozenset(),
    CallState.NO_ANSWER: frozenset(),
    CallState.BUSY: frozenset(),
    CallState.CANCELLED: frozenset(),
}


class SummaryState(StrEnum):
    NONE = "none"
    """Nothing was said that could be summed up, or the call is not over."""
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAsked:
    """Who calls whom. `provider_id`: what the telephone company calls it."""

    direction: Direction
    customer_id: UUID | None = None
    from_number: str = ""
    to_number: str = ""
    provider_id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Timings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where each millisecond before an answer went: seconds since the call was answered, none where
    there was no such moment."""

    voice_ended_s: float | None = None
    final_text_s: float | None = None
    turn_over_s: float | None = None
    """The answer was begun: the caller had finished, or nearly."""
    first_token_s: float | None = None
    first_sentence_s: float | None = None
    sound_made_s: float | None = None
    first_sound_s: float | None = None

    @property
    def voice_to_voice_s(self) -> float | None:
        if self.voice_ended_s is None or self.first_sound_s is None:
            return None
        return round(self.first_sound_s - self.voice_ended_s, 3)


class Segment(msgspec.Struct, frozen=True):
    """A piece of a turn, as it became final. `metadata`: what was heard in it beside the words."""

    text: str
    at_s: float
    metadata: dict[str, Any] = {}


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """From `at_s` to `ended_s` of the call. `is_cut`: the rest of it was never heard."""

    role: Literal["user", "agent", "developer"]
    text: str
    at_s: float
    ended_s: float
    is_cut: bool = False
    segments: tuple[Segment, ...] = ()
    timings: Timings = Timings()


class CallContents(msgspec.Struct, frozen=True, kw_only=True):
    """What of a call is nobody else's business. `recording_key` opens the recording alone."""

    from_number: str = ""
    to_number: str = ""
    metadata: dict[str, Any] = {}
    summary: str = ""
    analysis: dict[str, Any] | None = None
    computed: dict[str, Any] | None = None
    summary_notes: tuple[str, ...] = ()
    disposition: str = ""
    result: dict[str, Any] | None = None
    recording_key: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`recorded_bytes`: None where there is no recording."""

    id: UUID
    agent_id: UUID
    agent_version: int
    customer_id: UUID | None
    direction: str
    state: CallState
    provider_id: str | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    duration_s: float
    ended_reason: str
    recorded_bytes: int | None
    summary_state: SummaryState
    contents: CallContents

    @property
    def is_ready(self) -> bool:
        """Nothing more comes of it."""
        return self.state.is_over and self.summary_state is not SummaryState.WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQuery:
    """The newest first; `until` itself is not among them."""

    agent_id: UUID | None = None
    customer_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    state: CallState | None = None
    limit: int = 100
    offset: int = 0
