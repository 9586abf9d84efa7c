"""The organizations of a signed-in user."""

from datetime import datetime
from uuid import UUID, uuid4

import msgspec
from litestar import get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

from app.api.access import SIGNED_IN, in_organization
from app.api.callers import own_device, own_scope, own_user, own_user_scope
from app.api.throttle import FOUNDING, hold_to
from app.api.v1.envelope import META, Envelope, Meta
from app.core.scope import OrgScope, UserScope
from app.runtime import Runtime
from app.tenancy.domain.organizations import OwnOrganization, refuse_guest
from app.tenancy.domain.principals import Device, Permission, Role, SignedIn

PATH = "/api/v1/organizations"
TENANT = META | {"tenant": Provide(own_scope, sync_to_thread=False)}
USER_SCOPE = META | {"user_scope": Provide(own_user_scope, sync_to_thread=False)}
FOUNDER = META | {
    "user": Provide(own_user, sync_to_thread=False),
    "device": Provide(own_device, sync_to_thread=False),
}


class NewOrganization(msgspec.Struct, frozen=True):
    name: str
    slug: str | None = None


class OrganizationChanges(msgspec.Struct, frozen=True):
    name: str | None = None
    slug: str | None = None


class Organization(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    slug: str
    role: Role
    created_at: datetime


@get(PATH, opt=SIGNED_IN, dependencies=USER_SCOPE)
async def list_organizations(
    runtime: NamedDependency[Runtime],
    user_scope: NamedDependency[UserScope],
    meta: NamedDependency[Meta],
) -> Envelope[list[Organization]]:
    """Those that the user belongs to, the oldest membership first."""
    async with runtime.database.transaction(user_scope) as tx:
        found = await runtime.own_organizations.list(tx)
    return Envelope(data=[_view(each) for each in found], meta=meta)


@post(PATH, opt=SIGNED_IN, dependencies=FOUNDER)
async def create_organization(
    runtime: NamedDependency[Runtime],
    user: NamedDependency[SignedIn],
    device: NamedDependency[Device],
    meta: NamedDependency[Meta],
    data: JSONBody[NewOrganization],
) -> Envelope[Organization]:
    """Its creator owns it. Without a slug one is made of the name."""
    refuse_guest(user)
    await hold_to(runtime, FOUNDING, str(user.user_id))
    scope = device.scope(uuid4(), actor=str(user.user_id), user_id=user.user_id)
    async with runtime.database.transaction(scope) as tx:
        made = await runtime.own_organizations.found(tx, data.name, data.slug)
    return Envelope(data=_view(made), meta=meta)


@get(PATH + "/{org_id:uuid}", opt=in_organization(Permission.READ), dependencies=TENANT)
async def get_organization(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    meta: NamedDependency[Meta],
) -> Envelope[Organization]:
    """One that the user belongs to."""
    async with runtime.database.transaction(tenant) as tx:
        found = await runtime.own_organizations.get(tx, tenant.org_id)
    return Envelope(data=_view(found), meta=meta)


@patch(PATH + "/{org_id:uuid}", opt=in_organization(Permission.SETTINGS), dependencies=TENANT)
async def update_organization(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    meta: NamedDependency[Meta],
    data: JSONBody[OrganizationChanges],
) -> Envelope[Organization]:
    """Another name, another slug, or both."""
    async with runtime.database.transaction(tenant) as tx:
        changed = await runtime.own_organizations.rename(tx, name=data.name, slug=data.slug)
    return Envelope(data=_view(changed), meta=meta)


def _view(found: OwnOrganization) -> Organization:
    return Organization(found.id, found.name, found.slug, found.role, found.created_at)


ROUTES = (list_organizations, create_organization, get_organization, update_organization)
