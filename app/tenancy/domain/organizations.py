"""Organizations: what they are called, and the facts announced of them."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.errors import Conflict, InvalidInput, NotFound
from app.tenancy.domain.audit import AuditedEvent

NAME_MAX = 120


class OrganizationNotFound(NotFound):
    pass


class OrganizationExists(Conflict):
    pass


class OrganizationNameInvalid(InvalidInput):
    pass


class OrganizationCreated(AuditedEvent, frozen=True):
    name: str


class OutboundRuleAdded(AuditedEvent, frozen=True):
    rule: str


class OutboundRuleRemoved(AuditedEvent, frozen=True):
    rule: str


@dataclass(frozen=True, slots=True)
class Organization:
    id: UUID
    name: str
    slug: str
    created_at: datetime


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
