"""What was done to an organization, written from its events and never changed."""

from collections.abc import Iterator

import msgspec

from app.core.clock import utc_now
from app.core.db import Tx
from app.core.events import Event, Events
from app.core.feed.port import Feed, topic
from app.core.scope import OrgScope
from app.tenancy.domain.audit import AUDIT_FEED, AuditedEvent, AuditEntry
from app.tenancy.store import audit as store


class AuditLog:
    """Keeps every `AuditedEvent` there is: none can be forgotten here."""

    def __init__(self, events: Events, feed: Feed) -> None:
        self._feed = feed
        for kind in _kinds_of(AuditedEvent):
            events.subscribe("audit", kind, self._record)

    async def list(self, tx: Tx, *, limit: int = 100) -> list[AuditEntry]:
        return await store.audit_entries(tx, limit)

    async def _record(self, tx: Tx, event: Event) -> None:
        scope = tx.scope
        assert isinstance(scope, OrgScope)
        entry = AuditEntry(
            at=utc_now(),
            actor=scope.actor,
            action=type(event).__name__,
            details={name: str(value) for name, value in msgspec.to_builtins(event).items()},
            user_id=scope.user_id,
            ip_address=scope.address,
            user_agent=scope.agent,
        )
        await store.add_audit_entry(tx, entry)
        audience = topic(tx.org_id, AUDIT_FEED)
        tx.after_commit(lambda: self._feed.publish(audience, entry))


def _kinds_of(base: type[AuditedEvent]) -> Iterator[type[AuditedEvent]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds_of(kind)
