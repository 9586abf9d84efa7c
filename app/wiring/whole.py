"""Everything, running: what `serve` holds for as long as it lives."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from app.asr.hearing import Hearing
from app.asr.job_webhooks import JobWebhooks
from app.asr.jobs import TranscriptionJobs
from app.asr.remote import RemoteRecordings
from app.calls.agents.voices import AgentVoices
from app.calls.sessions.calls import Calls
from app.calls.sessions.casting import Casting
from app.core.aio import Supervisor
from app.core.at_rest import encryption_of_data
from app.core.clock import utc_now
from app.core.feed.redis_feed import RedisFeed
from app.core.hipaa import hipaa_shortcomings
from app.core.jobs import QUICK, SLOW
from app.core.limits import Limiter, LocalLimiter, RedisLimiter
from app.core.scope import OrgScope, system_scope
from app.core.setting_fields import SettingInvalid
from app.core.settings import Settings
from app.core.spill import spilling_into
from app.inference.metrics import ModelMetrics
from app.inference.model_store import ModelStore
from app.llm.analysis.service import AnalysisService
from app.llm.assistant import Assistant
from app.llm.service import LlmService
from app.llm.tools.catalogue import ToolCatalogue
from app.runtime import CallServices, Runtime
from app.tenancy import admin_token, internal_secret, remote_keys
from app.tenancy.front_door import FrontDoor, front_door
from app.tenancy.internal_secret import InternalSecret
from app.tenancy.providers import open_providers, refuse_half_set_up
from app.tenancy.token_check import TokenCheck, opened_check
from app.wiring.analysing import TranscriptAnalyst
from app.wiring.base import Foundation, foundation
from app.wiring.browsers import opened_browsers, opened_casting
from app.wiring.calling import Calling, opened_calling
from app.wiring.calls import opened_calls
from app.wiring.phone import opened_phone
from app.wiring.senses import Inference, inference
from app.wiring.speaking import opened_speaking
from app.wiring.thinking import opened_thinking
from app.wiring.tools import tool_catalogue
from app.wiring.voice_sessions import opened_voice_sessions, refuse_what_cannot_be_served

DEFAULT_ORGANIZATION = "Default"
SETUP = "setup"
SLOW_JOBS_AT_ONCE = 2
MIB = 1024 * 1024


@asynccontextmanager
async def running(settings: Settings, store: ModelStore, version: str) -> AsyncGenerator[Runtime]:
    """Everything, with its background work under way."""
    _refuse_what_is_missing(settings)
    async with AsyncExitStack() as stack:
        base = await _foundation(settings, version, stack)
        default_org = await _first_start(base, settings)
        senses = await stack.enter_async_context(inference(settings, store))
        supervisor = await _supervisor(base, settings, stack)
        runtime = await _runtime(
            _Opened(settings, base, senses, supervisor, default_org, stack), version
        )
        _start_work(supervisor, base, senses, settings.server.drain_s)
        yield runtime


@dataclass(frozen=True, slots=True)
class _Opened:
    """What the services of a runtime are made of."""

    settings: Settings
    base: Foundation
    senses: Inference
    supervisor: Supervisor
    default_org: UUID
    stack: AsyncExitStack


@dataclass(frozen=True, slots=True)
class _Minds:
    """What hears, thinks and speaks, and for whom."""

    hearing: Hearing
    thinking: LlmService
    tools: ToolCatalogue
    transcription_jobs: TranscriptionJobs
    remote_recordings: RemoteRecordings
    calling: Calling
    casting: Casting
    calls: Calls


async def _minds(opened: _Opened) -> _Minds:
    settings, base, senses, stack = opened.settings, opened.base, opened.senses, opened.stack
    thinking = opened_thinking(base, senses, settings, stack)
    hearing = Hearing(senses.speech, TranscriptAnalyst(AnalysisService(thinking)))
    remote, transcription_jobs = _recordings(base, hearing, settings)
    tools = tool_catalogue(base, transcription_jobs)
    voices = AgentVoices(await opened_speaking(base, senses, settings, opened.supervisor, stack))
    calling = await opened_calling(base, voices, tools, thinking, opened.default_org)
    casting = opened_casting(calling, thinking, tools)
    supervisor = opened.supervisor
    calls = await opened_calls(base, calling, casting, senses, thinking, settings, supervisor)
    return _Minds(hearing, thinking, tools, transcription_jobs, remote, calling, casting, calls)


async def _runtime(opened: _Opened, version: str) -> Runtime:
    settings, base, senses, stack = opened.settings, opened.base, opened.senses, opened.stack
    limiter, door = _entrance(settings, base, stack)
    minds = await _minds(opened)
    thinking, tools = minds.thinking, minds.tools
    return Runtime(
        version=version,
        started_at=utc_now(),
        settings=settings,
        metrics=base.metrics,
        tracing=base.tracing,
        feed=base.feed,
        limiter=limiter,
        models=senses.models,
        speech=senses.speech,
        hearing=minds.hearing,
        streams=senses.streams,
        speaking=minds.calling.agents.voices.speaking,
        lexicons=base.lexicons,
        thinking=thinking,
        dialogues=base.dialogues,
        preferences=base.preferences,
        assistant=Assistant(thinking, base.database, base.dialogues, base.preferences, tools),
        tools=tools,
        calling=await _call_services(opened, minds, version),
        transcription_jobs=minds.transcription_jobs,
        remote_recordings=minds.remote_recordings,
        database=base.database,
        mail=base.mail,
        default_organization=opened.default_org,
        organizations=base.organizations,
        own_organizations=base.own_organizations,
        outbound=base.outbound,
        outbound_rules=base.outbound_rules,
        members=base.members,
        invitations=base.invitations,
        api_keys=base.api_keys,
        tokens=await _token_check(opened),
        internal_secret=await _internal_secret(settings, opened.default_org),
        sessions=base.sessions,
        users=door.users,
        proofs=door.proofs,
        providers=await stack.enter_async_context(open_providers(settings, base, door.users)),
        usage=base.usage,
        quotas=base.quotas,
        audit=base.audit,
        readiness={"database": base.database.ping, "models": senses.check_ready},
    )


async def _call_services(opened: _Opened, minds: _Minds, version: str) -> CallServices:
    settings, base, calling, calls = opened.settings, opened.base, minds.calling, minds.calls
    return CallServices(
        agents=calling.agents,
        customers=calling.customers,
        calls=calls,
        browsers=opened_browsers(calls, settings.webrtc, opened.supervisor, base.metrics, version),
        voice_sessions=await opened_voice_sessions(
            base, opened.senses, calling, calls, settings, opened.stack
        ),
        phone=opened_phone(base, calling, calls, minds.casting, settings, opened.stack),
    )


async def _foundation(settings: Settings, version: str, stack: AsyncExitStack) -> Foundation:
    """And the place of what does not fit into memory."""
    base = await stack.enter_async_context(foundation(settings, version))
    stack.enter_context(spilling_into(settings.storage.data_dir.absolute() / "tmp"))
    return base


def _entrance(
    settings: Settings, base: Foundation, stack: AsyncExitStack
) -> tuple[Limiter, FrontDoor]:
    limiter = _limiter(settings, stack)
    door = front_door(
        base.accounts,
        base.sessions,
        base.organizations,
        base.jobs,
        base.keys,
        limiter,
        settings.accounts,
    )
    return limiter, door


async def _token_check(opened: _Opened) -> TokenCheck:
    auth, base = opened.settings.auth, opened.base
    check = opened_check(auth, base.api_keys, base.keys, opened.supervisor, opened.default_org)
    return await opened.stack.enter_async_context(check)


async def _supervisor(base: Foundation, settings: Settings, stack: AsyncExitStack) -> Supervisor:
    """When its tasks have ended, what they counted is written."""
    stack.push_async_callback(base.usage.flush)
    stack.push_async_callback(base.token_accounts.flush)
    tending = Supervisor(base.metrics, stop_timeout_s=settings.server.drain_s + 5)
    return await stack.enter_async_context(tending)


def _recordings(
    base: Foundation, hearing: Hearing, settings: Settings
) -> tuple[RemoteRecordings, TranscriptionJobs]:
    most_bytes = settings.server.max_upload_mb * MIB
    remote = RemoteRecordings(base.database, base.outbound, base.outbound_rules, most_bytes)
    webhooks = JobWebhooks(
        base.database, base.jobs, base.organizations, base.outbound, base.outbound_rules
    )
    folder = settings.storage.data_dir / "asr-jobs"
    return remote, TranscriptionJobs(
        base.database, base.jobs, hearing, base.usage, webhooks, remote, folder
    )


async def _internal_secret(settings: Settings, default_org: UUID) -> InternalSecret:
    given, data_dir = settings.auth.internal_secret, settings.storage.data_dir
    return InternalSecret(
        await asyncio.to_thread(internal_secret.read, given, data_dir), default_org
    )


def _start_work(
    supervisor: Supervisor, base: Foundation, senses: Inference, drain_s: float
) -> None:
    base.metrics.add(ModelMetrics(senses.models.snapshot))
    worker = partial(base.jobs.run_worker, drain_s=drain_s)
    supervisor.keep_running("jobs", partial(worker, queue=QUICK))
    slow = partial(worker, queue=SLOW, concurrency=SLOW_JOBS_AT_ONCE)
    supervisor.keep_running("slow jobs", slow)
    supervisor.keep_running("notices", base.notices.run)
    supervisor.keep_running("usage", base.usage.run)
    supervisor.keep_running("token accounts", base.token_accounts.run)
    supervisor.keep_running("slots", base.slots.run)
    supervisor.keep_running("job rescue", base.jobs.run_rescue)
    if isinstance(base.feed, RedisFeed):
        supervisor.keep_running("live feed", base.feed.run)
    if base.postgres:
        supervisor.keep_running("database", base.postgres.watch)


def _limiter(settings: Settings, stack: AsyncExitStack) -> Limiter:
    if not settings.storage.redis_url:
        return LocalLimiter()
    limiter = RedisLimiter(settings.storage.redis_url)
    stack.push_async_callback(limiter.close)
    return limiter


def _refuse_what_is_missing(settings: Settings) -> None:
    """Who asks for protection must get it or be told, not served without it."""
    refuse_half_set_up(settings.auth)
    refuse_what_cannot_be_served(settings)
    if settings.auth.mode != "local":
        remote_keys.refuse_without_validator(settings.auth)
    if not settings.auth.hipaa_mode:
        return
    encryption = encryption_of_data(settings.storage.data_dir)
    if missing := hipaa_shortcomings(settings, data_is_encrypted=encryption is not None):
        lines = "".join(f"\n  - {sentence}" for sentence in missing)
        raise SettingInvalid(f"HIPAA_MODE: not started, for want of{lines}", setting="HIPAA_MODE")


async def _first_start(base: Foundation, settings: Settings) -> UUID:
    """The organization that the admin token belongs to, and the token, made where missing."""
    organization = await base.organizations.get_or_create(DEFAULT_ORGANIZATION, actor=SETUP)
    scope = OrgScope(organization.id, actor=SETUP)
    token = await base.api_keys.ensure_admin(scope)
    if token:
        await asyncio.to_thread(admin_token.write, settings.storage.data_dir, token)
    if settings.auth.db_path:
        await base.token_import.run(scope, settings.auth.db_path)
    async with base.database.transaction(system_scope("start")) as tx:
        await base.organizations.rotate_secrets_soon(tx)
        await base.fitted_voices.rotate_soon(tx)
        await base.tool_secrets.rotate_soon(tx)
        await base.dialogues.tend_soon(tx)
    await base.mail.send_waiting()
    return organization.id
