"""How much is done at once: slots taken and given back, counted in process or shared by Redis.

Nobody waits for a slot. One that is kept in Redis is a lease, renewed while it is held: those of a
replica that was killed come back when it runs out.
"""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Any, NewType, Protocol
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

HeldSlot = NewType("HeldSlot", str)

_REDIS_TIMEOUT_S = 1.0
_NO_LIMIT = -1

# Redis's own clock, so that replicas need not agree on theirs.
_NOW = """
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now_ms)
"""
_TAKE = (
    _NOW
    + """
local most = tonumber(ARGV[2])
if most >= 0 and redis.call('ZCARD', KEYS[1]) >= most then return 0 end
redis.call('ZADD', KEYS[1], now_ms + ARGV[1], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
"""
)
_RENEW = (
    _NOW
    + """
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], now_ms + ARGV[1], ARGV[i]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
"""
)
_COUNT = _NOW + "return redis.call('ZCARD', KEYS[1])"


class Slots(Protocol):
    async def take(self, key: str, most: int | None) -> HeldSlot | None:
        """None where `most` are held; no limit where that is None."""
        ...

    async def give_back(self, key: str, slot: HeldSlot) -> None: ...

    async def used(self, key: str) -> int: ...

    async def run(self) -> None:
        """A service for `Supervisor.keep_running`, for as long as slots are taken."""
        ...

    async def close(self) -> None: ...


class LocalSlots:
    """Counts in this process."""

    def __init__(self) -> None:
        self.held: dict[str, set[HeldSlot]] = {}

    async def take(self, key: str, most: int | None) -> HeldSlot | None:
        if most is not None and self.held_of(key) >= most:
            return None
        slot = HeldSlot(uuid4().hex)
        self.add(key, slot)
        return slot

    async def give_back(self, key: str, slot: HeldSlot) -> None:
        self.drop(key, slot)

    async def used(self, key: str) -> int:
        return self.held_of(key)

    async def run(self) -> None:
        """Nothing to renew."""

    async def close(self) -> None:
        """Nothing to close."""

    def held_of(self, key: str) -> int:
        return len(self.held.get(key, ()))

    def add(self, key: str, slot: HeldSlot) -> None:
        self.held.setdefault(key, set()).add(slot)

    def drop(self, key: str, slot: HeldSlot) -> None:
        held = self.held.get(key, set[HeldSlot]())
        held.discard(slot)
        if not held:
            self.held.pop(key, None)


class RedisSlots:
    """Counts for all replicas; while Redis is away each counts its own, and says so."""

    def __init__(self, url: str, *, prefix: str = "parley", lease_s: float = 30.0) -> None:
        # No socket timeout of its own: redis-py's can swallow a cancellation.
        self._redis = Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType]
        self._prefix = f"{prefix}:slots"
        self._lease_ms = int(lease_s * 1000)
        self._own = LocalSlots()
        self._unsaid: list[tuple[str, HeldSlot]] = []  # given back, which Redis may not know
        self._renewal_due = asyncio.Event()
        self._is_away = False

    async def take(self, key: str, most: int | None) -> HeldSlot | None:
        slot = HeldSlot(uuid4().hex)
        limit = _NO_LIMIT if most is None else most
        try:
            taken = await self._ask(_TAKE, key, self._lease_ms, limit, slot)
        except asyncio.CancelledError:
            self._unsaid.append((key, slot))
            raise
        if taken is None:
            taken = most is None or self._own.held_of(key) < most
        if not taken:
            return None
        self._own.add(key, slot)
        return slot

    async def give_back(self, key: str, slot: HeldSlot) -> None:
        self._own.drop(key, slot)
        if self._is_away:
            self._unsaid.append((key, slot))
            return
        try:
            await self._say(key, slot)
        except asyncio.CancelledError:
            self._unsaid.append((key, slot))
            raise

    async def used(self, key: str) -> int:
        used = await self._ask(_COUNT, key)
        return self._own.held_of(key) if used is None else used

    async def run(self) -> None:
        while True:
            self._renewal_due.clear()
            await self._renew()
            try:
                async with asyncio.timeout(self._lease_ms / 3000):
                    await self._renewal_due.wait()
            except TimeoutError:
                continue

    async def close(self) -> None:
        await self._redis.aclose()

    async def _renew(self) -> None:
        """Also puts back what Redis lost, and what was taken while it was away."""
        unsaid, self._unsaid = self._unsaid, []
        for key, slot in unsaid:
            await self._say(key, slot)
            if self._is_away:
                break  # nobody renews the others: their leases run out
        for key, slots in list(self._own.held.items()):
            await self._ask(_RENEW, key, self._lease_ms, *slots)
            if self._is_away:
                break

    async def _say(self, key: str, slot: HeldSlot) -> None:
        await self._call(self._redis.zrem(self._name(key), slot))

    async def _ask(self, script: str, key: str, *arguments: str | int) -> int | None:
        """None where Redis is away."""
        values = [str(argument) for argument in arguments]
        return await self._call(self._redis.eval(script, 1, self._name(key), *values))

    async def _call(self, answer: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(_REDIS_TIMEOUT_S):
                said = await answer
        except (TimeoutError, OSError, RedisError) as error:
            if not self._is_away:
                log.warning("Redis is away; each replica counts its own slots: %s", error)
            self._is_away = True
            return None
        if self._is_away:
            self._is_away = False
            self._renewal_due.set()
        return said

    def _name(self, key: str) -> str:
        return f"{self._prefix}:{key}"
