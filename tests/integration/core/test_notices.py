"""Notices between replicas: with the commit, not without, and never missed unnoticed."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

import psycopg
import pytest

from app.core.db import Database
from app.core.notices import Notices
from app.core.scope import OrgScope


class Memory:
    """Counts how often it had to forget."""

    def __init__(self) -> None:
        self.forgotten = 0
        self._changed = asyncio.Event()

    def forget(self) -> None:
        self.forgotten += 1
        self._changed.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not holds():
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def replica(app_url: str) -> AsyncGenerator[tuple[Notices, Memory]]:
    notices, memory = Notices(app_url), Memory()
    notices.subscribe("test_notices", memory.forget)
    async with asyncio.TaskGroup() as group:
        listener = group.create_task(_until_lost(notices))
        await memory.until(lambda: memory.forgotten > 0)
        yield notices, memory
        listener.cancel()


async def _until_lost(notices: Notices) -> None:
    with suppress(psycopg.OperationalError):
        await notices.run()


async def test_every_replica_forgets_when_the_transaction_commits(
    database: Database, app_url: str, org_a: OrgScope
) -> None:
    async with replica(app_url) as (one, mine), replica(app_url) as (_, other):
        seen = other.forgotten
        async with database.transaction(org_a) as tx:
            await one.notify(tx, "test_notices")
            assert other.forgotten == seen
            before = mine.forgotten
        assert mine.forgotten > before
        await other.until(lambda: other.forgotten > seen)


async def test_nobody_forgets_when_the_transaction_fails(
    database: Database, app_url: str, org_a: OrgScope
) -> None:
    async with replica(app_url) as (one, mine), replica(app_url) as (_, other):
        seen = mine.forgotten, other.forgotten
        with pytest.raises(ZeroDivisionError):
            async with database.transaction(org_a) as tx:
                await one.notify(tx, "test_notices")
                raise ZeroDivisionError
        async with database.transaction(org_a) as tx:
            await one.notify(tx, "test_notices")
        await other.until(lambda: other.forgotten > seen[1])
        assert other.forgotten == seen[1] + 1


async def test_a_lost_connection_is_told_and_nothing_may_be_remembered(
    embedded_superuser_url: str, app_url: str
) -> None:
    async with replica(app_url) as (notices, memory):
        assert notices.is_listening
        seen = memory.forgotten
        async with await psycopg.AsyncConnection.connect(embedded_superuser_url) as admin:
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN \"test_notices\"%'"
            )
        await memory.until(lambda: memory.forgotten > seen)
        assert not notices.is_listening
