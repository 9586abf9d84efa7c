"""Usage by the minute."""

from collections.abc import Iterable
from datetime import datetime

import msgspec
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.core.db import Tx
from app.tenancy.domain.usage import Amounts, Counted, UsageEntry, UsageSum
from app.tenancy.store.organizations import hold_organizations
from app.tenancy.store.rows import UsageRow

_AMOUNTS = (UsageRow.requests, UsageRow.audio_s, UsageRow.characters, UsageRow.llm_tokens)


async def add_usage(tx: Tx, minute: datetime, counted: Iterable[Counted]) -> None:
    """In one order everywhere, so that replicas writing at once do not wait for each other.

    What was counted of an organization that has been deleted since is nobody's.
    """
    counted = list(counted)
    standing = await hold_organizations(tx, {each.principal.org_id for each in counted})
    rows = [
        {
            "org_id": each.principal.org_id,
            "minute": minute,
            "user_id": each.principal.user_id,
            "key_id": each.principal.key_id,
            "endpoint": each.endpoint,
        }
        | msgspec.structs.asdict(each.amounts)
        for each in counted
        if each.principal.org_id in standing
    ]
    if not rows:
        return
    rows.sort(key=lambda row: (row["key_id"], row["endpoint"]))
    statement = insert(UsageRow).values(rows)
    sums = {column.key: column + statement.excluded[column.key] for column in _AMOUNTS}
    await tx.session.execute(
        statement.on_conflict_do_update(index_elements=UsageRow.__table__.primary_key, set_=sums)
    )


async def usage_entries(tx: Tx, user_id: str | None, since: datetime) -> list[UsageEntry]:
    query = (
        select(UsageRow)
        .where(UsageRow.minute >= since)
        .order_by(UsageRow.minute.desc(), UsageRow.endpoint)
    )
    if user_id is not None:
        query = query.where(UsageRow.user_id == user_id)
    return [
        UsageEntry(
            row.minute,
            row.user_id,
            row.key_id,
            row.endpoint,
            Amounts(row.requests, row.audio_s, row.characters, row.llm_tokens),
        )
        for row in await tx.session.scalars(query)
    ]


async def usage_sums(tx: Tx, since: datetime) -> list[UsageSum]:
    query = (
        select(UsageRow.user_id, UsageRow.endpoint, *(func.sum(column) for column in _AMOUNTS))
        .where(UsageRow.minute >= since)
        .group_by(UsageRow.user_id, UsageRow.endpoint)
        .order_by(UsageRow.user_id, UsageRow.endpoint)
    )
    return [
        UsageSum(user_id, endpoint, Amounts(int(requests), audio_s, int(characters), int(tokens)))
        for user_id, endpoint, requests, audio_s, characters, tokens in await tx.session.execute(
            query
        )
    ]
