"""The token of a request: where it may stand, and whom it stands for."""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection

from app.core.errors import NotAuthenticated
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain import Amounts, Principal

Connection = ASGIConnection[Any, Any, Any, Any]


def own_scope(request: Request[Any, Any, Any]) -> OrgScope:
    """A dependency of routes that ask for a token: work for the organization of the token."""
    principal: Principal = request.scope["state"]["principal"]
    return OrgScope(principal.org_id, actor=principal.user_id)


async def principal_of(connection: Connection) -> Principal:
    token = _bearer(connection)
    if not token:
        raise NotAuthenticated("API token required")
    runtime: Runtime = connection.app.state.runtime
    principal = await runtime.api_keys.authenticate(token)
    connection.scope["state"]["principal"] = principal
    runtime.usage.add(principal, connection.scope["path_template"], Amounts(requests=1))
    return principal


def _bearer(connection: Connection) -> str:
    """From the Authorization header; a WebSocket may put it into the query, as browsers must."""
    for name, value in connection.scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if scheme.lower() == "bearer" else ""
    if connection.scope["type"] == "websocket":
        query = connection.query_params
        return query.get("token") or query.get("api_key") or ""
    return ""
