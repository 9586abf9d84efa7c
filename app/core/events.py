"""Facts that the product announces: written with the change they tell of, delivered afterwards.

An event is an outbox row plus one job for each subscriber, all in the publisher's transaction.
Each subscriber's effects in the database happen once. For dashboards, see `app.core.feed`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core import inbox
from app.core.clock import utc_now
from app.core.db import Base, Database, TenantOwned, Tx
from app.core.jobs import JobKind, Jobs
from app.core.scope import Scope

E = TypeVar("E", bound="Event")

KEPT = timedelta(days=30)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened, named in the past tense. The class name is kept: do not rename."""


class OutboxRow(TenantOwned, Base):
    __tablename__ = "outbox"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    body: Mapped[dict[str, Any]] = mapped_column(JSONB)
    published_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class Delivery(msgspec.Struct, frozen=True):
    """One event on its way to one subscriber. Carries no content: jobs are not walled off."""

    event_id: UUID
    subscriber: str


class PurgeOld(msgspec.Struct, frozen=True):
    pass


DELIVER = JobKind("events.deliver", Delivery, max_attempts=12)
PURGE = JobKind("events.purge", PurgeOld, cron="17 3 * * *")


@dataclass(frozen=True, slots=True)
class Subscription:
    kind: type[Event]
    run: Callable[[Tx, Any], Awaitable[None]]


class Events:
    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._database = database
        self._jobs = jobs
        self._subscriptions: dict[str, Subscription] = {}
        jobs.register(DELIVER, self._deliver)
        jobs.register(PURGE, self._purge)

    def subscribe(
        self, subscriber: str, kind: type[E], run: Callable[[Tx, E], Awaitable[None]]
    ) -> None:
        """Call `run` in a transaction of its own for every `kind`. `subscriber` stays in rows."""
        name = f"{subscriber}/{kind.__name__}"
        assert name not in self._subscriptions, f"{name} subscribes twice"
        self._subscriptions[name] = Subscription(kind, run)

    async def publish(self, tx: Tx, event: Event) -> UUID:
        row = OutboxRow(
            id=uuid4(),
            org_id=tx.org_id,
            kind=type(event).__name__,
            body=msgspec.to_builtins(event),
        )
        tx.session.add(row)
        await tx.session.flush()
        for name, subscription in self._subscriptions.items():
            if type(event) is subscription.kind:
                await self._jobs.enqueue(tx, DELIVER, Delivery(event_id=row.id, subscriber=name))
        return row.id

    async def _deliver(self, scope: Scope, delivery: Delivery) -> None:
        subscription = self._subscriptions[delivery.subscriber]
        async with self._database.transaction(scope) as tx:
            if not await inbox.receive(tx, delivery.subscriber, str(delivery.event_id)):
                return
            row = (
                await tx.session.execute(select(OutboxRow).where(OutboxRow.id == delivery.event_id))
            ).scalar_one()
            await subscription.run(tx, msgspec.convert(row.body, subscription.kind))

    async def _purge(self, scope: Scope, _: PurgeOld) -> None:
        oldest = utc_now() - KEPT
        async with self._database.transaction(scope) as tx:
            await tx.session.execute(delete(OutboxRow).where(OutboxRow.published_at < oldest))
            await inbox.forget_before(tx, oldest)
