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

Connection = ASGIConnection[Any, Any, Any, Any]

ACCESS_COOKIE = "access_token"
REFRESH_COOKIE = "refresh_token"


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


def device_of(connection: Connection) -> Device:
    """A dependency too."""
    client = connection.client
    agent = _header(connection, b"user-agent")[:200]
    return Device(client.host if client else "", "".join(filter(str.isprintable, agent)))


async def caller_of(connection: Connection) -> Principal:
    """Whom the token of a request stands for; counts the request."""
    token = bearer(connection)
    if not token:
        raise NotAuthenticated("API token required")
    runtime: Runtime = connection.app.state.runtime
    principal = await runtime.api_keys.authenticate(token)
    runtime.usage.add(principal, connection.scope["path_template"], Amounts(requests=1))
    return principal


async def signed_in_of(connection: Connection, *, or_key: bool = False) -> SignedIn:
    token = connection.cookies.get(ACCESS_COOKIE)
    if not token:
        raise NotAuthenticated("API token required" if or_key else "Not signed in")
    runtime: Runtime = connection.app.state.runtime
    refuse_cross_origin(connection, runtime.settings.server.frontend_url)
    return await runtime.sessions.authenticate(token)


def bearer(connection: Connection) -> str:
    """From the Authorization header; a WebSocket may put it into the query, as browsers must."""
    scheme, _, token = _header(connection, b"authorization").partition(" ")
    if scheme:
        return token.strip() if scheme.lower() == "bearer" else ""
    if connection.scope["type"] == "websocket":
        query = connection.query_params
        return query.get("token") or query.get("api_key") or ""
    return ""


def _header(connection: Connection, wanted: bytes) -> str:
    for name, value in connection.scope["headers"]:
        if name == wanted:
            return value.decode("latin-1")
    return ""
