"""The record of a call as the gateway shows it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from app.calls.sessions.domain import Call, Segment, SummaryState, Timings, Turn

CALLS_PATH = "/bot/api/calls"


class TimingsAnswer(Timings, frozen=True, kw_only=True, omit_defaults=True):
    """`response_s`: from the caller's last sound to the first of the answer."""

    response_s: float | None = None


class TurnAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`is_cut`: the rest was never heard. `segments` of a caller, with what was heard beside the
    words; `timings` of an agent, in seconds of the call."""

    role: Literal["user", "agent", "developer"]
    text: str
    start: float
    end: float
    is_cut: bool
    segments: tuple[Segment, ...]
    timings: TimingsAnswer


class CallSummary(msgspec.Struct, frozen=True, kw_only=True):
    """`duration` is in seconds, and so is `duration_sec`, which is the same. `created_at` is when
    the call was asked for, as `started_at`. `recording_path`: where the recording can be had."""

    id: UUID
    agent_id: UUID
    agent_version: int
    customer_id: UUID | None
    direction: str
    status: str
    from_number: str
    to_number: str
    provider_id: str | None
    created_at: datetime
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    duration: float
    duration_sec: float
    ended_reason: str
    disposition: str
    recording_path: str | None
    summary: str
    summary_status: SummaryState
    metadata: dict[str, Any]


class CallAnswer(CallSummary, frozen=True, kw_only=True):
    """`computed`: what could be counted without a model. `notes`: what a reader of the summary must
    know, or why there is none."""

    transcript: list[TurnAnswer]
    analysis: dict[str, Any] | None
    computed: dict[str, Any] | None
    notes: tuple[str, ...]
    result: dict[str, Any] | None


class CallPage(msgspec.Struct, frozen=True):
    items: list[CallSummary]
    total: int


class CallResult(msgspec.Struct, frozen=True, kw_only=True):
    """`ready`: nothing more comes of it."""

    session_id: UUID
    status: str
    ready: bool
    direction: str
    duration_sec: float
    started_at: datetime
    ended_at: datetime | None
    disposition: str
    result: dict[str, Any] | None


class CallTranscript(msgspec.Struct, frozen=True):
    call_id: UUID
    transcript: list[TurnAnswer]


class RecordingAddress(msgspec.Struct, frozen=True):
    """Good for a few minutes, for whoever has it."""

    url: str


def summary_of(call: Call) -> CallSummary:
    return CallSummary(**_facts(call))


def answer_of(call: Call, turns: Sequence[Turn]) -> CallAnswer:
    contents = call.contents
    return CallAnswer(
        **_facts(call),
        transcript=turns_of(turns),
        analysis=contents.analysis,
        computed=contents.computed,
        notes=contents.summary_notes,
        result=contents.result,
    )


def result_of(call: Call) -> CallResult:
    return CallResult(
        session_id=call.id,
        status=call.state.value,
        ready=call.is_ready,
        direction=call.direction,
        duration_sec=round(call.duration_s, 3),
        started_at=call.started_at,
        ended_at=call.ended_at,
        disposition=call.contents.disposition,
        result=call.contents.result,
    )


def turns_of(turns: Sequence[Turn]) -> list[TurnAnswer]:
    return [
        TurnAnswer(
            role=turn.role,
            text=turn.text,
            start=turn.at_s,
            end=turn.ended_s,
            is_cut=turn.is_cut,
            segments=turn.segments,
            timings=TimingsAnswer(
                **msgspec.structs.asdict(turn.timings), response_s=turn.timings.voice_to_voice_s
            ),
        )
        for turn in turns
    ]


def _facts(call: Call) -> dict[str, Any]:
    contents = call.contents
    has_recording = call.recorded_bytes is not None
    return {
        "id": call.id,
        "agent_id": call.agent_id,
        "agent_version": call.agent_version,
        "customer_id": call.customer_id,
        "direction": call.direction,
        "status": call.state.value,
        "from_number": contents.from_number,
        "to_number": contents.to_number,
        "provider_id": call.provider_id,
        "created_at": call.started_at,
        "started_at": call.started_at,
        "answered_at": call.answered_at,
        "ended_at": call.ended_at,
        "duration": round(call.duration_s, 3),
        "duration_sec": round(call.duration_s, 3),
        "ended_reason": call.ended_reason,
        "disposition": contents.disposition,
        "recording_path": f"{CALLS_PATH}/{call.id}/audio" if has_recording else None,
        "summary": contents.summary,
        "summary_status": call.summary_state,
        "metadata": contents.metadata,
    }
