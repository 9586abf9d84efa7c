"""What Twilio tells of a call: how far it is, and who answered it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from app.core.errors import InvalidInput

Status = Literal[
    "queued",
    "ringing",
    "in_progress",
    "completed",
    "busy",
    "no_answer",
    "failed",
    "cancelled",
]

_STATUSES: Mapping[str, Status] = {
    "queued": "queued",
    "initiated": "queued",
    "ringing": "ringing",
    "in-progress": "in_progress",
    "answered": "in_progress",
    "completed": "completed",
    "busy": "busy",
    "no-answer": "no_answer",
    "canceled": "cancelled",
    "failed": "failed",
}
_MACHINES = ("machine", "fax")


@dataclass(frozen=True, slots=True)
class Ringing:
    """Somebody calls a number of ours."""

    sid: str
    from_number: str
    to_number: str


@dataclass(frozen=True, slots=True)
class Progress:
    """`error_code` is known of a call that failed."""

    sid: str
    status: Status
    error_code: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """`by` in Twilio's words: human, machine_start, machine_end_beep, fax, unknown, ..."""

    sid: str
    by: str

    @property
    def is_machine(self) -> bool:
        return self.by.startswith(_MACHINES)

    @property
    def takes_message(self) -> bool:
        """It has said what it says, and records."""
        return self.by.startswith("machine_end")


def progress_of(fields: Mapping[str, str]) -> tuple[str, Progress]:
    """With a name of the fact, the same however often it is told."""
    sid, said = _field(fields, "CallSid"), _field(fields, "CallStatus")
    status = _STATUSES.get(said)
    if status is None:
        raise InvalidInput(f"CallStatus: {said[:40]} is no status of a call", field="CallStatus")
    error_code = fields.get("ErrorCode", "") or fields.get("SipResponseCode", "")
    progress = Progress(sid, status, error_code[:16] if status == "failed" else "")
    return f"{sid}/{said}", progress


def answered_of(fields: Mapping[str, str]) -> tuple[str, Answered]:
    """The same of who answered."""
    answered = Answered(_field(fields, "CallSid"), _field(fields, "AnsweredBy"))
    return f"{answered.sid}/answered", answered


def ringing_of(fields: Mapping[str, str]) -> Ringing:
    return Ringing(_field(fields, "CallSid"), _field(fields, "From"), _field(fields, "To"))


def _field(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "")
    if not 1 <= len(value) <= 64:
        raise InvalidInput(f"{name}: it is missing or too long", field=name)
    return value
