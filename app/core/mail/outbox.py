"""The table of letters and all of its SQL.

A letter may be written in any scope, and read or changed in the system scope only: rows are
inserted without RETURNING, which would read.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tx

KEPT_SENT = timedelta(days=30)
KEPT_UNSENT = timedelta(days=90)


class EmailRow(Base):
    __tablename__ = "emails"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    recipient: Mapped[str]
    subject: Mapped[str]
    body: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    """When a job was made for it, of which there is never a second; None: there was no server."""
    attempts: Mapped[int]
    last_error: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]


async def add(tx: Tx, row: EmailRow) -> None:
    await tx.session.execute(
        insert(EmailRow).values(
            id=row.id,
            recipient=row.recipient,
            subject=row.subject,
            body=row.body,
            created_at=row.created_at,
            expires_at=row.expires_at,
            queued_at=row.queued_at,
            attempts=0,
        )
    )


async def find(tx: Tx, email_id: UUID) -> EmailRow | None:
    return await tx.session.scalar(select(EmailRow).where(EmailRow.id == email_id))


async def newest(tx: Tx, limit: int) -> Sequence[EmailRow]:
    query = select(EmailRow).order_by(EmailRow.created_at.desc(), EmailRow.id).limit(limit)
    return (await tx.session.scalars(query)).all()


async def queue_waiting(tx: Tx, now: datetime) -> Sequence[UUID]:
    """Those to make a job for now; of replicas that start at once, one gets each."""
    statement = (
        update(EmailRow)
        .where(
            EmailRow.queued_at.is_(None),
            EmailRow.sent_at.is_(None),
            EmailRow.failed_at.is_(None),
            EmailRow.expires_at > now,
        )
        .values(queued_at=now)
        .returning(EmailRow.id)
    )
    return (await tx.session.scalars(statement)).all()


async def purge(tx: Tx, now: datetime) -> None:
    """Forget what expired letters said, and old letters altogether."""
    await tx.session.execute(update(EmailRow).where(EmailRow.expires_at <= now).values(body=None))
    old_sent = EmailRow.sent_at < now - KEPT_SENT
    await tx.session.execute(
        delete(EmailRow).where(or_(old_sent, EmailRow.created_at < now - KEPT_UNSENT))
    )
