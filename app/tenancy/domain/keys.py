"""API keys: what may be asked of a new one, what may be shown of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from app.core.errors import Conflict, NotFound, Unprocessable
from app.tenancy.domain.audit import AuditedEvent
from app.tenancy.domain.organizations import NAME_MAX
from app.tenancy.domain.principals import KEY_SCOPES, Permission

OVERLAP_S = 86_400
MOST_OVERLAP_S = 7 * 86_400
LAST_YEAR = 9000
"""Of an expiry: a later one may be no time of ours in another zone."""
_SHOWN_CHARACTERS = 4
_SHORTEST_WITH_HINT = 24


class ApiKeyInvalid(Unprocessable):
    pass


class ApiKeyNotFound(NotFound):
    pass


class ApiKeyRotatedAlready(Conflict):
    pass


class AdminTokenNotRotated(Conflict):
    pass


class ApiKeyCreated(AuditedEvent, frozen=True):
    key_id: UUID
    user_id: str
    family: str = ""
    scopes: tuple[str, ...] = ()
    is_admin: bool = False


class ApiKeyRotated(AuditedEvent, frozen=True):
    key_id: UUID
    replaced_by: UUID
    overlap_s: int


class ApiKeyRevoked(AuditedEvent, frozen=True):
    key_id: UUID


class TokensImported(AuditedEvent, frozen=True):
    """From the database of an earlier gateway."""

    imported: int
    skipped: int


class KeyFamily(StrEnum):
    """What made a key, as its prefix tells. It works wherever its scopes allow, all the same."""

    GATEWAY = "gateway"
    ORGANIZATION = "organization"
    VOICE = "voice"
    V1 = "v1"

    @property
    def prefix(self) -> str:
        return _PREFIXES[self]


_PREFIXES = {
    KeyFamily.GATEWAY: "wh_",
    KeyFamily.ORGANIZATION: "wsk_",
    KeyFamily.VOICE: "nn_k_",
    KeyFamily.V1: "va_",
}


@dataclass(frozen=True, slots=True)
class NewApiKey:
    user_id: str
    label: str
    expires_at: datetime | None
    family: KeyFamily = KeyFamily.GATEWAY
    scopes: Sequence[str] = KEY_SCOPES

    def check(self, now: datetime) -> None:
        """Raises, naming the field that is wrong."""
        refuse_unprintable("user_id", self.user_id, least=1)
        refuse_unprintable("label", self.label, least=0)
        if self.expires_at and not _is_to_come(self.expires_at, now):
            raise ApiKeyInvalid(
                "expires_at must be a time to come, with a zone", field="expires_at"
            )
        if not self.scopes or not set(self.scopes) <= set(KEY_SCOPES):
            known = ", ".join(KEY_SCOPES)
            raise ApiKeyInvalid(f"scopes must be one or more of: {known}", field="scopes")

    def ordered_scopes(self) -> list[str]:
        return [scope for scope in KEY_SCOPES if scope in self.scopes]


class ApiKey(msgspec.Struct, frozen=True):
    """All of a key that may be shown; the token itself is shown once, by whoever makes it."""

    id: UUID
    user_id: str
    label: str
    family: KeyFamily
    hint: str
    scopes: list[Permission]
    is_admin: bool
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    replaced_by: UUID | None

    def with_token(self, token: str) -> "ShownApiKey":
        return ShownApiKey(**msgspec.structs.asdict(self), token=token)


class ShownApiKey(ApiKey, frozen=True, kw_only=True):
    """A key with its token, at the only moment when it can be shown."""

    token: str


@dataclass(frozen=True, slots=True)
class Rotation:
    key: ApiKey
    token: str
    replaced: ApiKey


def refuse_unprintable(field: str, text: str, *, least: int) -> None:
    if not least <= len(text) <= NAME_MAX or not text.isprintable():
        raise ApiKeyInvalid(
            f"{field} must have {least} to {NAME_MAX} printable characters", field=field
        )


def hint_of(token: str, prefix: str) -> str:
    """Its first and last characters. All but eight of those that were drawn stay unknown."""
    if len(token) < _SHORTEST_WITH_HINT:
        return ""
    return f"{token[: len(prefix) + _SHOWN_CHARACTERS]}...{token[-_SHOWN_CHARACTERS:]}"


def _is_to_come(time: datetime, now: datetime) -> bool:
    return time.tzinfo is not None and time > now and time.year <= LAST_YEAR
