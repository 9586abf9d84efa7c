"""The members of the active organization, and inviting one."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

from app.api.access import by_user
from app.api.callers import own_scope
from app.api.v1.envelope import META, Envelope, Meta
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.invitations import InvitedRole
from app.tenancy.domain.principals import Permission, Role

TENANT = META | {"tenant": Provide(own_scope, sync_to_thread=False)}


class User(msgspec.Struct, frozen=True):
    id: UUID
    email: str | None
    name: str
    role: Role
    joined_at: datetime


class InvitedUser(msgspec.Struct, frozen=True):
    email: Annotated[str, msgspec.Meta(max_length=320)]
    role: InvitedRole = "member"


class Invitation(msgspec.Struct, frozen=True):
    id: UUID
    email: str
    role: Role
    expires_at: datetime
    email_delivery: str


@get("/api/v1/users", opt=by_user(Permission.READ), dependencies=TENANT)
async def list_users(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    meta: NamedDependency[Meta],
) -> Envelope[list[User]]:
    """The oldest membership first."""
    async with runtime.database.transaction(tenant) as tx:
        members = await runtime.members.list(tx)
    users = [
        User(each.user_id, each.email, each.name, each.role, each.joined_at) for each in members
    ]
    return Envelope(data=users, meta=meta)


@post("/api/v1/users/invite", opt=by_user(Permission.MEMBERS), dependencies=TENANT)
async def invite_user(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    meta: NamedDependency[Meta],
    data: JSONBody[InvitedUser],
) -> Envelope[Invitation]:
    """Writes a letter with a link. Another to the same address replaces it."""
    async with runtime.database.transaction(tenant) as tx:
        made = await runtime.invitations.create(tx, data.email, Role(data.role))
    delivery = runtime.invitations.delivery
    invitation = Invitation(made.id, made.email, made.role, made.expires_at, delivery)
    return Envelope(data=invitation, meta=meta)


ROUTES = (list_users, invite_user)
