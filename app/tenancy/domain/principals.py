"""Who asks, and what that one may do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from app.core.errors import NotAuthenticated, NotPermitted
from app.core.scope import OrgScope


class TokenInvalid(NotAuthenticated):
    pass


class SessionInvalid(NotAuthenticated):
    pass


class PermissionMissing(NotPermitted):
    pass


class NoActiveOrganization(NotPermitted):
    pass


class Permission(StrEnum):
    """What a route asks for. The first four may be given to an API key as its scopes."""

    SPEECH = "speech"
    """Recognize and make speech, look at video, ask language models."""
    READ = "read"
    """See agents, customers, calls and what came of them."""
    CALL = "call"
    """Use agents: make, take and end calls."""
    WRITE = "write"
    """Make and change agents, customers, campaigns and webhooks."""
    MEMBERS = "members"
    """Invite, admit and dismiss members."""
    SETTINGS = "settings"
    """Name the organization, make its API keys, see its usage and audit log."""
    OWN = "own"
    """Delete the organization, hand it over, appoint and dismiss owners."""
    OPERATE = "operate"
    """The operator's: tokens, usage and metrics of the installation."""


class Role(StrEnum):
    MEMBER = "member"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def permissions(self) -> frozenset[Permission]:
        return _OF_ROLE[self]


KEY_SCOPES = (Permission.SPEECH, Permission.READ, Permission.CALL, Permission.WRITE)

_MEMBER = frozenset({Permission.SPEECH, Permission.READ, Permission.CALL})
_ADMIN = _MEMBER | {Permission.WRITE, Permission.MEMBERS, Permission.SETTINGS}
_OF_ROLE = {
    Role.MEMBER: _MEMBER,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _ADMIN | {Permission.OWN},
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks in the name of one organization: an API key, or a user."""

    org_id: UUID
    key_id: UUID
    """What use is counted by: the key's id, or the user's."""
    user_id: str
    permissions: frozenset[Permission] = frozenset(KEY_SCOPES)

    @property
    def is_admin(self) -> bool:
        return Permission.OPERATE in self.permissions


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A user with a session, and the roles that this one has at this moment."""

    user_id: UUID
    session_id: UUID
    email: str | None
    is_verified: bool
    active_org_id: UUID | None
    roles: Mapping[UUID, Role] = field(default_factory=dict[UUID, Role])

    @property
    def is_guest(self) -> bool:
        return self.email is None

    @property
    def active_role(self) -> Role | None:
        return self.roles.get(self.active_org_id) if self.active_org_id else None

    def principal(self) -> Principal:
        """This user in the active organization."""
        role = self.active_role
        if not role or not self.active_org_id:
            raise NoActiveOrganization("No active organization: create one or switch to one")
        return Principal(self.active_org_id, self.user_id, str(self.user_id), role.permissions)


@dataclass(frozen=True, slots=True)
class Device:
    """Where a request came from, for session lists and the audit log."""

    address: str = ""
    agent: str = ""

    def scope(self, org_id: UUID, *, actor: str, user_id: UUID | None = None) -> OrgScope:
        return OrgScope(org_id, actor, user_id, self.address, self.agent)
