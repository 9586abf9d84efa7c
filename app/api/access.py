"""Who may call a route: each says so, and it is asked before anything of the request is read.

Not a Litestar guard, which copies the whole route at every request (docs/adr/0007).
"""

from dataclasses import dataclass
from typing import Any

from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler

from app.api.callers import (
    ACCESS_COOKIE,
    Connection,
    caller_of,
    device_of,
    has_key,
    signed_in_of,
)
from app.api.cross_origin import refuse_cross_origin
from app.core.errors import NotAuthenticated, NotFound
from app.runtime import Runtime
from app.tenancy.domain.principals import Permission, PermissionMissing, Principal, SignedIn

_OPTION = "access"


@dataclass(frozen=True, slots=True)
class Access:
    """`by_key`: an API key may call. `by_session`: a signed-in user may. Both false: anybody."""

    by_key: bool = False
    by_session: bool = False
    permission: Permission | None = None
    in_path_organization: bool = False
    """The organization is the path's `org_id` and not the active one."""
    by_page: bool = False
    """Anybody, but of browsers only those that show a page of ours."""
    by_signature: bool = False
    """A service elsewhere, which signs what it asks; the handler checks that."""

    @property
    def is_open(self) -> bool:
        return not (self.by_key or self.by_session)


AccessOption = dict[str, Access]

OPEN: AccessOption = {_OPTION: Access()}
BY_PAGE: AccessOption = {_OPTION: Access(by_page=True)}
"""For what gives, renews or takes away a session: other sites cannot make a browser do it."""
BY_SIGNATURE: AccessOption = {_OPTION: Access(by_signature=True)}
SIGNED_IN: AccessOption = {_OPTION: Access(by_session=True)}


def permitted(permission: Permission) -> AccessOption:
    """For keys with this scope, and users whose role in their active organization has it."""
    return {_OPTION: Access(by_key=True, by_session=True, permission=permission)}


def by_user(permission: Permission) -> AccessOption:
    """The same for users only: what an API key must not do, such as making another."""
    return {_OPTION: Access(by_session=True, permission=permission)}


def in_organization(permission: Permission) -> AccessOption:
    """For members of the path's organization whose role has this; to others it does not exist."""
    access = Access(by_session=True, permission=permission, in_path_organization=True)
    return {_OPTION: access}


ANY_CALLER: AccessOption = {_OPTION: Access(by_key=True, by_session=True)}
"""Any key and any user with an active organization, whatever they may do in it."""

TOKEN = permitted(Permission.SPEECH)
CALL = permitted(Permission.CALL)
ADMIN: AccessOption = {_OPTION: Access(by_key=True, permission=Permission.OPERATE)}


class AccessNotSaid(RuntimeError):
    """A defect: a route that does not say who may call it is not served."""


class OrganizationHidden(NotFound):
    """No telling whether there is none or the user is no member of it."""


def require_access_said(app: Litestar) -> None:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if _is_ours(handler) and _OPTION not in handler.opt:
                raise AccessNotSaid(f"{route.path} does not say who may call it")


def access_of(handler: HTTPRouteHandler) -> Access:
    return handler.opt[_OPTION]


async def check_access(request: Request[Any, Any, Any]) -> None:
    """Litestar's `before_request`. Leaves the caller in the state of the request."""
    access: Access = request.route_handler.opt.get(_OPTION, OPEN[_OPTION])
    if access.by_page:
        runtime: Runtime = request.app.state.runtime
        refuse_cross_origin(request, runtime.settings.server.frontend_url)
    if access.is_open:
        return
    state = request.scope["state"]
    if state.get("tokenless") and access in (TOKEN[_OPTION], CALL[_OPTION]):
        return
    if access.by_key and has_key(request):
        state["principal"] = principal = await caller_of(request)
        _demand(access.permission, principal)
    elif access.by_session:
        if has_key(request) and not request.cookies.get(ACCESS_COOKIE):
            await caller_of(request)
            raise PermissionMissing(
                "This needs the session of a signed-in user: an API key cannot do it"
            )
        state["signed_in"] = signed_in = await signed_in_of(request, or_key=access.by_key)
        _admit(request, access, signed_in)
    else:
        raise NotAuthenticated("API token required")


async def admit_socket(socket: Connection, permission: Permission) -> Principal | None:
    """Of a WebSocket, before it is accepted. None on a development port, where nobody is asked."""
    if socket.scope["state"].get("tokenless"):
        return None
    if has_key(socket):
        principal = await caller_of(socket)
    else:
        principal = (await signed_in_of(socket, or_key=True)).principal()
    _demand(permission, principal)
    return principal


def _admit(request: Request[Any, Any, Any], access: Access, signed_in: SignedIn) -> None:
    state = request.scope["state"]
    if access.in_path_organization:
        org_id = request.path_params["org_id"]
        role = signed_in.roles.get(org_id)
        if role is None:
            raise OrganizationHidden("Organization not found")
        principal = Principal(org_id, signed_in.user_id, str(signed_in.user_id), role.permissions)
    elif access.permission is None and not access.by_key:
        return
    else:
        principal = signed_in.principal()
    state["principal"] = principal
    state["tenant"] = device_of(request).scope(
        principal.org_id, actor=principal.user_id, user_id=signed_in.user_id
    )
    _demand(access.permission, principal)


def _demand(permission: Permission | None, principal: Principal) -> None:
    if permission is None or permission in principal.permissions:
        return
    if permission is Permission.OPERATE:
        raise PermissionMissing("Admin token required")
    raise PermissionMissing(f"This needs the permission {permission.value!r}")


def _is_ours(handler: Any) -> bool:
    """Litestar answers OPTIONS by itself."""
    return isinstance(handler, HTTPRouteHandler) and handler.http_methods != {"OPTIONS"}
