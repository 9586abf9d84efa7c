"""Invitations to organizations."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update

from app.core.db import Tx
from app.tenancy.store.rows import InvitationRow, OrganizationRow, UserRow

_OPEN = InvitationRow.accepted_at.is_(None) & InvitationRow.revoked_at.is_(None)
_PENDING = _OPEN & (InvitationRow.expires_at > func.now())


async def add_invitation(tx: Tx, row: InvitationRow) -> None:
    tx.session.add(row)
    await tx.session.flush()


async def pending_invitations(tx: Tx) -> Sequence[InvitationRow]:
    query = select(InvitationRow).where(_PENDING)
    return (await tx.session.scalars(query.order_by(InvitationRow.created_at.desc()))).all()


async def invitations_since(tx: Tx, since: datetime) -> int:
    query = select(func.count()).select_from(InvitationRow)
    return await tx.session.scalar(query.where(InvitationRow.created_at > since)) or 0


async def revoke_invitation(tx: Tx, invitation_id: UUID) -> bool:
    """False where there is no such open one."""
    statement = (
        update(InvitationRow)
        .where(InvitationRow.id == invitation_id, _OPEN)
        .values(revoked_at=func.now())
        .returning(InvitationRow.id)
    )
    return (await tx.session.execute(statement)).first() is not None


async def revoke_invitations_to(tx: Tx, email: str) -> None:
    await tx.session.execute(
        update(InvitationRow)
        .where(InvitationRow.email == email, _OPEN)
        .values(revoked_at=func.now())
    )


async def revoke_invitations_by(tx: Tx, user_id: UUID) -> None:
    await tx.session.execute(
        update(InvitationRow)
        .where(InvitationRow.invited_by == user_id, _OPEN)
        .values(revoked_at=func.now())
    )


async def find_invited_org(tx: Tx, hashes: Sequence[bytes]) -> UUID | None:
    """Whatever became of the invitation."""
    query = select(InvitationRow.org_id).where(InvitationRow.token_hash.in_(hashes))
    return await tx.session.scalar(query)


async def find_invitation(tx: Tx, hashes: Sequence[bytes]) -> InvitationRow | None:
    query = select(InvitationRow).where(InvitationRow.token_hash.in_(hashes))
    return await tx.session.scalar(query)


async def find_pending(
    tx: Tx, hashes: Sequence[bytes]
) -> tuple[InvitationRow, OrganizationRow, UserRow | None] | None:
    """With the organization, and the user who invited."""
    query = (
        select(InvitationRow, OrganizationRow, UserRow)
        .join(OrganizationRow, OrganizationRow.id == InvitationRow.org_id)
        .outerjoin(UserRow, UserRow.id == InvitationRow.invited_by)
        .where(InvitationRow.token_hash.in_(hashes), _PENDING)
    )
    found = (await tx.session.execute(query)).first()
    return (found[0], found[1], found[2]) if found else None


async def prove_address(tx: Tx, user_id: UUID, email: str) -> bool:
    """Whoever shows what was sent to the address has it. False where it is another's."""
    verified_at = func.coalesce(UserRow.email_verified_at, func.now())
    statement = (
        update(UserRow)
        .where(UserRow.id == user_id, UserRow.email == email)
        .values(email_verified_at=verified_at)
        .returning(UserRow.id)
    )
    return (await tx.session.execute(statement)).first() is not None
