"""Sessions of users.

The first row of a chain is the session itself: it alone says whether the session was ended and
which organization is active in it, so that neither can be lost to a refresh at the same moment.
Every row is one refresh token; the last of a chain is the current one.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import aliased

from app.core.db import Tx
from app.tenancy.domain.principals import Role
from app.tenancy.domain.sessions import SessionInfo
from app.tenancy.store.rows import MembershipRow, UserRow, UserSessionRow

_Head = aliased(UserSessionRow)
_IS_HEAD = UserSessionRow.id == UserSessionRow.chain_id
_CURRENT = (
    UserSessionRow.replaced_by.is_(None)
    & (UserSessionRow.expires_at > func.now())
    & _Head.revoked_at.is_(None)
)


async def add_session(tx: Tx, row: UserSessionRow) -> None:
    tx.session.add(row)
    await tx.session.flush()


async def find_session(tx: Tx, hashes: Sequence[bytes]) -> tuple[UUID, UUID] | None:
    """The user and the session that a refresh token belongs or belonged to."""
    query = select(UserSessionRow.user_id, UserSessionRow.chain_id).where(
        UserSessionRow.refresh_token_hash.in_(hashes)
    )
    found = (await tx.session.execute(query)).first()
    return (found[0], found[1]) if found else None


async def lock_session(tx: Tx, chain_id: UUID) -> UserSessionRow | None:
    """Of two refreshes at once the second waits here and then sees what the first did."""
    return await tx.session.scalar(
        select(UserSessionRow).where(UserSessionRow.id == chain_id).with_for_update()
    )


async def find_token(tx: Tx, hashes: Sequence[bytes]) -> UserSessionRow | None:
    return await tx.session.scalar(
        select(UserSessionRow).where(UserSessionRow.refresh_token_hash.in_(hashes))
    )


async def get_replacement(tx: Tx, row: UserSessionRow) -> UserSessionRow:
    found = await tx.session.scalars(
        select(UserSessionRow).where(UserSessionRow.id == row.replaced_by)
    )
    return found.one()


async def find_current(
    tx: Tx, chain_id: UUID
) -> tuple[UserSessionRow, UserRow, UUID | None] | None:
    """The token that is valid now, whose it is, and the organization active in the session."""
    query = (
        select(UserSessionRow, UserRow, _Head.active_org_id)
        .join(UserRow, UserRow.id == UserSessionRow.user_id)
        .join(_Head, _Head.id == UserSessionRow.chain_id)
        .where(UserSessionRow.chain_id == chain_id, _CURRENT)
    )
    found = (await tx.session.execute(query)).first()
    return (found[0], found[1], found[2]) if found else None


async def roles(tx: Tx, user_id: UUID) -> dict[UUID, Role]:
    """The organizations that a user belongs to, the oldest membership first."""
    query = (
        select(MembershipRow.org_id, MembershipRow.role)
        .where(MembershipRow.user_id == user_id)
        .order_by(MembershipRow.created_at, MembershipRow.org_id)
    )
    return {org_id: Role(role) for org_id, role in await tx.session.execute(query)}


async def started_sessions(tx: Tx, user_id: UUID) -> list[SessionInfo]:
    """The one last used first."""
    query = (
        select(UserSessionRow, _Head.created_at)
        .join(_Head, _Head.id == UserSessionRow.chain_id)
        .where(UserSessionRow.user_id == user_id, _CURRENT)
        .order_by(UserSessionRow.created_at.desc(), UserSessionRow.id)
    )
    return [
        SessionInfo(
            id=row.chain_id,
            device_info=row.device_info,
            ip_address=row.ip_address,
            started_at=started_at,
            last_refreshed_at=row.created_at,
            ends_at=row.ends_at,
        )
        for row, started_at in await tx.session.execute(query)
    ]


async def revoke(tx: Tx, user_id: UUID, chain_id: UUID) -> bool:
    """False where the user has no such session."""
    statement = (
        update(UserSessionRow)
        .where(
            UserSessionRow.id == chain_id,
            UserSessionRow.user_id == user_id,
            _IS_HEAD,
            UserSessionRow.revoked_at.is_(None),
            UserSessionRow.ends_at > func.now(),
        )
        .values(revoked_at=func.now())
        .returning(UserSessionRow.id)
    )
    return (await tx.session.execute(statement)).first() is not None


async def revoke_all(tx: Tx, user_id: UUID, *, but_chain_id: UUID | None) -> bool:
    """False where there was none."""
    statement = update(UserSessionRow).where(
        UserSessionRow.user_id == user_id, _IS_HEAD, UserSessionRow.revoked_at.is_(None)
    )
    if but_chain_id is not None:
        statement = statement.where(UserSessionRow.chain_id != but_chain_id)
    ended = statement.values(revoked_at=func.now()).returning(UserSessionRow.id)
    return (await tx.session.execute(ended)).first() is not None


async def set_active(tx: Tx, chain_id: UUID, org_id: UUID) -> None:
    await tx.session.execute(
        update(UserSessionRow)
        .where(UserSessionRow.id == chain_id, _IS_HEAD)
        .values(active_org_id=org_id)
    )


async def purge_sessions(tx: Tx, before: datetime) -> None:
    """Those that could not be refreshed any more, whole chains at once."""
    await tx.session.execute(delete(UserSessionRow).where(UserSessionRow.ends_at < before))
