"""Keeps connections open for reuse, apart for each allow-list: a connection that one organization's
rules let us open never serves another that lacks them.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpcore

from app.core.http.rules import HostRule

_MAX_POOLS = 64

Rules = frozenset[HostRule]


@dataclass(slots=True)
class _Leased:
    pool: httpcore.AsyncConnectionPool
    holders: int = 0


class ConnectionPools:
    def __init__(self, open_pool: Callable[[Rules], httpcore.AsyncConnectionPool]) -> None:
        self._open_pool = open_pool
        self._by_rules: OrderedDict[Rules, _Leased] = OrderedDict()

    @asynccontextmanager
    async def lease(self, rules: Rules) -> AsyncGenerator[httpcore.AsyncConnectionPool]:
        leased = self._by_rules.get(rules)
        if leased is None:
            leased = self._by_rules[rules] = _Leased(self._open_pool(rules))
        self._by_rules.move_to_end(rules)
        leased.holders += 1
        try:
            yield leased.pool
        finally:
            leased.holders -= 1
            await self._close_surplus()

    async def _close_surplus(self) -> None:
        surplus = len(self._by_rules) - _MAX_POOLS
        if surplus <= 0:
            return
        idle = [rules for rules, leased in self._by_rules.items() if not leased.holders]
        for pool in [self._by_rules.pop(rules).pool for rules in idle[:surplus]]:
            await pool.aclose()

    async def aclose(self) -> None:
        pools = [leased.pool for leased in self._by_rules.values()]
        self._by_rules.clear()
        for pool in pools:
            await pool.aclose()
