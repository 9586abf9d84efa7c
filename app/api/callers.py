"""Whom a request comes from: its token or cookie, where it may stand, and whom it stands for."""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection

from app.api.cross_origin import refuse_cross_origin
from app.core.errors import NotAuthenticated
from app.core.scope import OrgScope, UserScope
from app.runtime import Runtime
from app.tenancy.domain.principals import Device, Principal, SignedIn
from app.tenancy.domain.usage import Amounts
from app.tenancy.oidc import looks_like_jwt

Connection = ASGIConnection[Any, Any, Any, Any]

ACCESS_COOKIE = "access_token"
REFRESH_COOKIE = "refresh_token"
INTERNAL_SECRET = b"x-internal-secret"
INTERNAL_USER = b"x-user-id"
TOKEN_SCHEMES = ("bearer", "token")
TOKEN_PARAMETERS = ("token", "api_key")


def own_scope(request: Request[Any, Any, Any]) -> OrgScope:
    """A dependency: work for the organization that the caller acts in."""
    state = request.scope["state"]
    tenant: OrgScope | None = state.get("tenant")
    if tenant is None:
        principal: Principal = state["principal"]
        tenant = device_of(request).scope(principal.org_id, actor=principal.user_id)
    return tenant


def own_user(request: Request[Any, Any, Any]) -> SignedIn:
    """A dependency of routes for signed-in users."""
    signed_in: SignedIn = request.scope["state"]["signed_in"]
    return signed_in


def own_user_scope(request: Request[Any, Any, Any]) -> UserScope:
    """A dependency: work for the signed-in user, in no organization."""
    return UserScope(own_user(request).user_id)


def own_device(request: Request[Any, Any, Any]) -> Device:
    """A dependency."""
    return device_of(request)


def device_of(connection: Connection) -> Device:
    client = connection.client
    agent = _header(connection, b"user-agent")[:200]
    return Device(client.host if client else "", "".join(filter(str.isprintable, agent)))


async def caller_of(connection: Connection) -> Principal:
    """Whom the token of a request stands for, or the secret of a service; counts the request."""
    runtime: Runtime = connection.app.state.runtime
    token = bearer(connection)
    if token:
        principal = await _holder_of(token, connection, runtime)
    else:
        principal = _service_of(connection, runtime)
    runtime.usage.add(principal, connection.scope["path_template"], Amounts(requests=1))
    return principal


async def _holder_of(token: str, connection: Connection, runtime: Runtime) -> Principal:
    oidc = runtime.providers.oidc
    if oidc and looks_like_jwt(token):
        return await oidc.authenticate(token, device_of(connection))
    return await runtime.tokens.authenticate(token)


def has_key(connection: Connection) -> bool:
    """Whether `caller_of` has something to look at."""
    return bool(bearer(connection) or _header(connection, INTERNAL_SECRET))


async def signed_in_of(connection: Connection, *, or_key: bool = False) -> SignedIn:
    token = connection.cookies.get(ACCESS_COOKIE)
    if not token:
        raise NotAuthenticated("API token required" if or_key else "Not signed in")
    runtime: Runtime = connection.app.state.runtime
    refuse_cross_origin(connection, runtime.settings.server.frontend_url)
    return await runtime.sessions.authenticate(token)


def bearer(connection: Connection) -> str:
    """From the Authorization header; a WebSocket may put it into the query or, after the scheme,
    into its subprotocols, as browsers must."""
    scheme, _, token = _header(connection, b"authorization").partition(" ")
    if scheme:
        return token.strip() if scheme.lower() in TOKEN_SCHEMES else ""
    if connection.scope["type"] != "websocket":
        return ""
    offered: list[str] = connection.scope["subprotocols"]
    if len(offered) > 1 and offered[0].lower() in TOKEN_SCHEMES:
        return offered[1]
    found = map(connection.query_params.get, TOKEN_PARAMETERS)
    return next(filter(None, found), "")


def _service_of(connection: Connection, runtime: Runtime) -> Principal:
    secret = _header(connection, INTERNAL_SECRET)
    if not secret:
        raise NotAuthenticated("API token required")
    return runtime.internal_secret.authenticate(secret, _header(connection, INTERNAL_USER))


def _header(connection: Connection, wanted: bytes) -> str:
    for name, value in connection.scope["headers"]:
        if name == wanted:
            return value.decode("latin-1")
    return ""
