"""The composition root: builds every service once, in the order of what needs what, and takes
them down in reverse. Decides nothing else."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.asr.engines.silero import load_silero
from app.asr.service import SpeechService
from app.core import key_file, migrations
from app.core.aio import LoopLag, Supervisor
from app.core.audio.decode import DecodeLimits
from app.core.clock import utc_now
from app.core.crypto import KeyRing
from app.core.db import Database, forbid_in_transaction
from app.core.errors import Unavailable
from app.core.events import Events
from app.core.feed.local import LocalFeed
from app.core.feed.port import Feed
from app.core.feed.redis_feed import RedisFeed
from app.core.http import OutboundClient
from app.core.jobs import Jobs
from app.core.limits import Limiter, LocalLimiter, RedisLimiter
from app.core.metrics import Metrics
from app.core.notices import Notices
from app.core.postgres.bootstrap import Endpoints
from app.core.postgres.errors import DataDirectoryInUse
from app.core.postgres.supervisor import EmbeddedPostgres
from app.core.presence import Presence
from app.core.rls import APP_ROLE
from app.core.scope import OrgScope, system_scope
from app.core.setting_fields import SettingInvalid
from app.core.settings import Settings
from app.core.tracing import Tracing
from app.inference.executor import Executor, LaneSize
from app.inference.machine import usable_cores
from app.inference.manifest import Manifest, read_manifest
from app.inference.metrics import ModelMetrics
from app.inference.model_store import FileState, ModelStore
from app.inference.onnx import OnnxRuntime
from app.inference.registry import ModelRegistry
from app.runtime import Runtime
from app.tenancy import admin_token
from app.tenancy.audit import AuditLog
from app.tenancy.domain.sessions import ONE_HOUR, Lifetimes
from app.tenancy.keys import ApiKeys
from app.tenancy.organizations import Organizations, OutboundRules
from app.tenancy.sessions import Sessions
from app.tenancy.usage import UsageMeter

log = logging.getLogger(__name__)

ROOT = Path(__file__).parents[1]
MANIFEST = ROOT / "onnx_models" / "manifest.toml"
MIB = 1024 * 1024
WAITING_IN_LANE = 256
DECODE_DEADLINE_S = 3600
DEFAULT_ORGANIZATION = "Default"
SETUP = "setup"


@dataclass(frozen=True, slots=True)
class Foundation:
    """What needs the database and nothing else: enough for the command line."""

    postgres: EmbeddedPostgres | None
    metrics: Metrics
    tracing: Tracing
    feed: Feed
    database: Database
    jobs: Jobs
    notices: Notices
    organizations: Organizations
    api_keys: ApiKeys
    sessions: Sessions
    outbound_rules: OutboundRules
    outbound: OutboundClient
    audit: AuditLog


@asynccontextmanager
async def foundation(
    settings: Settings, version: str, *, join: bool = False
) -> AsyncGenerator[Foundation]:
    """With `join`, also beside a Parley that runs on the same data: then on its database."""
    async with AsyncExitStack() as stack:
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
        events = Events(database, jobs)
        notices = Notices(endpoints.app_url)
        feed = _feed(settings, metrics)
        lifetimes = ONE_HOUR if settings.auth.hipaa_mode else Lifetimes()
        yield Foundation(
            postgres=postgres,
            metrics=metrics,
            tracing=tracing,
            feed=feed,
            database=database,
            jobs=jobs,
            notices=notices,
            organizations=Organizations(database, events, jobs, keys),
            api_keys=ApiKeys(database, events, notices, keys),
            sessions=Sessions(database, events, notices, keys, lifetimes),
            outbound_rules=OutboundRules(database, events),
            outbound=outbound,
            audit=AuditLog(events, feed),
        )


@asynccontextmanager
async def running(settings: Settings, store: ModelStore, version: str) -> AsyncGenerator[Runtime]:
    """Everything, with its background work under way."""
    _refuse_what_is_missing(settings)
    async with AsyncExitStack() as stack:
        base = await stack.enter_async_context(foundation(settings, version))
        await _first_start(base, settings.storage.data_dir)
        senses = await stack.enter_async_context(inference(settings, store))
        limiter = _limiter(settings, stack)
        usage = UsageMeter(base.database)
        stack.push_async_callback(usage.flush)
        drain_s = settings.server.drain_s
        supervisor = await stack.enter_async_context(
            Supervisor(base.metrics, stop_timeout_s=drain_s + 5)
        )
        base.metrics.add(ModelMetrics(senses.models.snapshot))
        supervisor.keep_running("loop lag", LoopLag(base.metrics).run)
        supervisor.keep_running("jobs", partial(base.jobs.run_worker, drain_s=drain_s))
        supervisor.keep_running("notices", base.notices.run)
        supervisor.keep_running("usage", usage.run)
        supervisor.keep_running("job rescue", base.jobs.run_rescue)
        if isinstance(base.feed, RedisFeed):
            supervisor.keep_running("live feed", base.feed.run)
        if base.postgres:
            supervisor.keep_running("database", base.postgres.watch)
        yield Runtime(
            version=version,
            started_at=utc_now(),
            settings=settings,
            metrics=base.metrics,
            tracing=base.tracing,
            presence=Presence(),
            feed=base.feed,
            limiter=limiter,
            models=senses.models,
            database=base.database,
            api_keys=base.api_keys,
            sessions=base.sessions,
            usage=usage,
            readiness={"database": base.database.ping, "models": senses.check_present},
        )


@dataclass(frozen=True, slots=True)
class Inference:
    manifest: Manifest
    store: ModelStore
    models: ModelRegistry
    speech: SpeechService

    async def check_present(self) -> None:
        states = await asyncio.to_thread(self.store.contents, self.manifest)
        missing = {state.model.id for state in states if state.state is not FileState.PRESENT}
        if missing:
            names = ", ".join(sorted(missing))
            raise Unavailable(f"not installed: {names}; run ./parley models pull")


@asynccontextmanager
async def inference(settings: Settings, store: ModelStore) -> AsyncGenerator[Inference]:
    """What runs models; needs no database."""
    async with AsyncExitStack() as stack:
        cores = usable_cores()
        manifest = await asyncio.to_thread(read_manifest, MANIFEST)
        onnx = await asyncio.to_thread(OnnxRuntime, settings.models.device, cores)
        models = ModelRegistry(
            manifest,
            store,
            {"silero-vad": lambda folder: load_silero(folder, onnx)},
            budget_bytes=settings.models.memory_mb * MIB,
        )
        stack.push_async_callback(models.close)
        lane = LaneSize(threads=cores, waiting=WAITING_IN_LANE)
        executor = Executor(realtime=lane, batch=lane, forbid_in_transaction=forbid_in_transaction)
        stack.push_async_callback(executor.close)
        limits = DecodeLimits(settings.server.max_audio_s, deadline_s=DECODE_DEADLINE_S)
        speech = await stack.enter_async_context(SpeechService(models, executor, limits))
        yield Inference(manifest, store, models, speech)


def _feed(settings: Settings, metrics: Metrics) -> Feed:
    if settings.storage.redis_url:
        return RedisFeed(settings.storage.redis_url, metrics)
    return LocalFeed(metrics)


def _limiter(settings: Settings, stack: AsyncExitStack) -> Limiter:
    if not settings.storage.redis_url:
        return LocalLimiter()
    limiter = RedisLimiter(settings.storage.redis_url)
    stack.push_async_callback(limiter.close)
    return limiter


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


def _refuse_what_is_missing(settings: Settings) -> None:
    """Who asks for protection must get it or be told, not served without it."""
    asked = {
        "HIPAA_MODE": settings.auth.hipaa_mode,
        "AUTH_MODE": settings.auth.mode != "local",
        "AUTH_DB_PATH": settings.auth.db_path is not None,
    }
    for variable, is_asked in asked.items():
        if is_asked:
            raise SettingInvalid(
                f"{variable} asks for what this version of Parley does not have yet: "
                "it will not start and pretend otherwise",
                setting=variable,
            )


async def _first_start(base: Foundation, data_dir: Path) -> None:
    """The organization that the admin token belongs to, and the token, made where missing."""
    organization = await base.organizations.get_or_create(DEFAULT_ORGANIZATION, actor=SETUP)
    scope = OrgScope(organization.id, actor=SETUP)
    token = await base.api_keys.ensure_admin(scope)
    if token:
        await asyncio.to_thread(admin_token.write, data_dir, token)
    async with base.database.transaction(system_scope("start")) as tx:
        await base.organizations.rotate_secrets_soon(tx)
