"""The tables of customers, and all of their SQL."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast
from uuid import UUID

from sqlalchemy import CursorResult, ForeignKey, Index, Select, UniqueConstraint, func, select
from sqlalchemy import delete as deletion
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantKeyed, TenantOwned, Tx


class CustomerRow(TenantOwned, Base):
    """`sealed` is encrypted; `phone_hash` finds the number that is in it."""

    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("org_id", "phone_hash"),
        Index(None, "org_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agent_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("agents.id", ondelete="SET NULL"), index=True
    )
    phone_hash: Mapped[bytes | None]
    sealed: Mapped[bytes]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class CustomerSettingsRow(TenantKeyed, Base):
    """`country_code`: where national numbers are dialled; empty where they are refused."""

    __tablename__ = "customer_settings"

    country_code: Mapped[str]


class Kept(NamedTuple):
    id: UUID
    agent_id: UUID | None
    phone_hash: bytes | None
    sealed: bytes
    created_at: datetime
    changed_at: datetime


async def count(tx: Tx) -> int:
    return await tx.session.scalar(select(func.count()).select_from(CustomerRow)) or 0


async def put(tx: Tx, row: CustomerRow) -> bool:
    """New or changed. Not where another has its number."""
    try:
        async with tx.session.begin_nested():
            tx.session.add(row)
    except IntegrityError:
        return False
    return True


async def add_all(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> int:
    """How many: not those whose number another has got meanwhile."""
    if not rows:
        return 0
    statement = insert(CustomerRow.__table__).on_conflict_do_nothing()  # pyright: ignore[reportArgumentType]
    values = [{"org_id": tx.org_id, **row} for row in rows]
    counted = {"preserve_rowcount": True}
    done = await tx.session.execute(statement, values, execution_options=counted)
    return cast("CursorResult[Any]", done).rowcount


async def find(tx: Tx, customer_id: UUID, *, lock: bool = False) -> CustomerRow | None:
    query = select(CustomerRow).where(CustomerRow.id == customer_id)
    return await tx.session.scalar(query.with_for_update() if lock else query)


async def with_phones(tx: Tx, hashes: Collection[bytes]) -> Sequence[CustomerRow]:
    query = select(CustomerRow).where(CustomerRow.phone_hash.in_(hashes))
    return (await tx.session.scalars(query)).all()


async def page(
    tx: Tx, agent_id: UUID | None, *, limit: int, offset: int = 0, after: Kept | None = None
) -> list[Kept]:
    """The newest first, from the one that comes after `after`."""
    query = _kept().order_by(CustomerRow.created_at.desc(), CustomerRow.id)
    if agent_id:
        query = query.where(CustomerRow.agent_id == agent_id)
    if after:
        same_time = (CustomerRow.created_at == after.created_at) & (CustomerRow.id > after.id)
        query = query.where((CustomerRow.created_at < after.created_at) | same_time)
    rows = await tx.session.execute(query.offset(offset).limit(limit))
    return [Kept(*row) for row in rows.tuples()]


async def remove(tx: Tx, customer_id: UUID) -> bool:
    statement = deletion(CustomerRow).where(CustomerRow.id == customer_id)
    return await tx.session.scalar(statement.returning(CustomerRow.id)) is not None


async def find_country_code(tx: Tx) -> str:
    return await tx.session.scalar(select(CustomerSettingsRow.country_code)) or ""


async def put_country_code(tx: Tx, code: str) -> None:
    statement = insert(CustomerSettingsRow).values(org_id=tx.org_id, country_code=code)
    said = {"country_code": code}
    await tx.session.execute(
        statement.on_conflict_do_update(index_elements=[CustomerSettingsRow.org_id], set_=said)
    )


async def heads(tx: Tx, size: int) -> list[bytes]:
    """The different beginnings of what is sealed: one for each key in use."""
    head = func.substring(CustomerRow.sealed, 1, size)
    return list(await tx.session.scalars(select(head).distinct()))


async def sealed_under(tx: Tx, head: bytes, *, after: UUID, limit: int) -> Sequence[CustomerRow]:
    beginning = func.substring(CustomerRow.sealed, 1, len(head))
    query = select(CustomerRow).where(beginning == head, CustomerRow.id > after)
    query = query.order_by(CustomerRow.id).limit(limit).with_for_update()
    return (await tx.session.scalars(query)).all()


def _kept() -> Select[tuple[UUID, UUID | None, bytes | None, bytes, datetime, datetime]]:
    return select(
        CustomerRow.id,
        CustomerRow.agent_id,
        CustomerRow.phone_hash,
        CustomerRow.sealed,
        CustomerRow.created_at,
        CustomerRow.changed_at,
    )
