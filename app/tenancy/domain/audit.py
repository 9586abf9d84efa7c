"""What is kept of an act that matters to security, and how it is asked for."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

import msgspec

from app.core.errors import InvalidInput
from app.core.events import Event

AUDIT_FEED = "audit"
NAME_MAX = 200
CURSOR_MAX = 200


class AuditQueryInvalid(InvalidInput):
    pass


class AuditedEvent(Event, frozen=True):
    """A fact that is kept in the audit log of the organization it was published in."""


class AuditExported(AuditedEvent, frozen=True):
    """Somebody took a copy of the log itself."""

    format: str


class AuditEntry(msgspec.Struct, frozen=True):
    id: UUID
    at: datetime
    actor: str
    action: str
    details: dict[str, str]
    user_id: UUID | None = None
    ip_address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries; all where nothing is said. `until` itself is not among them."""

    action: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def check(self) -> None:
        """Raises, naming the field that is wrong."""
        for field, text in (("action", self.action), ("actor", self.actor)):
            if text is not None and not (len(text) <= NAME_MAX and text.isprintable()):
                raise AuditQueryInvalid(
                    f"{field} must have {NAME_MAX} printable characters at most", field=field
                )
        for field, time in (("since", self.since), ("until", self.until)):
            if time is not None and time.utcoffset() is None:
                raise AuditQueryInvalid(f"{field} must be a time with a zone", field=field)


@dataclass(frozen=True, slots=True)
class AuditCursor:
    """The entry that a page ended with. Its text is nobody's business but ours."""

    at: datetime
    id: UUID

    @classmethod
    def of(cls, entry: AuditEntry) -> Self:
        return cls(entry.at, entry.id)

    def __str__(self) -> str:
        return urlsafe_b64encode(f"{self.at.isoformat()}|{self.id}".encode()).decode()

    @classmethod
    def parse(cls, text: str) -> Self:
        try:
            if len(text) > CURSOR_MAX:
                raise ValueError
            at, _, entry_id = urlsafe_b64decode(text.encode()).decode().partition("|")
            cursor = cls(datetime.fromisoformat(at), UUID(entry_id))
            if cursor.at.utcoffset() is None:
                raise ValueError
        except ValueError:
            raise AuditQueryInvalid("cursor is not one of ours", field="cursor") from None
        return cursor
