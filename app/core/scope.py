"""On whose behalf work is done. A scope is handed down explicitly, never looked up."""

import logging
from dataclasses import dataclass
from uuid import UUID

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OrgScope:
    """Work for one organization: every row it touches belongs to `org_id`.

    With `user_id`, also the rows that this user owns in no organization, such as a profile.
    `address` and `agent` say where the request came from, for the audit log.
    """

    org_id: UUID
    actor: str
    user_id: UUID | None = None
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class UserScope:
    """Work for one user, whichever organizations that one belongs to."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class SystemScope:
    """Work across organizations. Made by `system_scope` only, which logs the reason."""

    reason: str


Scope = OrgScope | UserScope | SystemScope


def system_scope(reason: str, *, level: int = logging.INFO) -> SystemScope:
    """The one escape from the tenant wall: wiring, CLI, dispatchers, inbound-number look-up.

    `level` is for what every request does: it would drown the others.
    """
    log.log(level, "system scope", extra={"reason": reason})
    return SystemScope(reason)
