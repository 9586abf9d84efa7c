"""The tables of telephony, and all of their SQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantKeyed, TenantOwned, Tx


class PhoneNumberRow(TenantOwned, Base):
    """`number` is E.164: it rings at one organization, and its calls are one agent's."""

    __tablename__ = "phone_numbers"

    number: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[UUID] = mapped_column(ForeignKey("agents.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]


class StreamTicketRow(TenantKeyed, Base):
    """Opens one stream, once."""

    __tablename__ = "stream_tickets"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    call_id: Mapped[UUID]
    purpose: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)


async def numbers(tx: Tx) -> Sequence[PhoneNumberRow]:
    return (await tx.session.scalars(select(PhoneNumberRow).order_by(PhoneNumberRow.number))).all()


async def find_number(tx: Tx, number: str) -> PhoneNumberRow | None:
    return await tx.session.scalar(select(PhoneNumberRow).where(PhoneNumberRow.number == number))


async def put_number(tx: Tx, number: str, agent_id: UUID, at: datetime) -> bool:
    """False where it is another organization's."""
    statement = insert(PhoneNumberRow).values(
        org_id=tx.org_id, number=number, agent_id=agent_id, created_at=at
    )
    await tx.session.execute(statement.on_conflict_do_nothing())
    row = await find_number(tx, number)
    if row is None:
        return False
    row.agent_id = agent_id
    return True


async def remove_number(tx: Tx, number: str) -> bool:
    statement = delete(PhoneNumberRow).where(PhoneNumberRow.number == number)
    return await tx.session.scalar(statement.returning(PhoneNumberRow.number)) is not None


async def add_ticket(tx: Tx, ticket: StreamTicketRow, now: datetime) -> None:
    """Those that have expired go."""
    await tx.session.execute(delete(StreamTicketRow).where(StreamTicketRow.expires_at < now))
    tx.session.add(ticket)
    await tx.session.flush()


async def take_ticket(tx: Tx, hashes: Sequence[bytes], now: datetime) -> tuple[UUID, str] | None:
    """It is gone then, for whoever comes at the same time too."""
    statement = (
        delete(StreamTicketRow)
        .where(StreamTicketRow.token_hash.in_(hashes), StreamTicketRow.expires_at > now)
        .returning(StreamTicketRow.call_id, StreamTicketRow.purpose)
    )
    row = (await tx.session.execute(statement)).first()
    return (row.call_id, row.purpose) if row else None
