"""Who an identity provider says that somebody is, and why that may not be enough."""

from dataclasses import dataclass
from datetime import datetime

from app.core.errors import InvalidInput, NotAuthenticated, NotFound, NotPermitted, Unavailable
from app.tenancy.domain.audit import AuditedEvent

GOOGLE = "google"


class ProviderUnreachable(Unavailable):
    code = "provider_unreachable"


class EmailUnproven(NotPermitted):
    """Anybody may write any address into an account elsewhere: it proves nothing until verified."""

    code = "email_not_verified"


class GoogleSignInOff(NotFound):
    code = "google_sign_in_off"


class RedirectRefused(InvalidInput):
    code = "redirect_refused"


class StateMismatch(InvalidInput):
    """The answer belongs to no sign-in that this browser began, or that one took too long."""

    code = "state_mismatch"


class AccessDenied(NotPermitted):
    """The user, or the provider, said no."""

    code = "access_denied"


class CodeRefused(NotAuthenticated):
    """The provider gives nothing for this code: it was used before, or was never its own."""

    code = "code_refused"


class IdTokenInvalid(NotAuthenticated):
    code = "id_token_invalid"


class OAuthLinked(AuditedEvent, frozen=True):
    """From now on this account at a provider speaks for the user.

    `replaced_stranger`: whoever had registered the address without proving it was shut out.
    """

    provider: str
    replaced_stranger: bool


@dataclass(frozen=True, slots=True)
class Identity:
    """What a verified token says of its subject. `email` is absent unless the provider verified it
    or `is_email_verified` says that it did not."""

    provider: str
    subject: str
    email: str | None
    is_email_verified: bool
    name: str
    expires_at: datetime

    def require_verified_email(self) -> None:
        if self.email is not None and not self.is_email_verified:
            raise EmailUnproven("The provider has not verified this e-mail address")
