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
class Publication:
    """The same for everybody who is told of one event."""

    id: UUID
    at: datetime


Told = Callable[[Tx, E, Publication], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Subscription:
    kind: type[Event]
    run: Told[Any]


class Events:
    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._database = database
        self._jobs = jobs
        self._subscriptions: dict[str, Subscription] = {}
        self._witnesses: dict[type[Event], Told[Any]] = {}
        jobs.register(DELIVER, self._deliver)
        jobs.register(PURGE, self._purge)

    def subscribe(self, subscriber: str, kind: type[E], run: Told[E]) -> None:
        """Call `run` in a transaction of its own for every `kind`. `subscriber` stays in rows."""
        name = f"{subscriber}/{kind.__name__}"
        assert name not in self._subscriptions, f"{name} subscribes twice"
        self._subscriptions[name] = Subscription(kind, run)

    def witness(self, kind: type[E], run: Told[E]) -> None:
        """Call `run` in the publisher's own transaction, for a record that must not be missing
        where the fact is there. Not for anything slow."""
        assert kind not in self._witnesses, f"{kind.__name__} has a witness"
        self._witnesses[kind] = run

    async def publish(self, tx: Tx, event: Event) -> UUID:
        row = OutboxRow(
            id=uuid4(),
            org_id=tx.org_id,
            kind=type(event).__name__,
            body=msgspec.to_builtins(event),
            published_at=utc_now(),
        )
        tx.session.add(row)
        await tx.session.flush()
        if witness := self._witnesses.get(type(event)):
            await witness(tx, event, Publication(row.id, row.published_at))
        for name, subscription in self._subscriptions.items():
            if type(event) is subscription.kind:
                await self._jobs.enqueue(tx, DELIVER, Delivery(event_id=row.id, subscriber=name))
        return row.id

    async def _deliver(self, scope: Scope, delivery: Delivery) -> None:
        subscription = self._subscriptions[delivery.subscriber]
        async with self._database.transaction(scope) as tx:
            row = await tx.session.scalar(
                select(OutboxRow).where(OutboxRow.id == delivery.event_id)
            )
            if row is None:
                return  # its organization was deleted, and it with that
            if not await inbox.receive(tx, delivery.subscriber, str(delivery.event_id)):
                return
            event = msgspec.convert(row.body, subscription.kind)
            await subscription.run(tx, event, Publication(row.id, row.published_at))

    async def _purge(self, scope: Scope, _: PurgeOld) -> None:
        oldest = utc_now() - KEPT
        async with self._database.transaction(scope) as tx:
            await tx.session.execute(delete(OutboxRow).where(OutboxRow.published_at < oldest))
            await inbox.forget_before(tx, oldest)
