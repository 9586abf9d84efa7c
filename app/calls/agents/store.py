"""The tables of agents and their versions, and all of their SQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Select, UniqueConstraint, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantOwned, Tx


class AgentRow(TenantOwned, Base):
    """`version` is the number of the newest. One that was deleted is kept for its calls."""

    __tablename__ = "agents"
    __table_args__ = (Index(None, "org_id", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class AgentVersionRow(TenantOwned, Base):
    """`settings` is JSON."""

    __tablename__ = "agent_versions"
    __table_args__ = (UniqueConstraint("agent_id", "number"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"))
    number: Mapped[int]
    settings: Mapped[bytes]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    reason: Mapped[str]


Pair = tuple[AgentRow, AgentVersionRow]


async def add(tx: Tx, row: AgentRow, version: AgentVersionRow) -> int:
    """How many agents there are now."""
    tx.session.add(row)
    await tx.session.flush()
    await add_version(tx, version)
    query = select(func.count()).select_from(AgentRow).where(AgentRow.deleted_at.is_(None))
    return await tx.session.scalar(query) or 0


async def add_first(tx: Tx, row: AgentRow, version: AgentVersionRow) -> bool:
    """Not where the organization has or had an agent, nor where another adds it just now."""
    if await tx.session.scalar(select(exists(select(AgentRow.id)))):
        return False
    columns = ("id", "version", "created_at", "changed_at")
    values = {name: getattr(row, name) for name in columns} | {"org_id": tx.org_id}
    statement = insert(AgentRow).values(values).on_conflict_do_nothing()
    if await tx.session.scalar(statement.returning(AgentRow.id)) is None:
        return False
    await add_version(tx, version)
    return True


async def add_version(tx: Tx, version: AgentVersionRow) -> None:
    tx.session.add(version)
    await tx.session.flush()


async def agents(tx: Tx) -> Sequence[Pair]:
    """The oldest first."""
    query = _current().order_by(AgentRow.created_at, AgentRow.id)
    return [(*pair,) for pair in (await tx.session.execute(query)).tuples()]


async def changed_since(tx: Tx, since: datetime, limit: int) -> Sequence[Pair]:
    """The last changed first."""
    query = _current().where(AgentRow.changed_at >= since).order_by(AgentRow.changed_at.desc())
    return [(*pair,) for pair in (await tx.session.execute(query.limit(limit))).tuples()]


async def find(tx: Tx, agent_id: UUID, *, lock: bool = False) -> Pair | None:
    """`lock`: until the transaction ends nobody else changes it."""
    if lock:
        locked = select(AgentRow.id).where(AgentRow.id == agent_id).with_for_update()
        await tx.session.execute(locked)
    query = _current().where(AgentRow.id == agent_id)
    found = (await tx.session.execute(query)).tuples().first()
    return (*found,) if found else None


async def is_there(tx: Tx, agent_id: UUID) -> bool:
    query = select(AgentRow.id).where(AgentRow.id == agent_id, AgentRow.deleted_at.is_(None))
    return await tx.session.scalar(query) is not None


async def versions(tx: Tx, agent_id: UUID) -> Sequence[AgentVersionRow]:
    """The newest first."""
    query = select(AgentVersionRow).where(AgentVersionRow.agent_id == agent_id)
    return (await tx.session.scalars(query.order_by(AgentVersionRow.number.desc()))).all()


async def find_version(tx: Tx, agent_id: UUID, number: int) -> AgentVersionRow | None:
    """Also of an agent that was deleted."""
    query = select(AgentVersionRow).where(AgentVersionRow.agent_id == agent_id)
    return await tx.session.scalar(query.where(AgentVersionRow.number == number))


async def find_version_by_id(tx: Tx, agent_id: UUID, version_id: UUID) -> AgentVersionRow | None:
    query = select(AgentVersionRow).where(AgentVersionRow.agent_id == agent_id)
    return await tx.session.scalar(query.where(AgentVersionRow.id == version_id))


def _current() -> Select[Pair]:
    """Agents that are there, each with its newest version."""
    newest = (AgentVersionRow.agent_id == AgentRow.id) & (
        AgentVersionRow.number == AgentRow.version
    )
    query = select(AgentRow, AgentVersionRow).join(AgentVersionRow, newest)
    return query.where(AgentRow.deleted_at.is_(None))
