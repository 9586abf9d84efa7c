"""Tokens that were looked up lately, so that a request does not have to ask the database."""

import time
from dataclasses import dataclass
from datetime import datetime

from app.core.clock import utc_now
from app.core.notices import Notices
from app.tenancy.domain import Principal

CHANNEL = "parley_api_keys"
REMEMBERED_S = 60
MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Known:
    principal: Principal
    until_s: float
    expires_at: datetime | None


class KnownKeys:
    """Forgets all when any key changes, and remembers nothing while it could not hear of that."""

    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._by_hash: dict[bytes, _Known] = {}
        self._generation = 0
        notices.subscribe(CHANNEL, self._forget)

    @property
    def generation(self) -> int:
        """Taken before a look-up: what was read before a change must not be remembered after it."""
        return self._generation

    def find(self, token_hash: bytes) -> Principal | None:
        known = self._by_hash.get(token_hash)
        if known is None or time.monotonic() >= known.until_s:
            return None
        if known.expires_at is not None and utc_now() >= known.expires_at:
            return None
        return known.principal

    def remember(
        self,
        token_hash: bytes,
        principal: Principal,
        *,
        expires_at: datetime | None,
        generation: int,
    ) -> None:
        if generation != self._generation or not self._notices.is_listening:
            return
        if len(self._by_hash) >= MOST:
            self._by_hash.clear()
        until_s = time.monotonic() + REMEMBERED_S
        self._by_hash[token_hash] = _Known(principal, until_s, expires_at)

    def _forget(self) -> None:
        self._generation += 1
        self._by_hash.clear()
