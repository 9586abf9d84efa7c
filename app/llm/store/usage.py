"""Tokens by the day."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantKeyed, Tx


class LlmUsageRow(TenantKeyed, Base):
    """`cost_usd` is null where the price was not known. What the `unmetered` of the `requests` took
    is not known."""

    __tablename__ = "llm_usage"

    day: Mapped[date] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    requests: Mapped[int] = mapped_column(BigInteger)
    unmetered: Mapped[int] = mapped_column(BigInteger)
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    cache_read_tokens: Mapped[int] = mapped_column(BigInteger)
    cache_write_tokens: Mapped[int] = mapped_column(BigInteger)
    cost_usd: Mapped[float | None]


_AMOUNTS = (
    LlmUsageRow.requests,
    LlmUsageRow.unmetered,
    LlmUsageRow.input_tokens,
    LlmUsageRow.output_tokens,
    LlmUsageRow.cache_read_tokens,
    LlmUsageRow.cache_write_tokens,
    LlmUsageRow.cost_usd,
)


async def add_usage(tx: Tx, rows: Iterable[dict[str, Any]]) -> None:
    """In one order everywhere, so that replicas writing at once do not wait for each other."""
    ordered = sorted(rows, key=_place)
    if not ordered:
        return
    statement = insert(LlmUsageRow).values(ordered)
    sums = {column.key: column + statement.excluded[column.key] for column in _AMOUNTS}
    await tx.session.execute(
        statement.on_conflict_do_update(index_elements=LlmUsageRow.__table__.primary_key, set_=sums)
    )


def _place(row: dict[str, Any]) -> tuple[UUID, date, str, str]:
    return row["org_id"], row["day"], row["provider"], row["model"]


async def usage_since(tx: Tx, day: date) -> Sequence[LlmUsageRow]:
    query = (
        select(LlmUsageRow)
        .where(LlmUsageRow.day >= day)
        .order_by(LlmUsageRow.day.desc(), LlmUsageRow.provider, LlmUsageRow.model)
    )
    return (await tx.session.scalars(query)).all()
