"""The tables of calls and what was said in them, and all of their SQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Select, UniqueConstraint, delete, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.calls.sessions.domain import CallQuery, CallState
from app.core.db import Base, TenantOwned, Tx


class Sealed(TenantOwned):
    """Mixin of what is partly nobody else's business: `sealed` is encrypted."""

    __tablename__: ClassVar[str]

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]


class CallRow(Sealed, Base):
    """`alive_at`: when the process that holds the call last said so.
    `forget_at`: when it is deleted with all that belongs to it; none: when somebody does that."""

    __tablename__ = "calls"
    __table_args__ = (
        Index(None, "org_id", "started_at"),
        UniqueConstraint("org_id", "provider_id"),
    )

    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    agent_version: Mapped[int]
    customer_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("customers.id", ondelete="SET NULL"), index=True
    )
    direction: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    provider_id: Mapped[str | None]
    started_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    alive_at: Mapped[datetime]
    forget_at: Mapped[datetime | None] = mapped_column(index=True)
    duration_s: Mapped[float]
    ended_reason: Mapped[str]
    recorded_bytes: Mapped[int | None]
    summary_state: Mapped[str]


class CallTurnRow(Sealed, Base):
    __tablename__ = "call_turns"
    __table_args__ = (UniqueConstraint("call_id", "number"),)

    call_id: Mapped[UUID] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    number: Mapped[int]
    role: Mapped[str]
    at_s: Mapped[float]
    ended_s: Mapped[float]
    is_cut: Mapped[bool]
    timings: Mapped[dict[str, Any]] = mapped_column(JSONB)


S = TypeVar("S", bound=Sealed)


async def add(tx: Tx, *rows: Sealed) -> None:
    tx.session.add_all(rows)
    await tx.session.flush()


async def find(tx: Tx, call_id: UUID, *, lock: bool = False) -> CallRow | None:
    query = select(CallRow).where(CallRow.id == call_id)
    return await tx.session.scalar(query.with_for_update() if lock else query)


async def find_by_provider(tx: Tx, provider_id: str) -> CallRow | None:
    return await tx.session.scalar(select(CallRow).where(CallRow.provider_id == provider_id))


async def page(tx: Tx, query: CallQuery) -> Sequence[CallRow]:
    """The newest first."""
    rows = _asked(select(CallRow), query).order_by(CallRow.started_at.desc(), CallRow.id)
    return (await tx.session.scalars(rows.offset(query.offset).limit(query.limit))).all()


async def count(tx: Tx, query: CallQuery) -> int:
    counted = _asked(select(func.count()).select_from(CallRow), query)
    return await tx.session.scalar(counted) or 0


async def turns(tx: Tx, call_ids: Collection[UUID]) -> Sequence[CallTurnRow]:
    query = select(CallTurnRow).where(CallTurnRow.call_id.in_(call_ids))
    return (await tx.session.scalars(query.order_by(CallTurnRow.call_id, CallTurnRow.number))).all()


async def abandoned(
    tx: Tx, *, held: datetime, waiting: datetime, limit: int
) -> list[tuple[UUID, UUID, str]]:
    """Organization, call and state of those of which nothing was heard since: since `held` where
    somebody had answered, since `waiting` where nobody had."""
    is_held = CallRow.state == CallState.IN_PROGRESS.value
    waits = CallRow.state.in_((CallState.QUEUED.value, CallState.RINGING.value))
    query = select(CallRow.org_id, CallRow.id, CallRow.state).where(
        (is_held & (CallRow.alive_at < held)) | (waits & (CallRow.alive_at < waiting))
    )
    return [(*row,) for row in (await tx.session.execute(query.limit(limit))).tuples()]


async def outdated(tx: Tx, now: datetime, limit: int) -> list[UUID]:
    query = select(CallRow.id).where(CallRow.forget_at < now).limit(limit)
    return list(await tx.session.scalars(query))


async def existing(tx: Tx, call_ids: Collection[UUID]) -> set[UUID]:
    return set(await tx.session.scalars(select(CallRow.id).where(CallRow.id.in_(call_ids))))


async def remove(tx: Tx, call_ids: Collection[UUID]) -> None:
    await tx.session.execute(delete(CallRow).where(CallRow.id.in_(call_ids)))


async def heads(tx: Tx, kind: type[S], size: int) -> list[bytes]:
    """The different beginnings of what is sealed: one for each key in use."""
    return list(await tx.session.scalars(select(func.substring(kind.sealed, 1, size)).distinct()))


async def sealed_under(
    tx: Tx, kind: type[S], head: bytes, *, after: UUID, limit: int
) -> Sequence[S]:
    beginning = func.substring(kind.sealed, 1, len(head))
    query = select(kind).where(beginning == head, kind.id > after)
    return (await tx.session.scalars(query.order_by(kind.id).limit(limit).with_for_update())).all()


def _asked(statement: Select[Any], query: CallQuery) -> Select[Any]:
    if query.agent_id:
        statement = statement.where(CallRow.agent_id == query.agent_id)
    if query.customer_id:
        statement = statement.where(CallRow.customer_id == query.customer_id)
    if query.since:
        statement = statement.where(CallRow.started_at >= query.since)
    if query.until:
        statement = statement.where(CallRow.started_at < query.until)
    if query.state:
        statement = statement.where(CallRow.state == query.state.value)
    return statement
