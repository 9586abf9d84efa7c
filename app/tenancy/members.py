"""Members of an organization: admitted, given roles, dismissed. One owner at least is left."""

from uuid import UUID

from app.core.db import Tx
from app.core.events import Events
from app.tenancy.domain.members import (
    AlreadyMember,
    AlreadyOwner,
    LastOwner,
    Member,
    MemberJoined,
    MemberNotFound,
    MemberRemoved,
    MemberRoleChanged,
    OwnershipTransferred,
    demand,
    demand_power,
)
from app.tenancy.domain.organizations import OrganizationNotFound
from app.tenancy.domain.principals import Permission, Role
from app.tenancy.sessions import Sessions
from app.tenancy.store import members as store
from app.tenancy.store.invitations import revoke_invitations_by
from app.tenancy.store.organizations import find_locked
from app.tenancy.store.rows import MembershipRow, OrganizationRow


class Members:
    """Every change holds the organization first: of two at once the second sees the first."""

    def __init__(self, events: Events, sessions: Sessions) -> None:
        self._events = events
        self._sessions = sessions

    async def list(self, tx: Tx) -> list[Member]:
        return await store.members(tx)

    async def change_role(self, tx: Tx, user_id: UUID, role: Role) -> Member:
        """By the user of the scope."""
        organization = await _hold(tx)
        row = await _membership(tx, user_id)
        demand_power(await store.find_role(tx, tx.user_id), Role(row.role), role)
        await self._give(tx, organization, row, role)
        return await _member(tx, user_id)

    async def remove(self, tx: Tx, user_id: UUID) -> None:
        """By the user of the scope, who may also leave."""
        organization = await _hold(tx)
        row = await _membership(tx, user_id)
        was = Role(row.role)
        if user_id != tx.user_id:
            demand_power(await store.find_role(tx, tx.user_id), was)
        await store.remove_member(tx, row)
        await self._settle(tx, organization, user_id, was=was, role=None)
        await self._events.publish(tx, MemberRemoved(member_id=user_id, role=was))

    async def transfer(self, tx: Tx, user_id: UUID) -> Member:
        """From the user of the scope, who becomes an admin."""
        organization = await _hold(tx)
        demand(await store.find_role(tx, tx.user_id), Permission.OWN)
        if user_id == tx.user_id:
            raise AlreadyOwner("You own this organization already")
        row, own = await _membership(tx, user_id), await _membership(tx, tx.user_id)
        row.role, own.role = Role.OWNER.value, Role.ADMIN.value
        organization.owner_user_id = user_id
        await self._sessions.forget(tx)
        await self._events.publish(tx, OwnershipTransferred(was=tx.user_id, owner=user_id))
        return await _member(tx, user_id)

    async def appoint(self, tx: Tx, user_id: UUID, role: Role) -> None:
        """By the operator, whom nobody has to admit: also the owner of one that has none."""
        organization = await _hold(tx)
        row = await store.find_membership(tx, user_id)
        if row:
            await self._give(tx, organization, row, role)
        else:
            await self._add(tx, organization, user_id, role)

    async def admit(self, tx: Tx, user_id: UUID, role: Role) -> None:
        """Somebody who was invited."""
        organization = await _hold(tx)
        if await store.find_role(tx, user_id):
            raise AlreadyMember("You are a member of this organization already")
        await self._add(tx, organization, user_id, role)

    async def find_user(self, tx: Tx, email: str) -> UUID | None:
        """In the system scope, for the operator."""
        return await store.find_user_id(tx, email)

    async def _add(self, tx: Tx, organization: OrganizationRow, user_id: UUID, role: Role) -> None:
        await store.add_member(tx, user_id, role)
        await self._settle(tx, organization, user_id, was=None, role=role)
        await self._events.publish(tx, MemberJoined(member_id=user_id, role=role))

    async def _give(
        self, tx: Tx, organization: OrganizationRow, row: MembershipRow, role: Role
    ) -> None:
        was = Role(row.role)
        if was is role:
            return
        row.role = role.value
        await self._settle(tx, organization, row.user_id, was=was, role=role)
        changed = MemberRoleChanged(member_id=row.user_id, was=was, role=role)
        await self._events.publish(tx, changed)

    async def _settle(
        self,
        tx: Tx,
        organization: OrganizationRow,
        user_id: UUID,
        *,
        was: Role | None,
        role: Role | None,
    ) -> None:
        """What follows from any change of a member's role."""
        owners = await store.owners(tx)
        if was is Role.OWNER and not owners:
            raise LastOwner("An organization keeps an owner: hand it over first")
        if organization.owner_user_id not in owners:
            organization.owner_user_id = next(iter(owners), None)
        if role is None or Permission.MEMBERS not in role.permissions:
            await revoke_invitations_by(tx, user_id)
        await self._sessions.forget(tx)


async def _hold(tx: Tx) -> OrganizationRow:
    organization = await find_locked(tx)
    if organization is None:
        raise OrganizationNotFound("Organization not found")
    return organization


async def _membership(tx: Tx, user_id: UUID) -> MembershipRow:
    row = await store.find_membership(tx, user_id)
    if row is None:
        raise MemberNotFound("Member not found")
    return row


async def _member(tx: Tx, user_id: UUID) -> Member:
    (member,) = await store.members(tx, user_id=user_id)
    return member
