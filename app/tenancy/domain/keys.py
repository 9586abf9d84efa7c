"""API keys: what may be asked of a new one, what may be shown of one."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.errors import NotFound, Unprocessable
from app.tenancy.domain.audit import AuditedEvent
from app.tenancy.domain.organizations import NAME_MAX


class ApiKeyInvalid(Unprocessable):
    pass


class ApiKeyNotFound(NotFound):
    pass


class ApiKeyCreated(AuditedEvent, frozen=True):
    key_id: UUID
    user_id: str


class ApiKeyRevoked(AuditedEvent, frozen=True):
    key_id: UUID


@dataclass(frozen=True, slots=True)
class NewApiKey:
    user_id: str
    label: str
    expires_at: datetime | None

    def check(self, now: datetime) -> None:
        """Raises, naming the field that is wrong."""
        for field, text, least in (("user_id", self.user_id, 1), ("label", self.label, 0)):
            if not least <= len(text) <= NAME_MAX or not text.isprintable():
                raise ApiKeyInvalid(
                    f"{field} must have {least} to {NAME_MAX} printable characters", field=field
                )
        if self.expires_at and (self.expires_at.tzinfo is None or self.expires_at <= now):
            raise ApiKeyInvalid(
                "expires_at must be a time to come, with a zone", field="expires_at"
            )


class ApiKey(msgspec.Struct, frozen=True):
    """All of a key that may be shown; the token itself is shown once, by whoever makes it."""

    id: UUID
    user_id: str
    label: str
    is_admin: bool
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
