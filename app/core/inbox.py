"""Facts that arrived from outside or from another context, each taken in once."""

from datetime import datetime

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, TenantKeyed, Tx


class InboxRow(TenantKeyed, Base):
    __tablename__ = "inbox"

    source: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


async def receive(tx: Tx, source: str, external_id: str) -> bool:
    """True the first time; False for a fact whose effects are already in the database.

    Two transactions at once: the second waits here until the first has ended.
    """
    statement = (
        insert(InboxRow)
        .values(org_id=tx.org_id, source=source, external_id=external_id)
        .on_conflict_do_nothing()
        .returning(InboxRow.source)
    )
    return (await tx.session.execute(statement)).first() is not None


async def forget_before(tx: Tx, oldest: datetime) -> None:
    await tx.session.execute(delete(InboxRow).where(InboxRow.received_at < oldest))
