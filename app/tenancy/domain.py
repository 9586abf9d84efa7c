"""Organizations, principals and the facts announced of them."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from app.core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound
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


class OrganizationCreated(Event, frozen=True):
    name: str


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
    user_id: str
    is_admin: bool


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
