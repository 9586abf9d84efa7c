"""The token of a request: where it may stand, and the guards that ask for one."""

from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from app.core.errors import NotAuthenticated, NotPermitted
from app.runtime import Runtime
from app.tenancy.domain import Principal

Connection = ASGIConnection[Any, Any, Any, Any]


async def require_token(connection: Connection, _: BaseRouteHandler) -> None:
    await _principal(connection)


async def organization_of(connection: Connection) -> UUID:
    """For what belongs to an organization: a development port does not say which."""
    principal = await _principal(connection)
    if principal is None:
        raise NotAuthenticated("API token required")
    return principal.org_id


async def require_admin(connection: Connection, _: BaseRouteHandler) -> None:
    principal = await _principal(connection)
    if principal is not None and not principal.is_admin:
        raise NotPermitted("Admin token required")


async def _principal(connection: Connection) -> Principal | None:
    """Who asks; None on a development port, where nobody needs to say."""
    if connection.scope["state"].get("tokenless"):
        return None
    token = _bearer(connection)
    if not token:
        raise NotAuthenticated("API token required")
    runtime: Runtime = connection.app.state.runtime
    return await runtime.api_keys.authenticate(token)


def _bearer(connection: Connection) -> str:
    """From the Authorization header; a WebSocket may put it into the query, as browsers must."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    if connection.scope["type"] == "websocket":
        query = connection.query_params
        return query.get("token") or query.get("api_key") or ""
    return ""
