"""Who may call a route: each says so, and it is asked before anything of the request is read.

Not a Litestar guard, which copies the whole route at every request (docs/adr/0007).
"""

from typing import Any, Literal

from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler

from app.api.tokens import principal_of
from app.core.errors import NotPermitted

Access = Literal["open", "token", "admin"]

_OPTION = "access"

OPEN: dict[str, Access] = {_OPTION: "open"}
TOKEN: dict[str, Access] = {_OPTION: "token"}
ADMIN: dict[str, Access] = {_OPTION: "admin"}


class AccessNotSaid(RuntimeError):
    """A defect: a route that does not say who may call it is not served."""


def require_access_said(app: Litestar) -> None:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if _is_ours(handler) and _OPTION not in handler.opt:
                raise AccessNotSaid(f"{route.path} does not say who may call it")


async def check_access(request: Request[Any, Any, Any]) -> None:
    """Litestar's `before_request`."""
    access: Access = request.route_handler.opt.get(_OPTION, "open")
    if access == "open" or (access == "token" and request.scope["state"].get("tokenless")):
        return
    principal = await principal_of(request)
    if access == "admin" and not principal.is_admin:
        raise NotPermitted("Admin token required")


def _is_ours(handler: Any) -> bool:
    """Litestar answers OPTIONS by itself."""
    return isinstance(handler, HTTPRouteHandler) and handler.http_methods != {"OPTIONS"}
