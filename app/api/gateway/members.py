"""The members of an organization."""

from datetime import datetime
from uuid import UUID

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.api.access import in_organization
from app.api.gateway.auth import TENANT
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.members import Member
from app.tenancy.domain.principals import Permission, Role

PATH = "/bot/api/orgs/{org_id:uuid}/members"


class RoleChange(msgspec.Struct, frozen=True):
    role: Role


class Transfer(msgspec.Struct, frozen=True):
    user_id: UUID


class MemberView(msgspec.Struct, frozen=True):
    user_id: UUID
    email: str | None
    name: str
    role: Role
    joined_at: datetime


@get(PATH, opt=in_organization(Permission.READ), dependencies=TENANT)
async def list_members(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope]
) -> list[MemberView]:
    """The oldest membership first."""
    async with runtime.database.transaction(tenant) as tx:
        return [_view(member) for member in await runtime.members.list(tx)]


@patch(f"{PATH}/{{user_id:uuid}}", opt=in_organization(Permission.MEMBERS), dependencies=TENANT)
async def change_role(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    user_id: FromPath[UUID],
    data: JSONBody[RoleChange],
) -> MemberView:
    """Only an owner makes an owner, or another of one. One owner at least is left."""
    async with runtime.database.transaction(tenant) as tx:
        return _view(await runtime.members.change_role(tx, user_id, data.role))


@delete(f"{PATH}/{{user_id:uuid}}", opt=in_organization(Permission.READ), dependencies=TENANT)
async def remove_member(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    user_id: FromPath[UUID],
) -> None:
    """Dismisses another, or leaves."""
    async with runtime.database.transaction(tenant) as tx:
        await runtime.members.remove(tx, user_id)


@post(
    "/bot/api/orgs/{org_id:uuid}/transfer",
    opt=in_organization(Permission.OWN),
    dependencies=TENANT,
    status_code=200,
)
async def transfer_ownership(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    data: JSONBody[Transfer],
) -> MemberView:
    """To another member; who owned it so far becomes an admin."""
    async with runtime.database.transaction(tenant) as tx:
        return _view(await runtime.members.transfer(tx, data.user_id))


def _view(member: Member) -> MemberView:
    return MemberView(
        user_id=member.user_id,
        email=member.email,
        name=member.name,
        role=member.role,
        joined_at=member.joined_at,
    )


ROUTES = (list_members, change_role, remove_member, transfer_ownership)
