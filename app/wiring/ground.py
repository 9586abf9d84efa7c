"""What every service stands on: the database, the queue, the keys, the way out."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

from app.core import key_file, migrations
from app.core.crypto import KeyRing
from app.core.db import Database, forbid_in_transaction
from app.core.events import Events
from app.core.feed.local import LocalFeed
from app.core.feed.port import Feed
from app.core.feed.redis_feed import RedisFeed
from app.core.http import OutboundClient
from app.core.jobs import Jobs
from app.core.metrics import Metrics
from app.core.notices import Notices
from app.core.postgres.bootstrap import Endpoints
from app.core.postgres.errors import DataDirectoryInUse
from app.core.postgres.supervisor import EmbeddedPostgres
from app.core.rls import APP_ROLE
from app.core.settings import Settings
from app.core.tracing import Tracing


@dataclass(frozen=True, slots=True)
class Ground:
    """What every service stands on."""

    postgres: EmbeddedPostgres | None
    metrics: Metrics
    tracing: Tracing
    feed: Feed
    database: Database
    jobs: Jobs
    events: Events
    notices: Notices
    keys: KeyRing
    outbound: OutboundClient


async def opened_ground(
    settings: Settings, version: str, stack: AsyncExitStack, *, join: bool
) -> Ground:
    metrics = Metrics(version)
    tracing = Tracing(settings.observability.otlp_endpoint, "parley")
    stack.push_async_callback(tracing.close)
    postgres, endpoints = await _database(settings, stack, join=join)
    await asyncio.to_thread(migrations.migrate, endpoints.owner_url)
    database = Database(endpoints.app_url, pool_size=settings.storage.database_pool)
    stack.push_async_callback(database.close)
    jobs = Jobs(endpoints.app_url, metrics, tracing)
    await jobs.open()
    stack.push_async_callback(jobs.close)
    outbound = OutboundClient(
        forbid_in_transaction=forbid_in_transaction,
        loopback_can_be_allowed=settings.server.loopback_can_be_allowed,
    )
    stack.push_async_callback(outbound.aclose)
    keys = await asyncio.to_thread(_keys, settings)
    return Ground(
        postgres=postgres,
        metrics=metrics,
        tracing=tracing,
        feed=_feed(settings, metrics),
        database=database,
        jobs=jobs,
        events=Events(database, jobs),
        notices=Notices(endpoints.app_url),
        keys=keys,
        outbound=outbound,
    )


def _feed(settings: Settings, metrics: Metrics) -> Feed:
    if settings.storage.redis_url:
        return RedisFeed(settings.storage.redis_url, metrics)
    return LocalFeed(metrics)


async def _database(
    settings: Settings, stack: AsyncExitStack, *, join: bool
) -> tuple[EmbeddedPostgres | None, Endpoints]:
    url = settings.storage.database_url
    if url:
        await asyncio.to_thread(migrations.ensure_app_role, url)
        return None, Endpoints(owner_url=url, app_url=_as_app_role(url))
    postgres = EmbeddedPostgres(settings.storage.data_dir)
    try:
        endpoints = await postgres.start()
    except DataDirectoryInUse:
        if not join:
            raise
        return None, await postgres.join()
    stack.push_async_callback(postgres.stop)
    return postgres, endpoints


def _as_app_role(url: str) -> str:
    """The same login, in the role that owns nothing from its first moment on."""
    return f"{url}{'&' if '?' in url else '?'}options=-c%20role%3D{APP_ROLE}"


def _keys(settings: Settings) -> KeyRing:
    given = settings.auth.secret_key
    if given:
        return KeyRing([part.strip().encode() for part in given.split(",")])
    return KeyRing(key_file.load_or_create_keys(settings.storage.data_dir / "auth" / "keys"))
