"""Invitations: how long they stand, who may be invited, and the facts announced of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from app.core.errors import NotFound, NotPermitted, RateLimited
from app.tenancy.domain.audit import AuditedEvent
from app.tenancy.domain.principals import Role

VALID_FOR = timedelta(days=7)
MOST_A_DAY = 100
"""Of one organization: nobody is to spam through us."""

InvitedRole = Literal["admin", "member"]


class InvitationNotFound(NotFound):
    pass


class InvitationForAnother(NotPermitted):
    pass


class TooManyInvitations(RateLimited):
    pass


class InvitationCreated(AuditedEvent, frozen=True):
    invitation_id: UUID
    email: str
    role: Role


class InvitationRevoked(AuditedEvent, frozen=True):
    invitation_id: UUID


class InvitationAccepted(AuditedEvent, frozen=True):
    invitation_id: UUID


@dataclass(frozen=True, slots=True)
class Invitation:
    id: UUID
    email: str
    role: Role
    invited_by: UUID | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class InvitationPreview:
    """What whoever has the link may see without signing in."""

    organization_name: str
    organization_slug: str
    email: str
    role: Role
    invited_by: str
    expires_at: datetime


def masked(email: str) -> str:
    """Enough for its owner to recognize it."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}***@{domain}"
