"""Sessions of users."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, update

from app.core.db import Tx
from app.tenancy.domain.principals import Role
from app.tenancy.domain.sessions import SessionInfo
from app.tenancy.store.rows import MembershipRow, UserRow, UserSessionRow

_CURRENT = (
    UserSessionRow.replaced_by.is_(None)
    & UserSessionRow.revoked_at.is_(None)
    & (UserSessionRow.expires_at > func.now())
)


async def add_session(tx: Tx, row: UserSessionRow) -> None:
    tx.session.add(row)
    await tx.session.flush()


async def lock_session(tx: Tx, hashes: Sequence[bytes]) -> UserSessionRow | None:
    """Of two refreshes at once the second waits here and then sees what the first did."""
    return await tx.session.scalar(
        select(UserSessionRow)
        .where(UserSessionRow.refresh_token_hash.in_(hashes))
        .with_for_update()
    )


async def find_current(tx: Tx, chain_id: UUID) -> tuple[UserSessionRow, UserRow] | None:
    query = (
        select(UserSessionRow, UserRow)
        .join(UserRow, UserRow.id == UserSessionRow.user_id)
        .where(UserSessionRow.chain_id == chain_id, _CURRENT)
    )
    found = (await tx.session.execute(query)).first()
    return found.tuple() if found else None


async def roles(tx: Tx, user_id: UUID) -> dict[UUID, Role]:
    """The organizations that a user belongs to, the oldest membership first."""
    query = (
        select(MembershipRow.org_id, MembershipRow.role)
        .where(MembershipRow.user_id == user_id)
        .order_by(MembershipRow.created_at, MembershipRow.org_id)
    )
    return {org_id: Role(role) for org_id, role in await tx.session.execute(query)}


async def started_sessions(tx: Tx, user_id: UUID) -> list[SessionInfo]:
    query = select(UserSessionRow).where(UserSessionRow.user_id == user_id, _CURRENT)
    rows = await tx.session.scalars(query.order_by(UserSessionRow.created_at.desc()))
    return [
        SessionInfo(row.chain_id, row.device_info, row.ip_address, row.created_at, row.ends_at)
        for row in rows
    ]


async def revoke_chain(tx: Tx, chain_id: UUID) -> bool:
    """False where there is no such session of this user."""
    statement = (
        update(UserSessionRow)
        .where(UserSessionRow.chain_id == chain_id, UserSessionRow.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(UserSessionRow.id)
    )
    return (await tx.session.execute(statement)).first() is not None


async def revoke_all(tx: Tx, user_id: UUID, *, but_chain_id: UUID | None) -> None:
    statement = update(UserSessionRow).where(
        UserSessionRow.user_id == user_id, UserSessionRow.revoked_at.is_(None)
    )
    if but_chain_id is not None:
        statement = statement.where(UserSessionRow.chain_id != but_chain_id)
    await tx.session.execute(statement.values(revoked_at=func.now()))


async def set_active(tx: Tx, chain_id: UUID, org_id: UUID) -> None:
    await tx.session.execute(
        update(UserSessionRow)
        .where(UserSessionRow.chain_id == chain_id, _CURRENT)
        .values(active_org_id=org_id)
    )
