"""What each organization had language models do: counted in memory, written every second.

A process that is killed loses its last second of counts, and nothing else.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

import msgspec

from app.core.clock import utc_now
from app.core.db import Database, Tx
from app.core.scope import system_scope
from app.llm.conversation import TokenUsage
from app.llm.prices import PriceList
from app.llm.store import usage as store
from app.tenancy.organizations import Organizations

FLUSH_EVERY_S = 1.0


_NOTHING = TokenUsage()


class _Account(NamedTuple):
    org_id: UUID
    day: date
    provider: str
    model: str


@dataclass(frozen=True, slots=True)
class _Taken:
    requests: int = 0
    unmetered: int = 0
    usage: TokenUsage = _NOTHING
    cost_usd: float | None = 0.0

    def __add__(self, other: "_Taken") -> "_Taken":
        costs = self.cost_usd, other.cost_usd
        return _Taken(
            self.requests + other.requests,
            self.unmetered + other.unmetered,
            self.usage + other.usage,
            None if None in costs else sum(filter(None, costs)),
        )


class DayOfThinking(msgspec.Struct, frozen=True):
    """`cost_usd` is null where the price is not known. What `unmetered` requests took is missing
    from the sums: they were cut off, or the server counts no tokens."""

    day: date
    provider: str
    model: str
    requests: int
    unmetered: int
    usage: TokenUsage
    cost_usd: float | None


class TokenAccounts:
    def __init__(self, database: Database, organizations: Organizations, prices: PriceList) -> None:
        self._database = database
        self._organizations = organizations
        self._prices = prices
        self._pending: dict[_Account, _Taken] = {}

    def add(self, org_id: UUID, provider: str, model: str, usage: TokenUsage | None) -> None:
        """None where nobody said what the request took."""
        if usage is None:
            taken = _Taken(requests=1, unmetered=1)
        else:
            cost_usd = self._prices.cost_usd(provider, model, usage)
            taken = _Taken(requests=1, usage=usage, cost_usd=cost_usd)
        self._add(_Account(org_id, utc_now().date(), provider, model), taken)

    def _add(self, account: _Account, taken: _Taken) -> None:
        so_far = self._pending.get(account)
        self._pending[account] = so_far + taken if so_far else taken

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
        try:
            scope = system_scope("language model usage", level=logging.DEBUG)
            async with self._database.transaction(scope) as tx:
                standing = await self._organizations.hold(tx, {each.org_id for each in pending})
                await store.add_usage(
                    tx,
                    (
                        _row(account, taken)
                        for account, taken in pending.items()
                        if account.org_id in standing
                    ),
                )
        except Exception:
            for account, taken in pending.items():
                self._add(account, taken)
            raise

    async def days(self, tx: Tx, *, since: date) -> list[DayOfThinking]:
        """The newest first."""
        return [
            DayOfThinking(
                row.day,
                row.provider,
                row.model,
                row.requests,
                row.unmetered,
                TokenUsage(
                    row.input_tokens,
                    row.output_tokens,
                    row.cache_read_tokens,
                    row.cache_write_tokens,
                ),
                row.cost_usd,
            )
            for row in await store.usage_since(tx, since)
        ]


def _row(account: _Account, taken: _Taken) -> dict[str, object]:
    return {
        **account._asdict(),
        **msgspec.structs.asdict(taken.usage),
        "requests": taken.requests,
        "unmetered": taken.unmetered,
        "cost_usd": taken.cost_usd,
    }
