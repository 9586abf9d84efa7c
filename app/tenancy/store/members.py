"""Who belongs to an organization, and how."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from app.core.db import Tx
from app.tenancy.domain.members import Member
from app.tenancy.domain.principals import Role
from app.tenancy.store.rows import MembershipRow, UserRow


async def add_member(tx: Tx, user_id: UUID, role: Role) -> None:
    tx.session.add(MembershipRow(user_id=user_id, role=role.value))
    await tx.session.flush()


async def remove_member(tx: Tx, row: MembershipRow) -> None:
    await tx.session.delete(row)
    await tx.session.flush()


async def find_membership(tx: Tx, user_id: UUID) -> MembershipRow | None:
    return await tx.session.scalar(select(MembershipRow).where(MembershipRow.user_id == user_id))


async def find_role(tx: Tx, user_id: UUID) -> Role | None:
    role = await tx.session.scalar(
        select(MembershipRow.role).where(MembershipRow.user_id == user_id)
    )
    return Role(role) if role else None


async def owners(tx: Tx) -> Sequence[UUID]:
    """The oldest membership first."""
    query = select(MembershipRow.user_id).where(MembershipRow.role == Role.OWNER.value)
    query = query.order_by(MembershipRow.created_at, MembershipRow.user_id)
    return (await tx.session.scalars(query)).all()


async def members(tx: Tx, *, user_id: UUID | None = None) -> list[Member]:
    """All, or the one."""
    query = (
        select(MembershipRow, UserRow)
        .join(UserRow, UserRow.id == MembershipRow.user_id)
        .order_by(MembershipRow.created_at, MembershipRow.user_id)
    )
    if user_id is not None:
        query = query.where(MembershipRow.user_id == user_id)
    return [
        Member(user.id, user.email, user.name, Role(row.role), row.created_at)
        for row, user in (await tx.session.execute(query)).tuples()
    ]


async def has_member_of(tx: Tx, email: str) -> bool:
    query = (
        select(UserRow.id)
        .join(MembershipRow, MembershipRow.user_id == UserRow.id)
        .where(UserRow.email == email)
    )
    return await tx.session.scalar(query) is not None


async def find_user_id(tx: Tx, email: str) -> UUID | None:
    return await tx.session.scalar(select(UserRow.id).where(UserRow.email == email))
