"""Invitations to an organization: made by its admins, seen and accepted by who has the link."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from app.api.access import OPEN, SIGNED_IN, in_organization
from app.api.gateway.auth import TENANT
from app.api.gateway.organizations import DEVICE, USER
from app.api.throttle import PREVIEW, hold_to
from app.core.limits import site_of
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.invitations import Invitation, InvitedRole
from app.tenancy.domain.principals import Device, Permission, Role, SignedIn

PATH = "/bot/api/orgs/{org_id:uuid}/invitations"

EmailText = Annotated[str, msgspec.Meta(max_length=320)]


class NewInvitation(msgspec.Struct, frozen=True):
    email: EmailText
    role: InvitedRole = "member"


class AcceptedToken(msgspec.Struct, frozen=True):
    token: str


class InvitationView(msgspec.Struct, frozen=True):
    id: UUID
    email: str
    role: Role
    invited_by: UUID | None
    created_at: datetime
    expires_at: datetime


class CreatedInvitation(InvitationView, frozen=True):
    email_delivery: str


class OrganizationName(msgspec.Struct, frozen=True):
    name: str
    slug: str


class InvitationSeen(msgspec.Struct, frozen=True):
    organization: OrganizationName
    email: str
    role: Role
    invited_by: str
    expires_at: datetime


class JoinedOrganization(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    slug: str


class Joined(msgspec.Struct, frozen=True):
    organization: JoinedOrganization
    role: Role
    active_organization_id: UUID


@get(PATH, opt=in_organization(Permission.MEMBERS), dependencies=TENANT)
async def list_invitations(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope]
) -> list[InvitationView]:
    """Those that can be accepted, the newest first."""
    async with runtime.database.transaction(tenant) as tx:
        return [_view(each) for each in await runtime.invitations.list(tx)]


@post(PATH, opt=in_organization(Permission.MEMBERS), dependencies=TENANT)
async def invite(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    data: JSONBody[NewInvitation],
) -> CreatedInvitation:
    """Writes a letter with a link. Another to the same address replaces it."""
    async with runtime.database.transaction(tenant) as tx:
        made = await runtime.invitations.create(tx, data.email, Role(data.role))
    return CreatedInvitation(
        **msgspec.structs.asdict(_view(made)), email_delivery=runtime.invitations.delivery
    )


@delete(
    f"{PATH}/{{invitation_id:uuid}}",
    opt=in_organization(Permission.MEMBERS),
    dependencies=TENANT,
)
async def revoke_invitation(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    invitation_id: FromPath[UUID],
) -> None:
    """Its link is dead from now on."""
    async with runtime.database.transaction(tenant) as tx:
        await runtime.invitations.revoke(tx, invitation_id)


@get("/bot/api/invitations/preview", opt=OPEN, dependencies=DEVICE)
async def preview_invitation(
    runtime: NamedDependency[Runtime], device: NamedDependency[Device], token: FromQuery[str]
) -> InvitationSeen:
    """For who has the link and is not signed in yet."""
    await hold_to(runtime, PREVIEW, site_of(device.address))
    seen = await runtime.invitations.preview(token)
    return InvitationSeen(
        organization=OrganizationName(seen.organization_name, seen.organization_slug),
        email=seen.email,
        role=seen.role,
        invited_by=seen.invited_by,
        expires_at=seen.expires_at,
    )


@post("/bot/api/invitations/accept", opt=SIGNED_IN, dependencies=USER | DEVICE, status_code=200)
async def accept_invitation(
    runtime: NamedDependency[Runtime],
    user: NamedDependency[SignedIn],
    device: NamedDependency[Device],
    data: JSONBody[AcceptedToken],
) -> Joined:
    """Once, by the user whose address it was sent to. The active organization stays."""
    joined = await runtime.invitations.accept(data.token, user.user_id, device)
    return Joined(
        organization=JoinedOrganization(joined.id, joined.name, joined.slug),
        role=joined.role,
        active_organization_id=user.active_org_id or joined.id,
    )


def _view(invitation: Invitation) -> InvitationView:
    return InvitationView(
        id=invitation.id,
        email=invitation.email,
        role=invitation.role,
        invited_by=invitation.invited_by,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
    )


ROUTES = (
    list_invitations,
    invite,
    revoke_invitation,
    preview_invitation,
    accept_invitation,
)
