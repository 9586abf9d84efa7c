"""Sound that waits to be heard: so much and no more. Asks whether it is heard as it is spoken."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_BYTES = 512 * 1024
MOST_ITEMS = 4096
PATIENCE_S = 10.0


class Backlog(Generic[T]):
    """A queue of one reader and one writer, who must wait for room while it is full."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._items: deque[tuple[T, int]] = deque()
        self._bytes = 0
        self._some = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closed = False

    @property
    def is_empty(self) -> bool:
        return not self._items

    @property
    def is_full(self) -> bool:
        return self._bytes >= self._most_bytes or len(self._items) >= MOST_ITEMS

    def put(self, item: T, size_bytes: int) -> None:
        self._items.append((item, size_bytes))
        self._bytes += size_bytes
        self._some.set()
        if self.is_full:
            self._room.clear()

    def close(self) -> None:
        """What is in is still read."""
        self._closed = True
        self._some.set()

    async def take(self) -> T | None:
        """None once it is closed and empty."""
        while not self._items:
            if self._closed:
                return None
            self._some.clear()
            await self._some.wait()
        item, size_bytes = self._items.popleft()
        self._bytes -= size_bytes
        if self._bytes <= self._most_bytes // 2 and len(self._items) <= MOST_ITEMS // 2:
            self._room.set()
        return item

    async def wait_for_room(self, timeout_s: float) -> bool:
        """False where there was none in time."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._room.wait()
        except TimeoutError:
            return False
        return True


class Pace:
    """Whether sound that fills the backlog is heard at least as fast as it is spoken. Pure."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._heard_s = 0.0

    def is_too_slow(self, now_s: float, heard_s: float) -> bool:
        """Asked while the backlog is full: of the time since it was, `PATIENCE_S` at least."""
        if self._since_s is None:
            self._since_s, self._heard_s = now_s, heard_s
        passed_s = now_s - self._since_s
        if passed_s < PATIENCE_S:
            return False
        is_slow = heard_s - self._heard_s < passed_s
        self._since_s, self._heard_s = now_s, heard_s
        return is_slow

    def forget(self) -> None:
        """The backlog was emptied."""
        self._since_s = None
