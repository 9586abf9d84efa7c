"""API keys."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, update

from app.core.db import Tx
from app.tenancy.store.rows import ApiKeyRow

_LIVE = ApiKeyRow.revoked_at.is_(None) & (
    ApiKeyRow.expires_at.is_(None) | (ApiKeyRow.expires_at > func.now())
)


async def add_key(tx: Tx, row: ApiKeyRow) -> None:
    tx.session.add(row)
    await tx.session.flush()


async def find_live_key(tx: Tx, hashes: Sequence[bytes]) -> ApiKeyRow | None:
    return await tx.session.scalar(select(ApiKeyRow).where(ApiKeyRow.token_hash.in_(hashes), _LIVE))


async def live_keys(tx: Tx, user_id: str | None) -> Sequence[ApiKeyRow]:
    query = select(ApiKeyRow).where(_LIVE).order_by(ApiKeyRow.created_at, ApiKeyRow.id)
    if user_id is not None:
        query = query.where(ApiKeyRow.user_id == user_id)
    return (await tx.session.scalars(query)).all()


async def revoke_key(tx: Tx, key_id: UUID) -> bool:
    """False where there is no such live key."""
    statement = (
        update(ApiKeyRow)
        .where(ApiKeyRow.id == key_id, _LIVE)
        .values(revoked_at=func.now())
        .returning(ApiKeyRow.id)
    )
    return (await tx.session.execute(statement)).first() is not None


async def has_live_admin_key(tx: Tx) -> bool:
    live = select(ApiKeyRow.id).where(ApiKeyRow.is_admin, _LIVE)
    return await tx.session.scalar(live) is not None


async def revoke_admin_keys(tx: Tx) -> None:
    await tx.session.execute(
        update(ApiKeyRow)
        .where(ApiKeyRow.is_admin, ApiKeyRow.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )
