"""Passwords at rest: hashed and checked away from the event loop, a few at a time."""

import asyncio
import os
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from app.core.db import forbid_in_transaction
from app.core.errors import Unavailable
from app.tenancy.domain.passwords import normalized

T = TypeVar("T")

AT_ONCE = 2
MOST_WAITING = 64
RETRY_AFTER_S = 5


class PasswordsBusy(Unavailable):
    pass


def argon2id() -> PasswordHasher:
    """More than OWASP's least; in one lane, since calls need the other cores at the same time."""
    return PasswordHasher(time_cost=2, memory_cost=64 * 1024, parallelism=1, type=Type.ID)


class Passwords:
    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or argon2id()
        self._nobodys = _hash_of_nothing(self._hasher)
        self._lanes = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def hash(self, password: str) -> str:
        return await self._in_lane(lambda: self._hasher.hash(normalized(password)))

    async def verify(self, password: str, stored: str | None) -> bool:
        """Takes as long where there is nothing stored, so that this cannot be told."""
        password = normalized(password)
        matches = await self._in_lane(lambda: self._matches(password, stored or self._nobodys))
        return matches and stored is not None

    async def improved(self, password: str, stored: str) -> str | None:
        """A new hash, where `stored` is weaker than what is made today."""
        return await self.hash(password) if self._hasher.check_needs_rehash(stored) else None

    def _matches(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_lane(self, work: Callable[[], T]) -> T:
        forbid_in_transaction()
        async with self._lane():
            return await asyncio.to_thread(work)

    @asynccontextmanager
    async def _lane(self) -> AsyncGenerator[None]:
        if self._waiting >= MOST_WAITING:
            raise PasswordsBusy(
                "Too many sign in at this moment: try again soon", retry_after_s=RETRY_AFTER_S
            )
        self._waiting += 1
        try:
            async with self._lanes:
                yield
        finally:
            self._waiting -= 1


def _hash_of_nothing(hasher: PasswordHasher) -> str:
    """As costly to check as any other; no password has it."""

    def drawn(length: int) -> str:
        return b64encode(os.urandom(length)).rstrip(b"=").decode()

    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${drawn(hasher.salt_len)}${drawn(hasher.hash_len)}"
