"""The organizations of a signed-in user."""

from datetime import datetime
from uuid import UUID, uuid4

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

from app.api.access import SIGNED_IN, in_organization
from app.api.callers import own_device, own_user, own_user_scope
from app.api.gateway.auth import TENANT
from app.api.throttle import FOUNDING, hold_to
from app.core.scope import OrgScope, UserScope
from app.runtime import Runtime
from app.tenancy.domain.organizations import OwnOrganization, refuse_guest
from app.tenancy.domain.principals import Device, Permission, Role, SignedIn

USER = {"user": Provide(own_user, sync_to_thread=False)}
USER_SCOPE = {"user_scope": Provide(own_user_scope, sync_to_thread=False)}
DEVICE = {"device": Provide(own_device, sync_to_thread=False)}


class NewOrganization(msgspec.Struct, frozen=True):
    name: str
    slug: str | None = None


class OrganizationChanges(msgspec.Struct, frozen=True):
    name: str | None = None
    slug: str | None = None


class Switch(msgspec.Struct, frozen=True):
    organization_id: UUID


class OrganizationView(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    slug: str
    role: Role
    is_active: bool
    owner_user_id: UUID | None
    created_at: datetime


@get("/bot/api/orgs", opt=SIGNED_IN, dependencies=USER | USER_SCOPE)
async def list_organizations(
    runtime: NamedDependency[Runtime],
    user: NamedDependency[SignedIn],
    user_scope: NamedDependency[UserScope],
) -> list[OrganizationView]:
    """Those that the user belongs to, the oldest membership first."""
    async with runtime.database.transaction(user_scope) as tx:
        found = await runtime.own_organizations.list(tx)
    return [_view(each, user.active_org_id) for each in found]


@post("/bot/api/orgs", opt=SIGNED_IN, dependencies=USER | DEVICE)
async def create_organization(
    runtime: NamedDependency[Runtime],
    user: NamedDependency[SignedIn],
    device: NamedDependency[Device],
    data: JSONBody[NewOrganization],
) -> OrganizationView:
    """Its creator owns it. Without a slug one is made of the name."""
    refuse_guest(user)
    await hold_to(runtime, FOUNDING, str(user.user_id))
    scope = device.scope(uuid4(), actor=str(user.user_id), user_id=user.user_id)
    async with runtime.database.transaction(scope) as tx:
        made = await runtime.own_organizations.found(tx, data.name, data.slug)
    return _view(made, user.active_org_id or made.id)


@get("/bot/api/orgs/active", opt=SIGNED_IN, dependencies=USER | USER_SCOPE)
async def active_organization(
    runtime: NamedDependency[Runtime],
    user: NamedDependency[SignedIn],
    user_scope: NamedDependency[UserScope],
) -> OrganizationView:
    """The one that requests of this session act in."""
    active = user.principal().org_id
    async with runtime.database.transaction(user_scope) as tx:
        found = await runtime.own_organizations.get(tx, active)
    return _view(found, active)


@post("/bot/api/orgs/switch", opt=SIGNED_IN, dependencies=USER | USER_SCOPE, status_code=200)
async def switch_organization(
    runtime: NamedDependency[Runtime],
    user: NamedDependency[SignedIn],
    user_scope: NamedDependency[UserScope],
    data: JSONBody[Switch],
) -> OrganizationView:
    """For this session; other devices of the user stay where they are."""
    org_id = data.organization_id
    async with runtime.database.transaction(user_scope) as tx:
        found = await runtime.own_organizations.switch(tx, user.session_id, org_id)
    return _view(found, org_id)


@get(
    "/bot/api/orgs/{org_id:uuid}",
    opt=in_organization(Permission.READ),
    dependencies=USER | TENANT,
)
async def get_organization(
    runtime: NamedDependency[Runtime],
    user: NamedDependency[SignedIn],
    tenant: NamedDependency[OrgScope],
) -> OrganizationView:
    """One that the user belongs to."""
    async with runtime.database.transaction(tenant) as tx:
        found = await runtime.own_organizations.get(tx, tenant.org_id)
    return _view(found, user.active_org_id)


@patch(
    "/bot/api/orgs/{org_id:uuid}",
    opt=in_organization(Permission.SETTINGS),
    dependencies=USER | TENANT,
)
async def update_organization(
    runtime: NamedDependency[Runtime],
    user: NamedDependency[SignedIn],
    tenant: NamedDependency[OrgScope],
    data: JSONBody[OrganizationChanges],
) -> OrganizationView:
    """Another name, another slug, or both."""
    async with runtime.database.transaction(tenant) as tx:
        changed = await runtime.own_organizations.rename(tx, name=data.name, slug=data.slug)
    return _view(changed, user.active_org_id)


@delete("/bot/api/orgs/{org_id:uuid}", opt=in_organization(Permission.OWN), dependencies=TENANT)
async def delete_organization(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
) -> None:
    """With everything that belongs to it. Its API keys stop at once."""
    async with runtime.database.transaction(tenant) as tx:
        await runtime.own_organizations.delete(tx)


def _view(organization: OwnOrganization, active: UUID | None) -> OrganizationView:
    return OrganizationView(
        id=organization.id,
        name=organization.name,
        slug=organization.slug,
        role=organization.role,
        is_active=organization.id == active,
        owner_user_id=organization.owner_user_id,
        created_at=organization.created_at,
    )


ROUTES = (
    list_organizations,
    create_organization,
    active_organization,
    switch_organization,
    get_organization,
    update_organization,
    delete_organization,
)
