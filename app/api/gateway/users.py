"""Users: signing up, coming in and going out, and what they see and change of themselves."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, patch, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from app.api.access import BY_PAGE, OPEN, SIGNED_IN
from app.api.callers import ACCESS_COOKIE, REFRESH_COOKIE, own_device, own_user
from app.api.gateway.bodies import Done, error_body
from app.api.gateway.cookies import cleared_cookies, session_cookies
from app.core.scope import UserScope
from app.runtime import Runtime
from app.tenancy.domain.passwords import LONGEST, SHORTEST
from app.tenancy.domain.principals import Device, Role, SessionInvalid, SignedIn
from app.tenancy.domain.users import Belonging, Entrance, Profile, SignUp

AnyRequest = Request[Any, Any, Any]

EmailText = Annotated[str, msgspec.Meta(max_length=320)]
PasswordText = Annotated[str, msgspec.Meta(max_length=LONGEST)]
NameText = Annotated[str, msgspec.Meta(max_length=480)]

PREFIX = "/bot/api/auth"
DEVICE = {"device": Provide(own_device, sync_to_thread=False)}
USER = DEVICE | {"signed_in": Provide(own_user, sync_to_thread=False)}
NO_STORE = CacheControlHeader(no_store=True)


class SignUpRequest(msgspec.Struct, frozen=True):
    email: EmailText
    password: PasswordText
    name: NameText = ""


class LogInRequest(msgspec.Struct, frozen=True):
    email: EmailText
    password: PasswordText


class RenameRequest(msgspec.Struct, frozen=True):
    name: NameText


class ChangePasswordRequest(msgspec.Struct, frozen=True):
    current_password: PasswordText
    password: PasswordText


class SignedUp(Done, frozen=True, kw_only=True):
    message: str
    email_delivery: bool


class UserOrganization(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    slug: str
    role: Role


class User(msgspec.Struct, frozen=True):
    id: UUID
    email: str | None
    name: str
    is_guest: bool
    email_verified: bool
    auth_provider: str
    created_at: datetime


class Me(msgspec.Struct, frozen=True, kw_only=True):
    user: User
    organization: UserOrganization | None
    organizations: list[UserOrganization]


class LoggedIn(Me, frozen=True, kw_only=True):
    success: Literal[True] = True
    expires_at: datetime
    """When the access token has to be refreshed."""


class Refreshed(Done, frozen=True, kw_only=True):
    expires_at: datetime


class OwnSession(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    device_info: str
    ip_address: str
    started_at: datetime
    last_refreshed_at: datetime
    ends_at: datetime
    is_current: bool


class OwnSessions(msgspec.Struct, frozen=True):
    sessions: list[OwnSession]
    total: int


class AuthConfig(msgspec.Struct, frozen=True, kw_only=True):
    signup: SignUp
    guest_enabled: bool
    google_enabled: bool
    email_delivery: bool
    """Without it the operator reads letters and passes them on."""
    requires_verified_email: bool
    password_min_length: int = SHORTEST
    password_max_length: int = LONGEST


def signed_out(request: AnyRequest, error: SessionInvalid) -> Response[dict[str, Any]]:
    """A browser must not go on showing what is worth nothing any more."""
    runtime: Runtime = request.app.state.runtime
    return Response(
        error_body(error, request.scope["state"]["request_id"]),
        status_code=error.status,
        headers={"WWW-Authenticate": "Bearer"},
        cookies=cleared_cookies(runtime.settings),
    )


@post(f"{PREFIX}/signup", opt=BY_PAGE, dependencies=DEVICE, status_code=201)
async def sign_up(
    runtime: NamedDependency[Runtime],
    device: NamedDependency[Device],
    data: JSONBody[SignUpRequest],
) -> SignedUp:
    """The same answer where the address has an account: its owner gets a letter instead."""
    await runtime.users.sign_up(data.email, data.password, data.name, device)
    message = "Signed up: log in. A letter asks to confirm the e-mail address."
    return SignedUp(message=message, email_delivery=runtime.mail.is_delivering)


@post(f"{PREFIX}/login", opt=BY_PAGE, dependencies=DEVICE, status_code=200)
async def log_in(
    runtime: NamedDependency[Runtime],
    device: NamedDependency[Device],
    request: AnyRequest,
    data: JSONBody[LogInRequest],
) -> Response[LoggedIn]:
    """Sets the cookies. The session that the browser had before ends."""
    before = request.cookies.get(REFRESH_COOKIE, "")
    entrance = await runtime.users.log_in(data.email, data.password, device, instead_of=before)
    return _entered(runtime, entrance, 200)


@post(f"{PREFIX}/guest", opt=BY_PAGE, dependencies=DEVICE, status_code=201)
async def enter_as_guest(
    runtime: NamedDependency[Runtime], device: NamedDependency[Device], request: AnyRequest
) -> Response[LoggedIn]:
    """A user without address and password, with an organization of its own. Sets the cookies."""
    before = request.cookies.get(REFRESH_COOKIE, "")
    return _entered(runtime, await runtime.users.guest(device, instead_of=before), 201)


@post(
    f"{PREFIX}/refresh",
    opt=BY_PAGE,
    dependencies=DEVICE,
    status_code=200,
    exception_handlers={SessionInvalid: signed_out},
)
async def refresh(
    runtime: NamedDependency[Runtime], device: NamedDependency[Device], request: AnyRequest
) -> Response[Refreshed]:
    """Replaces both cookies, or clears them where the session has ended."""
    tokens = await runtime.sessions.refresh(request.cookies.get(REFRESH_COOKIE, ""), device)
    return Response(
        Refreshed(expires_at=tokens.access_expires_at),
        cookies=session_cookies(runtime.settings, tokens),
    )


@post(f"{PREFIX}/logout", opt=BY_PAGE, dependencies=DEVICE, status_code=200)
async def log_out(
    runtime: NamedDependency[Runtime], device: NamedDependency[Device], request: AnyRequest
) -> Response[Done]:
    """Ends the session and clears the cookies, also where there is none any more."""
    cookies = request.cookies
    refresh_token, access_token = cookies.get(REFRESH_COOKIE, ""), cookies.get(ACCESS_COOKIE, "")
    await runtime.users.log_out(refresh_token, access_token, device)
    return Response(Done(), cookies=cleared_cookies(runtime.settings))


@get(f"{PREFIX}/me", opt=SIGNED_IN, dependencies=USER, cache_control=NO_STORE)
async def me(runtime: NamedDependency[Runtime], signed_in: NamedDependency[SignedIn]) -> Me:
    """The user, the active organization, and all that the user belongs to."""
    return _me(await runtime.users.profile(signed_in.user_id, signed_in.active_org_id))


@patch(f"{PREFIX}/me", opt=SIGNED_IN, dependencies=USER)
async def rename(
    runtime: NamedDependency[Runtime],
    signed_in: NamedDependency[SignedIn],
    device: NamedDependency[Device],
    data: JSONBody[RenameRequest],
) -> Me:
    return _me(await runtime.users.rename(signed_in, data.name, device))


@post(f"{PREFIX}/change-password", opt=SIGNED_IN, dependencies=USER, status_code=200)
async def change_password(
    runtime: NamedDependency[Runtime],
    signed_in: NamedDependency[SignedIn],
    device: NamedDependency[Device],
    data: JSONBody[ChangePasswordRequest],
) -> Done:
    """The other sessions of the user end."""
    current, password = data.current_password, data.password
    await runtime.users.change_password(signed_in, current, password, device)
    return Done()


@get(f"{PREFIX}/sessions", opt=SIGNED_IN, dependencies=USER, cache_control=NO_STORE)
async def list_sessions(
    runtime: NamedDependency[Runtime], signed_in: NamedDependency[SignedIn]
) -> OwnSessions:
    """Where the user is signed in, the last used first."""
    async with runtime.database.transaction(UserScope(signed_in.user_id)) as tx:
        found = await runtime.sessions.list(tx)
    sessions = [
        OwnSession(**msgspec.structs.asdict(each), is_current=each.id == signed_in.session_id)
        for each in found
    ]
    return OwnSessions(sessions, len(sessions))


@delete(f"{PREFIX}/sessions", opt=SIGNED_IN, dependencies=USER, status_code=200)
async def end_other_sessions(
    runtime: NamedDependency[Runtime],
    signed_in: NamedDependency[SignedIn],
    device: NamedDependency[Device],
) -> Done:
    """All but the one that asks."""
    await runtime.users.end_other_sessions(signed_in, device)
    return Done()


@delete(f"{PREFIX}/sessions/{{session_id:uuid}}", opt=SIGNED_IN, dependencies=USER, status_code=200)
async def end_session(
    runtime: NamedDependency[Runtime],
    signed_in: NamedDependency[SignedIn],
    device: NamedDependency[Device],
    session_id: FromPath[UUID],
) -> Done:
    """It stops working at once."""
    await runtime.users.end_session(signed_in.user_id, session_id, device)
    return Done()


@get(f"{PREFIX}/config", opt=OPEN)
async def config(runtime: NamedDependency[Runtime]) -> AuthConfig:
    """How one can come in here."""
    rules = runtime.users.rules
    return AuthConfig(
        signup=rules.sign_up,
        guest_enabled=rules.admits_guests,
        google_enabled=bool(runtime.settings.auth.google_client_id),
        email_delivery=runtime.mail.is_delivering,
        requires_verified_email=rules.requires_verified_email,
    )


def _entered(runtime: Runtime, entrance: Entrance, status: int) -> Response[LoggedIn]:
    me, tokens = _me(entrance.profile), entrance.tokens
    return Response(
        LoggedIn(
            user=me.user,
            organization=me.organization,
            organizations=me.organizations,
            expires_at=tokens.access_expires_at,
        ),
        status_code=status,
        cookies=session_cookies(runtime.settings, tokens),
    )


def _me(profile: Profile) -> Me:
    user = User(
        id=profile.id,
        email=profile.email,
        name=profile.name,
        is_guest=profile.is_guest,
        email_verified=profile.is_verified,
        auth_provider=profile.provider,
        created_at=profile.created_at,
    )
    return Me(
        user=user,
        organization=profile.active and _organization(profile.active),
        organizations=[_organization(each) for each in profile.organizations],
    )


def _organization(belonging: Belonging) -> UserOrganization:
    return UserOrganization(belonging.id, belonging.name, belonging.slug, belonging.role)


ROUTES = (
    sign_up,
    log_in,
    enter_as_guest,
    refresh,
    log_out,
    me,
    rename,
    change_password,
    list_sessions,
    end_other_sessions,
    end_session,
    config,
)
