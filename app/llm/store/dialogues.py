"""The tables of what users said to the assistant and want of it, and all of their SQL."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, TypeVar
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantOwned, Tx


class Personal(TenantOwned):
    """Mixin of what is a user's: `sealed` is encrypted. The user is one of the organization's
    own, under any name that it gives to that one."""

    __tablename__: ClassVar[str]

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[str]
    sealed: Mapped[bytes]


class ExchangeRow(Personal, Base):
    __tablename__ = "dialogue_exchanges"
    __table_args__ = (Index(None, "org_id", "user_id", "said_at"),)

    said_at: Mapped[datetime] = mapped_column(index=True)
    tokens: Mapped[int]


class PreferencesRow(Personal, Base):
    __tablename__ = "user_preferences"
    __table_args__ = (UniqueConstraint("org_id", "user_id"),)


P = TypeVar("P", bound=Personal)

_NEWEST = (ExchangeRow.said_at.desc(), ExchangeRow.id)


async def add_exchange(tx: Tx, row: ExchangeRow) -> None:
    tx.session.add(row)
    await tx.session.flush()


async def exchanges(tx: Tx, user_id: str, *, since: datetime, limit: int) -> Sequence[ExchangeRow]:
    """The newest first."""
    query = select(ExchangeRow).where(ExchangeRow.user_id == user_id, ExchangeRow.said_at >= since)
    return (await tx.session.scalars(query.order_by(*_NEWEST).limit(limit))).all()


async def trim(tx: Tx, user_id: str, *, most: int, most_tokens: int) -> None:
    """Leaves the newest exchanges of the user."""
    number = func.row_number().over(order_by=_NEWEST)
    tokens = func.sum(ExchangeRow.tokens).over(order_by=_NEWEST, rows=(None, 0))
    numbered = (
        select(ExchangeRow.id, number.label("number"), tokens.label("tokens"))
        .where(ExchangeRow.user_id == user_id)
        .subquery()
    )
    old = select(numbered.c.id).where(
        (numbered.c.number > most) | (numbered.c.tokens > most_tokens)
    )
    await tx.session.execute(delete(ExchangeRow).where(ExchangeRow.id.in_(old)))


async def histories(
    tx: Tx, user_id: str | None, *, since: datetime, limit: int
) -> list[tuple[str, int, datetime]]:
    """User, number of exchanges and time of the last one; of all users or of one."""
    last = func.max(ExchangeRow.said_at)
    query = select(ExchangeRow.user_id, func.count(), last).where(ExchangeRow.said_at >= since)
    if user_id is not None:
        query = query.where(ExchangeRow.user_id == user_id)
    query = query.group_by(ExchangeRow.user_id).order_by(last.desc(), ExchangeRow.user_id)
    return [(*row,) for row in (await tx.session.execute(query.limit(limit))).tuples()]


async def remove_exchanges(tx: Tx, user_id: str) -> int:
    """How many there were."""
    statement = delete(ExchangeRow).where(ExchangeRow.user_id == user_id)
    return len((await tx.session.scalars(statement.returning(ExchangeRow.id))).all())


async def purge(tx: Tx, before: datetime) -> None:
    await tx.session.execute(delete(ExchangeRow).where(ExchangeRow.said_at < before))


async def find_preferences(tx: Tx, user_id: str) -> PreferencesRow | None:
    query = select(PreferencesRow).where(PreferencesRow.user_id == user_id)
    return await tx.session.scalar(query)


async def put_preferences(tx: Tx, row: PreferencesRow) -> None:
    """In the place of those that the user had."""
    said = {"id": row.id, "sealed": row.sealed}
    statement = insert(PreferencesRow).values(org_id=tx.org_id, user_id=row.user_id, **said)
    columns = [PreferencesRow.org_id, PreferencesRow.user_id]
    await tx.session.execute(statement.on_conflict_do_update(index_elements=columns, set_=said))


async def remove_preferences(tx: Tx, user_id: str) -> bool:
    statement = delete(PreferencesRow).where(PreferencesRow.user_id == user_id)
    removed = await tx.session.scalar(statement.returning(PreferencesRow.id))
    return removed is not None


async def heads(tx: Tx, kind: type[P], size: int) -> list[bytes]:
    """The different beginnings of what is sealed: one for each key in use."""
    return list(await tx.session.scalars(select(func.substring(kind.sealed, 1, size)).distinct()))


async def sealed_under(
    tx: Tx, kind: type[P], head: bytes, *, after: UUID, limit: int
) -> Sequence[P]:
    beginning = func.substring(kind.sealed, 1, len(head))
    query = select(kind).where(beginning == head, kind.id > after)
    return (await tx.session.scalars(query.order_by(kind.id).limit(limit))).all()
