"""Quotas, and what they are compared with."""

from datetime import datetime

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Tx
from app.tenancy.domain.quota import Quota
from app.tenancy.store.rows import OrganizationRow, QuotaRow, UsageRow


async def organization_exists(tx: Tx) -> bool:
    """That of the scope."""
    own = select(OrganizationRow.id).where(OrganizationRow.id == tx.org_id)
    return await tx.session.scalar(own) is not None


async def find_quota(tx: Tx) -> Quota:
    row = await tx.session.scalar(select(QuotaRow).where(QuotaRow.org_id == tx.org_id))
    return msgspec.convert(row, Quota, from_attributes=True) if row else Quota()


async def put_quota(tx: Tx, quota: Quota) -> None:
    limits = msgspec.structs.asdict(quota)
    statement = insert(QuotaRow).values(org_id=tx.org_id, **limits)
    await tx.session.execute(
        statement.on_conflict_do_update(index_elements=[QuotaRow.org_id], set_=limits)
    )


async def audio_s_since(tx: Tx, since: datetime) -> float:
    total = select(func.coalesce(func.sum(UsageRow.audio_s), 0.0)).where(UsageRow.minute >= since)
    return float(await tx.session.scalar(total) or 0)
