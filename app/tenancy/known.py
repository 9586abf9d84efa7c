"""Callers that were looked up lately, so that a request does not have to ask the database."""

import time
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from app.core.clock import utc_now
from app.core.notices import Notices

REMEMBERED_S = 60
MOST = 10_000

K = TypeVar("K", bound=Hashable)
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class _Entry(Generic[C]):
    caller: C
    until_s: float
    expires_at: datetime | None


class KnownCallers(Generic[K, C]):
    """Forgets all when `channel` tells of any change, and remembers nothing while it could not
    hear of that."""

    def __init__(self, notices: Notices, channel: str) -> None:
        self._notices = notices
        self._by_key: dict[K, _Entry[C]] = {}
        self._generation = 0
        notices.subscribe(channel, self._forget)

    @property
    def generation(self) -> int:
        """Taken before a look-up: what was read before a change must not be remembered after it."""
        return self._generation

    def find(self, key: K) -> C | None:
        entry = self._by_key.get(key)
        if entry is None or time.monotonic() >= entry.until_s:
            return None
        if entry.expires_at is not None and utc_now() >= entry.expires_at:
            return None
        return entry.caller

    def remember(self, key: K, caller: C, *, expires_at: datetime | None, generation: int) -> None:
        if generation != self._generation or not self._notices.is_listening:
            return
        if len(self._by_key) >= MOST:
            self._by_key.clear()
        self._by_key[key] = _Entry(caller, time.monotonic() + REMEMBERED_S, expires_at)

    def _forget(self) -> None:
        self._generation += 1
        self._by_key.clear()
