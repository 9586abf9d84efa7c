"""Whom an API key or a session stands for."""

from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency, Provide

from app.api.access import ANY_CALLER
from app.api.gateway.auth import TENANT
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.principals import SignedIn


class CallersOrganization(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    slug: str


class Caller(msgspec.Struct, frozen=True):
    organization: CallersOrganization
    role: str
    """owner, admin or member of a user; api_key of a key."""


def role_of(request: Request[Any, Any, Any]) -> str:
    user: SignedIn | None = request.scope["state"].get("signed_in")
    role = user and user.active_role
    return role.value if role else "api_key"


@get(
    "/bot/api/whoami",
    opt=ANY_CALLER,
    dependencies=TENANT | {"role": Provide(role_of, sync_to_thread=False)},
)
async def whoami(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    role: NamedDependency[str],
) -> Caller:
    """The organization that the caller acts in, and as what."""
    async with runtime.database.transaction(tenant) as tx:
        found = await runtime.organizations.get_own(tx)
    return Caller(CallersOrganization(found.id, found.name, found.slug), role)


ROUTES = (whoami,)
