"""How often something may be done: one count per key and window, in process or shared by Redis.

Windows begin at whole multiples of their length, so that replicas agree on them without talking.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any, Protocol, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

_NAMES = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}
_REDIS_TIMEOUT_S = 1.0
_MOST_KEYS = 200_000
_SHARED_COUNTS = 65_536
_ONE_SITE_BITS = 64


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


def site_of(address: str) -> str:
    """What an address is counted as: of IPv6 addresses one caller owns a whole /64."""
    if ":" not in address:
        return address
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if not isinstance(ip, IPv6Address):
        return address
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(IPv6Network((int(ip), _ONE_SITE_BITS), strict=False))


class LocalLimiter:
    """Counts in this process. Forgets a window when the next one of its length begins."""

    def __init__(
        self, clock: Callable[[], float] = time.time, *, most_keys: int = _MOST_KEYS
    ) -> None:
        self._clock = clock
        self._keys = _Keys(most_keys)
        self._windows: dict[int, tuple[int, Counter[str]]] = {}

    async def take(self, key: str, limit: Limit) -> Taken:
        window = int(self._clock()) // limit.per_s
        started, counts = self._windows.get(limit.per_s, (window, Counter[str]()))
        if started != window:
            counts = Counter[str]()
        self._windows[limit.per_s] = window, counts
        name = self._keys.counted_as(key, limit, window)
        counts[name] += 1
        return _taken(limit, window, counts[name])


class RedisLimiter:
    """Counts for all replicas; while Redis is away each counts for itself, and says so."""

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "parley",
        clock: Callable[[], float] = time.time,
        most_keys: int = _MOST_KEYS,
    ) -> None:
        # No socket timeout of its own: redis-py's can swallow a cancellation.
        self._redis = Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType]
        self._prefix = f"{prefix}:limit"
        self._clock = clock
        self._keys = _Keys(most_keys)
        self._local = LocalLimiter(clock, most_keys=most_keys)
        self._is_away = False

    async def take(self, key: str, limit: Limit) -> Taken:
        window = int(self._clock()) // limit.per_s
        name = self._keys.counted_as(key, limit, window)
        try:
            async with asyncio.timeout(_REDIS_TIMEOUT_S):
                used = await self._count(f"{self._prefix}:{limit.per_s}:{window}:{name}", limit)
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


class _Keys:
    """Which keys of a window have a count of their own: so many at most. In a flood of made-up keys
    those that come later share counts, so that neither memory nor Redis fills up."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._windows: dict[int, tuple[int, set[str]]] = {}

    def counted_as(self, key: str, limit: Limit, window: int) -> str:
        started, known = self._windows.get(limit.per_s, (window, set[str]()))
        if started != window:
            known = set[str]()
        self._windows[limit.per_s] = window, known
        if key in known:
            return key
        if len(known) >= self._most:
            return f"shared-{hash(key) % _SHARED_COUNTS}"
        known.add(key)
        return key


def _taken(limit: Limit, window: int, used: int) -> Taken:
    return Taken(
        allowed=used <= limit.count,
        remaining=max(0, limit.count - used),
        reset_at=(window + 1) * limit.per_s,
    )
