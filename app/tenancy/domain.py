"""Organizations, principals and the facts announced of them."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound, Unprocessable
from app.core.events import Event

NAME_MAX = 120
AUDIT_FEED = "audit"


class OrganizationNotFound(NotFound):
    pass


class OrganizationExists(Conflict):
    pass


class OrganizationNameInvalid(InvalidInput):
    pass


class TokenInvalid(NotAuthenticated):
    pass


class ApiKeyInvalid(Unprocessable):
    pass


class ApiKeyNotFound(NotFound):
    pass


class OrganizationCreated(Event, frozen=True):
    name: str


class ApiKeyCreated(Event, frozen=True):
    key_id: UUID
    user_id: str


class ApiKeyRevoked(Event, frozen=True):
    key_id: UUID


class OutboundRuleAdded(Event, frozen=True):
    rule: str


class OutboundRuleRemoved(Event, frozen=True):
    rule: str


@dataclass(frozen=True, slots=True)
class Organization:
    id: UUID
    name: str
    slug: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token stands for."""

    org_id: UUID
    key_id: UUID
    user_id: str
    is_admin: bool


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


class Amounts(msgspec.Struct, frozen=True):
    """What is counted of a use."""

    requests: int = 0
    audio_s: float = 0
    characters: int = 0
    llm_tokens: int = 0

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.requests + other.requests,
            self.audio_s + other.audio_s,
            self.characters + other.characters,
            self.llm_tokens + other.llm_tokens,
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """What one key used of one endpoint since it was last written."""

    principal: Principal
    endpoint: str
    amounts: Amounts


class UsageEntry(msgspec.Struct, frozen=True):
    minute: datetime
    user_id: str
    key_id: UUID
    endpoint: str
    amounts: Amounts


class UsageSum(msgspec.Struct, frozen=True):
    user_id: str
    endpoint: str
    amounts: Amounts


class AuditEntry(msgspec.Struct, frozen=True):
    at: datetime
    actor: str
    action: str
    details: dict[str, str]


def organization_name(given: str) -> str:
    name = unicodedata.normalize("NFC", given).strip()
    if not name or len(name) > NAME_MAX or not name.isprintable():
        raise OrganizationNameInvalid(
            f"name must have 1 to {NAME_MAX} printable characters", field="name"
        )
    return name


def slug_of(name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-") or "organization"
