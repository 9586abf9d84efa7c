"""What happens to calls, for whoever reacts to it. Carries nothing that was said."""

from uuid import UUID

from app.core.events import Event
from app.tenancy.domain.audit import AuditedEvent


class CallStarted(Event, frozen=True):
    """Somebody is there, and the agent with them."""

    call_id: UUID
    agent_id: UUID
    direction: str


class CallEnded(Event, frozen=True):
    """`status`: as a call's record has it."""

    call_id: UUID
    agent_id: UUID
    direction: str
    status: str
    reason: str
    duration_s: float


class CallDeleted(AuditedEvent, frozen=True):
    """With what was said in it, and its recording."""

    call_id: UUID
