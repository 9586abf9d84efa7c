"""API keys."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Tx
from app.tenancy.store.rows import ApiKeyRow, OrganizationRow

_LIVE = ApiKeyRow.revoked_at.is_(None) & (
    ApiKeyRow.expires_at.is_(None) | (ApiKeyRow.expires_at > func.now())
)


async def add_key(tx: Tx, row: ApiKeyRow) -> None:
    tx.session.add(row)
    await tx.session.flush()


async def find_live_key(tx: Tx, hashes: Sequence[bytes]) -> ApiKeyRow | None:
    return await tx.session.scalar(select(ApiKeyRow).where(ApiKeyRow.token_hash.in_(hashes), _LIVE))


async def lock_live_key(tx: Tx, key_id: UUID) -> ApiKeyRow | None:
    """Of two rotations at once the second waits here and then sees what the first did."""
    return await tx.session.scalar(
        select(ApiKeyRow).where(ApiKeyRow.id == key_id, _LIVE).with_for_update()
    )


async def live_keys(tx: Tx, user_id: str | None, *, admins_too: bool) -> Sequence[ApiKeyRow]:
    query = select(ApiKeyRow).where(_LIVE).order_by(ApiKeyRow.created_at, ApiKeyRow.id)
    if user_id is not None:
        query = query.where(ApiKeyRow.user_id == user_id)
    if not admins_too:
        query = query.where(~ApiKeyRow.is_admin)
    return (await tx.session.scalars(query)).all()


async def revoke_key(tx: Tx, key_id: UUID, *, admins_too: bool) -> bool:
    """False where there is no such live key."""
    statement = update(ApiKeyRow).where(ApiKeyRow.id == key_id, _LIVE)
    if not admins_too:
        statement = statement.where(~ApiKeyRow.is_admin)
    revoked = statement.values(revoked_at=func.now()).returning(ApiKeyRow.id)
    return (await tx.session.execute(revoked)).first() is not None


async def has_live_admin_key(tx: Tx) -> bool:
    live = select(ApiKeyRow.id).where(ApiKeyRow.is_admin, _LIVE)
    return await tx.session.scalar(live) is not None


async def revoke_admin_keys(tx: Tx) -> Sequence[UUID]:
    revoked = await tx.session.scalars(
        update(ApiKeyRow)
        .where(ApiKeyRow.is_admin, ApiKeyRow.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(ApiKeyRow.id)
    )
    return revoked.all()


async def known_hashes(tx: Tx, hashes: Sequence[bytes]) -> set[bytes]:
    """Those of them that keys have or had, revoked ones included."""
    found = await tx.session.scalars(
        select(ApiKeyRow.token_hash).where(ApiKeyRow.token_hash.in_(hashes))
    )
    return set(found)


async def add_keys(tx: Tx, rows: Sequence[dict[str, Any]]) -> int:
    """How many there were not, by id and by hash, revoked ones included."""
    statement = insert(ApiKeyRow).values([row | {"org_id": tx.org_id} for row in rows])
    added = await tx.session.execute(statement.on_conflict_do_nothing().returning(ApiKeyRow.id))
    return len(added.all())


async def find_organization_id(tx: Tx, slug_or_id: str) -> UUID | None:
    """An id wins over a slug that somebody chose to look like it."""
    try:
        named = OrganizationRow.id == UUID(slug_or_id)
    except ValueError:
        named = OrganizationRow.slug == slug_or_id
    return await tx.session.scalar(select(OrganizationRow.id).where(named))
