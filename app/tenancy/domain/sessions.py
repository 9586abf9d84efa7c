"""Sessions of users: how long they last and what is shown of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from app.core.errors import NotFound
from app.tenancy.domain.audit import AuditedEvent


class SessionNotFound(NotFound):
    pass


class RefreshTokenReused(AuditedEvent, frozen=True):
    """Somebody showed a refresh token that had long been replaced: its session was ended."""

    session_id: UUID


class SessionsRevoked(AuditedEvent, frozen=True):
    why: str


@dataclass(frozen=True, slots=True)
class Lifetimes:
    access: timedelta = timedelta(minutes=15)
    idle: timedelta = timedelta(days=14)
    """A session that is not refreshed for so long ends."""
    absolute: timedelta = timedelta(days=30)
    """A session ends then, however often it is refreshed."""
    grace: timedelta = timedelta(seconds=10)
    """For so long a refresh token that was replaced is answered with its replacement: the pages of
    one browser refresh at once, and answers get lost."""


ONE_HOUR = Lifetimes(idle=timedelta(hours=1), absolute=timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class SessionTokens:
    """What goes into the cookies of a browser."""

    access: str
    access_expires_at: datetime
    refresh: str
    refresh_expires_at: datetime


class SessionInfo(msgspec.Struct, frozen=True):
    id: UUID
    device_info: str
    ip_address: str
    started_at: datetime
    last_refreshed_at: datetime
    ends_at: datetime
