"""What was done to an organization, written with each of its acts and never changed."""

from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace

import msgspec

from app.core.clock import utc_now
from app.core.db import Database, Tx, forbid_in_transaction
from app.core.events import Event, Events, Publication
from app.core.feed.port import Feed, topic
from app.core.scope import OrgScope
from app.tenancy.domain.audit import (
    AUDIT_FEED,
    AuditCursor,
    AuditedEvent,
    AuditEntry,
    AuditExported,
    AuditQuery,
)
from app.tenancy.domain.audit_export import ExportFormat
from app.tenancy.store import audit as store

BATCH = 1000


class AuditLog:
    """Keeps every `AuditedEvent` there is: none can be forgotten here."""

    def __init__(self, database: Database, events: Events, feed: Feed) -> None:
        self._database = database
        self._events = events
        self._feed = feed
        for kind in _kinds_of(AuditedEvent):
            events.witness(kind, self._record)
            events.subscribe("audit", kind, self._show)

    async def list(
        self,
        tx: Tx,
        query: AuditQuery | None = None,
        *,
        before: AuditCursor | None = None,
        limit: int = 100,
    ) -> list[AuditEntry]:
        """The newest first, from the one that came before `before`."""
        query = query or AuditQuery()
        query.check()
        return await store.newest_entries(tx, query, before, limit)

    async def export(
        self, scope: OrgScope, query: AuditQuery, as_: ExportFormat
    ) -> AsyncGenerator[bytes]:
        """The oldest first, all that there is now; in batches, each read for itself, so that a
        slow reader holds neither memory nor a connection."""
        forbid_in_transaction()
        now = utc_now()
        query = replace(query, until=min(query.until or now, now))
        after: AuditCursor | None = None
        async with self._database.transaction(scope) as tx:
            await self._events.publish(tx, AuditExported(format=as_.value))
        yield as_.head()
        while True:
            async with self._database.transaction(scope) as tx:
                entries = await store.oldest_entries(tx, query, after, BATCH)
            yield as_.lines(entries)
            if len(entries) < BATCH:
                return
            after = AuditCursor.of(entries[-1])

    async def _record(self, tx: Tx, event: Event, publication: Publication) -> None:
        await store.add_audit_entry(tx, _entry(tx, event, publication))

    async def _show(self, tx: Tx, event: Event, publication: Publication) -> None:
        """To dashboards, also what was done in a process that has none, such as the CLI."""
        entry, audience = _entry(tx, event, publication), topic(tx.org_id, AUDIT_FEED)
        tx.after_commit(lambda: self._feed.publish(audience, entry))


def _entry(tx: Tx, event: Event, publication: Publication) -> AuditEntry:
    scope = tx.scope
    assert isinstance(scope, OrgScope)
    return AuditEntry(
        id=publication.id,
        at=publication.at,
        actor=scope.actor,
        action=type(event).__name__,
        details={name: str(value) for name, value in msgspec.to_builtins(event).items()},
        user_id=scope.user_id,
        ip_address=scope.address,
        user_agent=scope.agent,
    )


def _kinds_of(base: type[AuditedEvent]) -> Iterator[type[AuditedEvent]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds_of(kind)
