"""Sign-in with Google: to the provider and back again, always as a redirect of the browser."""

from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.datastructures import Cookie
from litestar.di import NamedDependency, Provide
from litestar.params import FromQuery, QueryParameter

from app.api.access import OPEN
from app.api.callers import REFRESH_COOKIE, own_device
from app.api.gateway.cookies import session_cookies
from app.api.throttle import Act, hold_to
from app.core.errors import AppError
from app.core.limits import Limit, site_of
from app.core.settings import Settings
from app.runtime import Runtime
from app.tenancy.domain.oidc import GoogleSignInOff
from app.tenancy.domain.principals import Device
from app.tenancy.google import BEGUN_LASTS_S, Begun, GoogleSignIn, Returned

COOKIE = "google_sign_in"
PATH = "/bot/api/auth/google"
RETURN = Act("return from google", Limit(60, per_s=60))
"""Each makes us ask the provider."""


def google_of(runtime: NamedDependency[Runtime]) -> GoogleSignIn:
    google = runtime.providers.google
    if google is None:
        raise GoogleSignInOff("Sign-in with Google is not set up here")
    return google


def begun_by(
    request: Request[Any, Any, Any], google: NamedDependency[GoogleSignIn]
) -> Begun | None:
    return google.recall(request.cookies.get(COOKIE))


def session_so_far(request: Request[Any, Any, Any]) -> str:
    """The refresh token of the browser, whose session the new one replaces."""
    return request.cookies.get(REFRESH_COOKIE, "")


def returned_with(
    returned_state: Annotated[str, QueryParameter(name="state")] = "",
    code: FromQuery[str] = "",
    error: FromQuery[str] = "",
    iss: FromQuery[str] = "",
) -> Returned:
    return Returned(returned_state, code, error, iss)


GOOGLE = {"google": Provide(google_of, sync_to_thread=False)}
RETURNING = {
    "begun": Provide(begun_by, sync_to_thread=False),
    "returned": Provide(returned_with, sync_to_thread=False),
    "instead_of": Provide(session_so_far, sync_to_thread=False),
    "device": Provide(own_device, sync_to_thread=False),
}


@get(f"{PATH}/start", opt=OPEN, dependencies=GOOGLE, status_code=302)
async def start(
    runtime: NamedDependency[Runtime],
    google: NamedDependency[GoogleSignIn],
    redirect: FromQuery[str | None] = None,
) -> Response[None]:
    """To the provider. `redirect` is the page of the front end to go to afterwards."""
    url, kept = await google.start(redirect)
    return _redirect(url, _kept(runtime.settings, kept, BEGUN_LASTS_S))


@get(f"{PATH}/callback", opt=OPEN, dependencies=GOOGLE | RETURNING, status_code=302)
async def callback(
    runtime: NamedDependency[Runtime],
    google: NamedDependency[GoogleSignIn],
    begun: NamedDependency[Begun | None],
    returned: NamedDependency[Returned],
    device: NamedDependency[Device],
    instead_of: NamedDependency[str],
) -> Response[None]:
    """Back to the front end: signed in, or with `?error=` and why not."""
    forget = _kept(runtime.settings, "", 0)
    try:
        await hold_to(runtime, RETURN, site_of(device.address))
        identity = await google.finish(begun, returned)
        tokens = await runtime.providers.identities.sign_in(identity, device, instead_of=instead_of)
    except AppError as error:
        return _redirect(google.destination(begun, error), forget)
    cookies = session_cookies(runtime.settings, tokens)
    return _redirect(google.destination(begun), forget, *cookies)


def _redirect(url: str, *cookies: Cookie) -> Response[None]:
    headers = {"location": url, "cache-control": "no-store"}
    return Response(None, status_code=302, headers=headers, cookies=list(cookies))


def _kept(settings: Settings, value: str, max_age_s: int) -> Cookie:
    return Cookie(
        key=COOKIE,
        value=value,
        path=PATH,
        max_age=max_age_s,
        secure=not settings.accounts.cookies_without_tls,
        httponly=True,
        samesite="lax",
    )


ROUTES = (start, callback)
