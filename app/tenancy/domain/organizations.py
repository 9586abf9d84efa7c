"""Organizations: what they are called, and the facts announced of them."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from app.tenancy.domain.audit import AuditedEvent
from app.tenancy.domain.principals import Role, SignedIn

NAME_MAX = 120
SLUG_MAX = 63
DEFAULT_SLUG = "default"
"""Of the organization that the admin token of the installation belongs to."""

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_RESERVED = frozenset({
    *("active", "admin", "api", "app", "auth", "bot", "default", "docs", "health", "help"),
    *("invitations", "login", "logout", "me", "metrics", "new", "null", "openapi", "organizations"),
    *("orgs", "parley", "public", "ready", "root", "security", "settings", "signup", "status"),
    *("support", "switch", "system", "undefined", "users", "www"),
})  # fmt: skip


class OrganizationNotFound(NotFound):
    pass


class OrganizationExists(Conflict):
    pass


class OrganizationNameInvalid(InvalidInput):
    pass


class SlugInvalid(InvalidInput):
    pass


class OrganizationOfInstallation(Conflict):
    pass


class GuestRefused(NotPermitted):
    pass


class OrganizationCreated(AuditedEvent, frozen=True):
    name: str


class OrganizationRenamed(AuditedEvent, frozen=True):
    name: str
    slug: str


class OrganizationDeleted(AuditedEvent, frozen=True):
    name: str
    slug: str


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


@dataclass(frozen=True, slots=True)
class OwnOrganization:
    """An organization as one of its members sees it."""

    id: UUID
    name: str
    slug: str
    role: Role
    owner_user_id: UUID | None
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
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-")
    return slug[:SLUG_MAX].rstrip("-") or "organization"


def chosen_slug(given: str) -> str:
    """A slug that a user asks for."""
    if len(given) > SLUG_MAX or not _SLUG.fullmatch(given):
        raise SlugInvalid(
            f"slug must have 1 to {SLUG_MAX} letters a to z, digits, or hyphens between them",
            field="slug",
        )
    if given in _RESERVED:
        raise SlugInvalid(f"the slug {given!r} is reserved", field="slug")
    return given


def slugs_for(name: str, suffix: str) -> tuple[str, str]:
    """What to try for a name of which no slug was given, in this order."""
    slug = slug_of(name)
    other = f"{slug[: SLUG_MAX - len(suffix) - 1].rstrip('-')}-{suffix}"
    return (other, other) if slug in _RESERVED else (slug, other)


def slug_taken(slug: str) -> OrganizationExists:
    return OrganizationExists(f"slug: an organization {slug!r} exists already", field="slug")


def refuse_default(slug: str) -> None:
    """Without it the next start would make another, with another admin token."""
    if slug == DEFAULT_SLUG:
        raise OrganizationOfInstallation(
            "slug: this is the organization of the installation: it stays, and so does its slug",
            field="slug",
        )


def refuse_guest(user: SignedIn) -> None:
    if user.is_guest:
        raise GuestRefused("A guest cannot do this: sign up with an e-mail address first")
