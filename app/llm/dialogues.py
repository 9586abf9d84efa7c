"""What each user of an organization said to the assistant and was answered: the last of it, for as
long as the operator says, encrypted, and gone when somebody asks for that."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from app.core.clock import utc_now
from app.core.crypto import KeyRing
from app.core.db import Database, Tx, forbid_in_transaction
from app.core.events import Events
from app.core.jobs import JobKind, Jobs
from app.core.scope import OrgScope, Scope
from app.llm.personal import Sealing
from app.llm.store import dialogues as store
from app.llm.store.dialogues import ExchangeRow
from app.llm.tokens import estimate_tokens
from app.tenancy.domain.audit import AuditedEvent

MOST_EXCHANGES = 100
MOST_TOKENS = 32_000
"""Of one user, as estimated."""
MOST_LISTED = 1000


class HistoryDeleted(AuditedEvent, frozen=True):
    of_user: str
    exchanges: int


class Exchange(msgspec.Struct, frozen=True):
    """`tools`: the names of those that were called for the answer."""

    said: str
    answered: str
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptExchange:
    id: UUID
    said_at: datetime
    exchange: Exchange


class History(msgspec.Struct, frozen=True):
    """That there is one, and how much."""

    user_id: str
    exchanges: int
    last_at: datetime


class TendDialogues(msgspec.Struct, frozen=True):
    pass


TEND = JobKind("llm.tend_dialogues", TendDialogues, cron="53 3 * * *")


class Dialogues:
    """`kept_days` 0: nothing is kept."""

    def __init__(
        self, database: Database, events: Events, jobs: Jobs, keys: KeyRing, kept_days: int
    ) -> None:
        self._database = database
        self._events = events
        self._jobs = jobs
        self._sealing = Sealing(keys)
        self._kept = timedelta(days=kept_days)
        jobs.register(TEND, self._tend)

    async def add(self, scope: OrgScope, user_id: str, exchange: Exchange) -> None:
        forbid_in_transaction()
        if not self._kept:
            return
        row_id, sealed = self._sealing.seal(ExchangeRow, user_id, exchange)
        row = ExchangeRow(
            id=row_id,
            user_id=user_id,
            sealed=sealed,
            said_at=utc_now(),
            tokens=estimate_tokens(exchange.said) + estimate_tokens(exchange.answered),
        )
        async with self._database.transaction(scope) as tx:
            await store.add_exchange(tx, row)
            await store.trim(tx, user_id, most=MOST_EXCHANGES, most_tokens=MOST_TOKENS)

    async def get(self, tx: Tx, user_id: str, *, limit: int = MOST_EXCHANGES) -> list[KeptExchange]:
        """The last ones, the oldest of them first."""
        rows = await store.exchanges(tx, user_id, since=self._oldest(), limit=limit)
        return [
            KeptExchange(row.id, row.said_at, self._sealing.open(row, Exchange))
            for row in reversed(rows)
        ]

    async def list(self, tx: Tx, *, user_id: str | None = None) -> list[History]:
        """Of every user or of one; who said something last comes first."""
        found = await store.histories(tx, user_id, since=self._oldest(), limit=MOST_LISTED)
        return [History(*each) for each in found]

    async def delete(self, tx: Tx, user_id: str) -> int:
        """How many exchanges there were."""
        count = await store.remove_exchanges(tx, user_id)
        if count:
            await self._events.publish(tx, HistoryDeleted(of_user=user_id, exchanges=count))
        return count

    async def tend_soon(self, tx: Tx) -> None:
        """Asked at each start, since the master key may have changed before it."""
        await self._jobs.enqueue(tx, TEND, TendDialogues(), key="all")

    async def _tend(self, scope: Scope, _: TendDialogues) -> None:
        async with self._database.transaction(scope) as tx:
            await store.purge(tx, self._oldest())
        await self._sealing.rotate(self._database, scope)

    def _oldest(self) -> datetime:
        return utc_now() - self._kept
