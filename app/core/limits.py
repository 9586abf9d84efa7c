"""How often something may be done: one count per key and window, in process or shared by Redis.

Windows begin at whole multiples of their length, so that replicas agree on them without talking.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_NAMES = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}
_REDIS_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Limit:
    count: int
    per_s: int

    def __str__(self) -> str:
        return f"{self.count}/{_NAMES.get(self.per_s, f'{self.per_s} s')}"


@dataclass(frozen=True, slots=True)
class Taken:
    """The answer to one try."""

    allowed: bool
    remaining: int
    reset_at: int
    """When the window ends, in Unix seconds."""


class Limiter(Protocol):
    async def take(self, key: str, limit: Limit) -> Taken: ...


class LocalLimiter:
    """Counts in this process. Forgets a window when the next one of its length begins."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._windows: dict[int, tuple[int, Counter[str]]] = {}

    async def take(self, key: str, limit: Limit) -> Taken:
        window = int(self._clock()) // limit.per_s
        started, counts = self._windows.get(limit.per_s, (window, Counter[str]()))
        if started != window:
            counts = Counter[str]()
        self._windows[limit.per_s] = window, counts
        counts[key] += 1
        return _taken(limit, window, counts[key])


class RedisLimiter:
    """Counts for all replicas; while Redis is away each counts for itself, and says so."""

    def __init__(
        self, url: str, *, prefix: str = "parley", clock: Callable[[], float] = time.time
    ) -> None:
        # No socket timeout of its own: redis-py's can swallow a cancellation.
        self._redis = Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType]
        self._prefix = f"{prefix}:limit"
        self._clock = clock
        self._local = LocalLimiter(clock)
        self._is_away = False

    async def take(self, key: str, limit: Limit) -> Taken:
        window = int(self._clock()) // limit.per_s
        try:
            async with asyncio.timeout(_REDIS_TIMEOUT_S):
                used = await self._count(f"{self._prefix}:{limit.per_s}:{window}:{key}", limit)
        except (TimeoutError, OSError, RedisError) as error:
            if not self._is_away:
                log.warning("Redis is away; each replica limits for itself: %s", error)
            self._is_away = True
            return await self._local.take(key, limit)
        self._is_away = False
        return _taken(limit, window, used)

    async def close(self) -> None:
        await self._redis.aclose()

    async def _count(self, name: str, limit: Limit) -> int:
        async with self._redis.pipeline(transaction=True) as steps:
            steps.incr(name)
            steps.expire(name, 2 * limit.per_s)
            used, _ = cast("tuple[int, Any]", await steps.execute())
        return used


def _taken(limit: Limit, window: int, used: int) -> Taken:
    return Taken(
        allowed=used <= limit.count,
        remaining=max(0, limit.count - used),
        reset_at=(window + 1) * limit.per_s,
    )
