"""The tables of tools and of the secrets that they may use, and all of their SQL."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantKeyed, Tx


class ToolRow(TenantKeyed, Base):
    __tablename__ = "llm_tools"

    name: Mapped[str] = mapped_column(primary_key=True)
    definition: Mapped[bytes]
    changed_at: Mapped[datetime]


class ToolSecretRow(TenantKeyed, Base):
    """`sealed` is encrypted."""

    __tablename__ = "llm_tool_secrets"

    name: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    sealed: Mapped[bytes]
    changed_at: Mapped[datetime]


async def tools(tx: Tx) -> Sequence[ToolRow]:
    return (await tx.session.scalars(select(ToolRow).order_by(ToolRow.name))).all()


async def find_tool(tx: Tx, name: str) -> ToolRow | None:
    return await tx.session.scalar(select(ToolRow).where(ToolRow.name == name))


async def put_tool(tx: Tx, row: ToolRow) -> int:
    """In the place of one of this name. How many there are now."""
    said = {"definition": row.definition, "changed_at": row.changed_at}
    statement = insert(ToolRow).values(org_id=tx.org_id, name=row.name, **said)
    columns = [ToolRow.org_id, ToolRow.name]
    await tx.session.execute(statement.on_conflict_do_update(index_elements=columns, set_=said))
    return await tx.session.scalar(select(func.count()).select_from(ToolRow)) or 0


async def remove_tool(tx: Tx, name: str) -> bool:
    statement = delete(ToolRow).where(ToolRow.name == name).returning(ToolRow.name)
    return await tx.session.scalar(statement) is not None


async def secrets(tx: Tx) -> Sequence[ToolSecretRow]:
    return (await tx.session.scalars(select(ToolSecretRow).order_by(ToolSecretRow.name))).all()


async def secrets_named(tx: Tx, names: Collection[str]) -> Sequence[ToolSecretRow]:
    query = select(ToolSecretRow).where(ToolSecretRow.name.in_(names))
    return (await tx.session.scalars(query)).all()


async def put_secret(tx: Tx, row: ToolSecretRow) -> int:
    """In the place of one of this name. How many there are now."""
    said = {"host": row.host, "sealed": row.sealed, "changed_at": row.changed_at}
    statement = insert(ToolSecretRow).values(org_id=tx.org_id, name=row.name, **said)
    columns = [ToolSecretRow.org_id, ToolSecretRow.name]
    await tx.session.execute(statement.on_conflict_do_update(index_elements=columns, set_=said))
    return await tx.session.scalar(select(func.count()).select_from(ToolSecretRow)) or 0


async def remove_secret(tx: Tx, name: str) -> bool:
    statement = delete(ToolSecretRow).where(ToolSecretRow.name == name)
    return await tx.session.scalar(statement.returning(ToolSecretRow.name)) is not None


async def heads_of_secrets(tx: Tx, size: int) -> list[tuple[UUID, str, bytes]]:
    head = func.substring(ToolSecretRow.sealed, 1, size)
    query = select(ToolSecretRow.org_id, ToolSecretRow.name, head)
    return list((await tx.session.execute(query)).tuples())


async def find_locked_secret(tx: Tx, org_id: UUID, name: str) -> ToolSecretRow | None:
    query = select(ToolSecretRow).where(ToolSecretRow.org_id == org_id, ToolSecretRow.name == name)
    return await tx.session.scalar(query.with_for_update())
