"""The services of tenancy on a real database, as a process has them, and their background work."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from app.core.crypto import KeyRing
from app.core.db import Database
from app.core.events import Events
from app.core.feed.local import LocalFeed
from app.core.jobs import Jobs
from app.core.metrics import Metrics
from app.core.notices import Notices
from app.core.scope import OrgScope
from app.core.tracing import Tracing
from app.tenancy.audit import AuditLog
from app.tenancy.keys import ApiKeys
from app.tenancy.organizations import Organizations, OutboundRules

OLD_KEY = b"o" * 32
NEW_KEY = b"n" * 32


@dataclass
class Tenancy:
    database: Database
    events: Events
    ring: KeyRing
    jobs: Jobs
    notices: Notices
    feed: LocalFeed
    organizations: Organizations
    api_keys: ApiKeys
    rules: OutboundRules
    audit: AuditLog

    async def new_organization(self) -> OrgScope:
        organization = await self.organizations.create(f"Bank {uuid4()}", actor="ada")
        return OrgScope(organization.id, "ada")


@asynccontextmanager
async def opened(database: Database, app_url: str, *keys: bytes) -> AsyncGenerator[Tenancy]:
    metrics = Metrics("test")
    jobs = Jobs(app_url, metrics, Tracing(None, "test"))
    await jobs.open()
    ring, events, feed = KeyRing(keys), Events(database, jobs), LocalFeed(metrics)
    notices = Notices(app_url)
    try:
        yield Tenancy(
            database,
            events,
            ring,
            jobs,
            notices,
            feed,
            Organizations(database, events, jobs, ring),
            ApiKeys(database, events, notices, ring),
            OutboundRules(database, events),
            AuditLog(database, events, feed),
        )
    finally:
        await jobs.close()


@asynccontextmanager
async def working(tenancy: Tenancy) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(tenancy.jobs.run_worker(drain_s=5))
        yield
        worker.cancel()


@asynccontextmanager
async def listening(tenancy: Tenancy) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        listener = group.create_task(tenancy.notices.run())
        async with asyncio.timeout(20):
            while not tenancy.notices.is_listening:  # noqa: ASYNC110 - a fact of a connection
                await asyncio.sleep(0)
        yield
        listener.cancel()
