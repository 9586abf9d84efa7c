"""What each key used: counted in memory, written every second, read as a log or in sum.

A process that is killed loses its last second of counts, and nothing else.
"""

import asyncio
import logging
from datetime import datetime, timedelta
from uuid import UUID

from app.core.clock import utc_now
from app.core.db import Database, Tx
from app.core.scope import system_scope
from app.tenancy.domain.keys import refuse_unprintable
from app.tenancy.domain.principals import Principal
from app.tenancy.domain.usage import Amounts, Counted, UsageEntry, UsageSum
from app.tenancy.store import usage as store

FLUSH_EVERY_S = 1.0


class UsageMeter:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending: dict[tuple[UUID, str], Counted] = {}

    def add(self, principal: Principal, endpoint: str, amounts: Amounts) -> None:
        key = principal.key_id, endpoint
        counted = self._pending.get(key)
        so_far = counted.amounts if counted else Amounts()
        self._pending[key] = Counted(principal, endpoint, so_far + amounts)

    async def run(self) -> None:
        """A service for `Supervisor.keep_running`."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_S)
            await self.flush()

    async def flush(self) -> None:
        """Where the database does not answer, what was counted waits for the next time."""
        pending, self._pending = self._pending, {}
        if not pending:
            return
        minute = utc_now().replace(second=0, microsecond=0)
        try:
            scope = system_scope("usage", level=logging.DEBUG)
            async with self._database.transaction(scope) as tx:
                await store.add_usage(tx, minute, pending.values())
        except Exception:
            for counted in pending.values():
                self.add(counted.principal, counted.endpoint, counted.amounts)
            raise

    def pending_audio_s(self, org_id: UUID) -> float:
        """What this process has counted and not written yet."""
        return sum(
            counted.amounts.audio_s
            for counted in self._pending.values()
            if counted.principal.org_id == org_id
        )

    async def entries(self, tx: Tx, *, user_id: str | None, since: datetime) -> list[UsageEntry]:
        """The newest minutes first."""
        refuse_unprintable("user_id", user_id or "", least=0)
        return await store.usage_entries(tx, user_id, since)

    async def sums(self, tx: Tx, *, since: datetime) -> list[UsageSum]:
        """One for each user and endpoint."""
        return await store.usage_sums(tx, since)


def days_ago(days: int) -> datetime:
    return utc_now() - timedelta(days=days)
