"""Invitations: written to an address, accepted once by whoever has it, revoked."""

import logging
from datetime import timedelta
from uuid import UUID, uuid4

from app.core.clock import utc_now
from app.core.crypto import KeyRing, new_token
from app.core.db import Database, Tx
from app.core.events import Events
from app.core.mail import Mailbox
from app.core.scope import system_scope
from app.tenancy.domain.invitations import (
    MOST_A_DAY,
    VALID_FOR,
    Invitation,
    InvitationAccepted,
    InvitationCreated,
    InvitationForAnother,
    InvitationNotFound,
    InvitationPreview,
    InvitationRevoked,
    TooManyInvitations,
    masked,
)
from app.tenancy.domain.members import AlreadyMember, demand_power
from app.tenancy.domain.organizations import OrganizationNotFound, OwnOrganization
from app.tenancy.domain.principals import Device, Role
from app.tenancy.invitation_letter import invitation_words
from app.tenancy.letters import Letters
from app.tenancy.members import Members
from app.tenancy.store import invitations as store
from app.tenancy.store import members
from app.tenancy.store.organizations import find_locked, own_organizations
from app.tenancy.store.rows import InvitationRow

PREFIX = "inv_"
A_DAY = timedelta(days=1)
QUEUED = "queued"
KEPT = "kept in the outbox: this installation sends no e-mail"


class Invitations:
    """The token is in the letter and nowhere else: an invitation is found by its keyed hash."""

    def __init__(
        self,
        database: Database,
        events: Events,
        keys: KeyRing,
        letters: Letters,
        joining: Members,
    ) -> None:
        self._database = database
        self._events = events
        self._keys = keys
        self._letters = letters
        self._members = joining

    @property
    def delivery(self) -> str:
        """What becomes of a letter, for whoever has it written."""
        return QUEUED if self._letters.are_delivered else KEPT

    async def list(self, tx: Tx) -> list[Invitation]:
        """Those that can be accepted, the newest first."""
        return [_invitation(row) for row in await store.pending_invitations(tx)]

    async def create(self, tx: Tx, email: str, role: Role) -> Invitation:
        """By the user of the scope. The link of an earlier one to the same address dies."""
        address = Mailbox.parse(email).address
        organization = await find_locked(tx)
        if organization is None:
            raise OrganizationNotFound("Organization not found")
        demand_power(await members.find_role(tx, tx.user_id), role)
        if await members.has_member_of(tx, address):
            raise AlreadyMember("email: this address is a member's already", field="email")
        await self._refuse_too_many(tx)
        await store.revoke_invitations_to(tx, address)
        token, now = new_token(PREFIX), utc_now()
        row = InvitationRow(
            id=uuid4(),
            email=address,
            role=role.value,
            token_hash=self._keys.token_hash(token),
            invited_by=tx.user_id,
            created_at=now,
            expires_at=now + VALID_FOR,
        )
        await store.add_invitation(tx, row)
        await self._write(tx, row, token, organization.name)
        created = InvitationCreated(invitation_id=row.id, email=address, role=role)
        await self._events.publish(tx, created)
        return _invitation(row)

    async def revoke(self, tx: Tx, invitation_id: UUID) -> None:
        if not await store.revoke_invitation(tx, invitation_id):
            raise InvitationNotFound("Invitation not found")
        await self._events.publish(tx, InvitationRevoked(invitation_id=invitation_id))

    async def preview(self, token: str) -> InvitationPreview:
        scope = system_scope("invitation look-up", level=logging.DEBUG)
        async with self._database.transaction(scope) as tx:
            found = await store.find_pending(tx, self._keys.token_hashes(token))
        if found is None:
            raise _not_found()
        invitation, organization, inviter = found
        return InvitationPreview(
            organization_name=organization.name,
            organization_slug=organization.slug,
            email=masked(invitation.email),
            role=Role(invitation.role),
            invited_by=inviter.name if inviter else "",
            expires_at=invitation.expires_at,
        )

    async def accept(self, token: str, user_id: UUID, device: Device) -> OwnOrganization:
        """Only whoever has the address may: it counts as verified from then on."""
        hashes = self._keys.token_hashes(token)
        scope = system_scope("invitation look-up", level=logging.DEBUG)
        async with self._database.transaction(scope) as tx:
            org_id = await store.find_invited_org(tx, hashes)
        if org_id is None:
            raise _not_found()
        joining = device.scope(org_id, actor=str(user_id), user_id=user_id)
        async with self._database.transaction(joining) as tx:
            if await find_locked(tx) is None:
                raise _not_found()
            invitation = await store.find_invitation(tx, hashes)
            if invitation is None or not await store.prove_address(tx, user_id, invitation.email):
                raise InvitationForAnother("This invitation was sent to another e-mail address")
            await self._join(tx, invitation)
            (joined,) = await own_organizations(tx, org_id=org_id)
        return joined

    async def _join(self, tx: Tx, invitation: InvitationRow) -> None:
        """Two at once: the second is a member already."""
        if await members.find_role(tx, tx.user_id) is None and not _is_pending(invitation):
            raise _not_found()
        await self._members.admit(tx, tx.user_id, Role(invitation.role))
        invitation.accepted_at = utc_now()
        await self._events.publish(tx, InvitationAccepted(invitation_id=invitation.id))

    async def _refuse_too_many(self, tx: Tx) -> None:
        if await store.invitations_since(tx, utc_now() - A_DAY) >= MOST_A_DAY:
            raise TooManyInvitations(
                f"An organization may send {MOST_A_DAY} invitations a day",
                retry_after_s=int(A_DAY.total_seconds()) // 24,
            )

    async def _write(self, tx: Tx, row: InvitationRow, token: str, organization: str) -> None:
        (inviter,) = await members.members(tx, user_id=tx.user_id)
        words = invitation_words(
            organization,
            inviter,
            Role(row.role),
            link=self._letters.page("accept-invitation", token=token),
            until=f"{row.expires_at:%Y-%m-%d %H:%M} UTC",
        )
        await self._letters.send(tx, row.email, words, row.expires_at)


def _is_pending(row: InvitationRow) -> bool:
    return row.accepted_at is None and row.revoked_at is None and row.expires_at > utc_now()


def _invitation(row: InvitationRow) -> Invitation:
    return Invitation(
        row.id, row.email, Role(row.role), row.invited_by, row.created_at, row.expires_at
    )


def _not_found() -> InvitationNotFound:
    return InvitationNotFound("This invitation was used, replaced or revoked, or has expired")
