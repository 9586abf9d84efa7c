"""Members of an organization: their powers over each other, and the facts announced of them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.errors import Conflict, NotFound
from app.tenancy.domain.audit import AuditedEvent
from app.tenancy.domain.principals import Permission, PermissionMissing, Role


class MemberNotFound(NotFound):
    pass


class LastOwner(Conflict):
    pass


class AlreadyMember(Conflict):
    pass


class AlreadyOwner(Conflict):
    pass


class MemberJoined(AuditedEvent, frozen=True):
    member_id: UUID
    role: Role


class MemberRoleChanged(AuditedEvent, frozen=True):
    member_id: UUID
    was: Role
    role: Role


class MemberRemoved(AuditedEvent, frozen=True):
    """By another member, or by oneself: the entry's user tells."""

    member_id: UUID
    role: Role


class OwnershipTransferred(AuditedEvent, frozen=True):
    was: UUID
    owner: UUID


@dataclass(frozen=True, slots=True)
class Member:
    user_id: UUID
    email: str | None
    name: str
    role: Role
    joined_at: datetime


def demand(actor: Role | None, permission: Permission) -> None:
    """`actor` is the role at this moment, which may be less than when the request came."""
    if actor is None or permission not in actor.permissions:
        raise PermissionMissing(f"This needs the permission {permission.value!r}")


def demand_power(actor: Role | None, *roles: Role) -> None:
    """Over somebody of these roles, or to give them."""
    demand(actor, Permission.OWN if Role.OWNER in roles else Permission.MEMBERS)
