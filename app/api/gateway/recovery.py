"""What users prove by a letter: that an address is theirs, or that they may choose a new password.

Whoever asks for a letter is not told whether there is such an account.
"""

from typing import Annotated

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from app.api.access import BY_PAGE
from app.api.callers import ACCESS_COOKIE, signed_in_of
from app.api.gateway.bodies import Done
from app.api.gateway.users import DEVICE, PREFIX, AnyRequest, EmailText, PasswordText
from app.core.errors import InvalidInput
from app.runtime import Runtime
from app.tenancy.domain.principals import Device

TokenText = Annotated[str, msgspec.Meta(max_length=200)]

SENT = "If there is such an account, a letter is on its way."
KEPT = (
    "If there is such an account, a letter was written. This installation sends no e-mail: "
    "ask its operator, who can read the letter."
)


class EmailMissing(InvalidInput):
    pass


class PasswordsDiffer(InvalidInput):
    pass


class ForgotRequest(msgspec.Struct, frozen=True):
    email: EmailText


class ResendRequest(msgspec.Struct, frozen=True):
    """Whoever is signed in need not say the address."""

    email: EmailText | None = None


class TokenRequest(msgspec.Struct, frozen=True):
    token: TokenText


class ResetRequest(msgspec.Struct, frozen=True):
    """`new_password` is another name of `password`."""

    token: TokenText
    password: PasswordText | None = None
    new_password: PasswordText | None = None

    def chosen(self) -> str:
        given = {self.password, self.new_password} - {None}
        if len(given) != 1:
            raise PasswordsDiffer("password must be given, once", field="password")
        return given.pop() or ""


class Asked(Done, frozen=True, kw_only=True):
    message: str
    email_delivery: bool


@post(f"{PREFIX}/forgot-password", opt=BY_PAGE, dependencies=DEVICE, status_code=202)
async def forgot_password(
    runtime: NamedDependency[Runtime],
    device: NamedDependency[Device],
    data: JSONBody[ForgotRequest],
) -> Asked:
    """A letter with a link that works once and for one hour."""
    await runtime.proofs.forgot_password(data.email, device)
    return _asked(runtime)


@post(f"{PREFIX}/reset-password", opt=BY_PAGE, dependencies=DEVICE, status_code=200)
async def reset_password(
    runtime: NamedDependency[Runtime],
    device: NamedDependency[Device],
    data: JSONBody[ResetRequest],
) -> Done:
    """With the token of that letter. Signs the user out everywhere."""
    await runtime.proofs.reset_password(data.token, data.chosen(), device)
    return Done()


@post(f"{PREFIX}/verify-email", opt=BY_PAGE, dependencies=DEVICE, status_code=200)
async def verify_email(
    runtime: NamedDependency[Runtime],
    device: NamedDependency[Device],
    data: JSONBody[TokenRequest],
) -> Done:
    """With the token of a letter, which works once and for one day."""
    await runtime.proofs.verify_email(data.token, device)
    return Done()


@post(f"{PREFIX}/resend-verification", opt=BY_PAGE, dependencies=DEVICE, status_code=202)
async def resend_verification(
    runtime: NamedDependency[Runtime],
    device: NamedDependency[Device],
    request: AnyRequest,
    data: JSONBody[ResendRequest | None] = None,
) -> Asked:
    """Another letter. The link of the one before stops working."""
    email = (data and data.email) or await _own_address(request)
    await runtime.proofs.resend_verification(email, device)
    return _asked(runtime)


async def _own_address(request: AnyRequest) -> str:
    if request.cookies.get(ACCESS_COOKIE):
        signed_in = await signed_in_of(request)
        if signed_in.email:
            return signed_in.email
    raise EmailMissing("email must be given", field="email")


def _asked(runtime: Runtime) -> Asked:
    delivers = runtime.mail.is_delivering
    return Asked(message=SENT if delivers else KEPT, email_delivery=delivers)


ROUTES = (forgot_password, reset_password, verify_email, resend_verification)
