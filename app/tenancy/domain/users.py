"""Users: what they are called, what is shown of them, and the facts announced of them."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from app.core.errors import (
    Conflict,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    RateLimited,
)
from app.core.mail.letter import Mailbox
from app.core.scope import OrgScope, UserScope
from app.tenancy.domain.audit import AuditedEvent
from app.tenancy.domain.organizations import NAME_MAX
from app.tenancy.domain.principals import Device, Role
from app.tenancy.domain.sessions import SessionTokens

Provider = Literal["password", "guest", "google", "oidc"]
SignUp = Literal["open", "invited", "closed"]


class CredentialsWrong(NotAuthenticated):
    """Says the same of a wrong password, an unknown account and one that has no password."""

    def __init__(self) -> None:
        super().__init__("E-mail address or password is wrong")


class CurrentPasswordWrong(InvalidInput):
    pass


class PasswordMissing(Conflict):
    pass


class EmailNotVerified(NotPermitted):
    pass


class SignUpClosed(NotPermitted):
    pass


class UserNameInvalid(InvalidInput):
    pass


class UserNotFound(NotFound):
    pass


class ProofInvalid(InvalidInput):
    """Of a token out of a letter. Says the same of one that never was, was used, or is too old."""

    def __init__(self) -> None:
        super().__init__("token is not valid, was used already, or has expired", field="token")


class TooManyAttempts(RateLimited):
    pass


class UserSignedUp(AuditedEvent, frozen=True):
    provider: Provider


class UserLoggedIn(AuditedEvent, frozen=True):
    provider: Provider


class UserLoggedOut(AuditedEvent, frozen=True):
    pass


class LoginFailed(AuditedEvent, frozen=True):
    """Somebody gave a wrong password for the user of this entry."""


class SignUpRepeated(AuditedEvent, frozen=True):
    """Somebody tried to sign up with the address of the user of this entry."""


class PasswordChanged(AuditedEvent, frozen=True):
    pass


class PasswordResetAsked(AuditedEvent, frozen=True):
    pass


class PasswordReset(AuditedEvent, frozen=True):
    pass


class EmailVerified(AuditedEvent, frozen=True):
    pass


class UserRenamed(AuditedEvent, frozen=True):
    pass


@dataclass(frozen=True, slots=True)
class UserRules:
    """What the operator decided."""

    sign_up: SignUp
    requires_verified_email: bool

    @property
    def admits_guests(self) -> bool:
        """Where not everybody may sign up, nobody may come in without."""
        return self.sign_up == "open"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody without an account. A guest has no e-mail address."""

    user_id: UUID
    provider: Provider
    email: str | None = None
    name: str = ""
    password_hash: str | None = None
    is_verified: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """A user as those see it who check who somebody is."""

    user_id: UUID
    email: str | None
    password_hash: str | None
    is_verified: bool
    home: UUID | None
    """The organization last worked in, or else the first: where what the user does is kept."""

    def scope(self, device: Device, *, actor: str | None = None) -> OrgScope | UserScope:
        if self.home is None:
            return UserScope(self.user_id)
        return device.scope(self.home, actor=actor or str(self.user_id), user_id=self.user_id)


@dataclass(frozen=True, slots=True)
class Belonging:
    """An organization that a user is a member of."""

    id: UUID
    name: str
    slug: str
    role: Role


@dataclass(frozen=True, slots=True)
class Profile:
    """A user as that one sees it."""

    id: UUID
    email: str | None
    name: str
    provider: str
    is_verified: bool
    created_at: datetime
    active: Belonging | None
    organizations: tuple[Belonging, ...]

    @property
    def is_guest(self) -> bool:
        return self.email is None


@dataclass(frozen=True, slots=True)
class Entrance:
    """A session that was just opened."""

    profile: Profile
    tokens: SessionTokens


def email_address(given: str) -> str:
    """As it is kept and compared: composed characters, the domain in ASCII."""
    return Mailbox.parse(given).address


def person_name(given: str) -> str:
    name = unicodedata.normalize("NFC", given[: NAME_MAX * 4]).strip()
    if len(name) > NAME_MAX or len(given) > NAME_MAX * 4 or not name.isprintable():
        raise UserNameInvalid(
            f"name must have {NAME_MAX} printable characters at most", field="name"
        )
    return name
