"""What is kept of an act that matters to security."""

from datetime import datetime
from uuid import UUID

import msgspec

from app.core.events import Event

AUDIT_FEED = "audit"


class AuditedEvent(Event, frozen=True):
    """A fact that is kept in the audit log of the organization it was published in."""


class AuditEntry(msgspec.Struct, frozen=True):
    at: datetime
    actor: str
    action: str
    details: dict[str, str]
    user_id: UUID | None = None
    ip_address: str = ""
    user_agent: str = ""
