"""The built services that adapters may ask for. Holds them, does nothing."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.asr.hearing import Hearing
from app.asr.jobs import TranscriptionJobs
from app.asr.remote import RemoteRecordings
from app.asr.service import SpeechService
from app.asr.streaming import StreamService
from app.calls.agents.service import Agents
from app.calls.customers.service import Customers
from app.calls.sessions.browsers import BrowserCalls
from app.calls.sessions.calls import Calls
from app.calls.sessions.phone import Phone
from app.calls.sessions.voice_sessions import VoiceSessions
from app.core.db import Database
from app.core.feed.port import Feed
from app.core.http import OutboundClient
from app.core.limits import Limiter
from app.core.mail import Mail
from app.core.metrics import Metrics
from app.core.settings import Settings
from app.core.tracing import Tracing
from app.inference.registry import ModelRegistry
from app.llm.assistant import Assistant
from app.llm.dialogues import Dialogues
from app.llm.preferences import UserPreferences
from app.llm.service import LlmService
from app.llm.tools.catalogue import ToolCatalogue
from app.tenancy.audit import AuditLog
from app.tenancy.internal_secret import InternalSecret
from app.tenancy.invitations import Invitations
from app.tenancy.keys import ApiKeys
from app.tenancy.members import Members
from app.tenancy.organizations import Organizations, OutboundRules, OwnOrganizations
from app.tenancy.proofs import Proofs
from app.tenancy.providers import Providers
from app.tenancy.quota import Quotas
from app.tenancy.sessions import Sessions
from app.tenancy.token_check import TokenCheck
from app.tenancy.usage import UsageMeter
from app.tenancy.users import Users
from app.tts.lexicons import Lexicons
from app.tts.service import SpeakingService

ReadinessCheck = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class CallServices:
    agents: Agents
    customers: Customers
    calls: Calls
    browsers: BrowserCalls
    voice_sessions: VoiceSessions
    phone: Phone


@dataclass(frozen=True, slots=True)
class Runtime:
    version: str
    started_at: datetime
    settings: Settings
    metrics: Metrics
    tracing: Tracing
    feed: Feed
    limiter: Limiter
    models: ModelRegistry
    speech: SpeechService
    hearing: Hearing
    streams: StreamService
    speaking: SpeakingService
    lexicons: Lexicons
    thinking: LlmService
    assistant: Assistant
    dialogues: Dialogues
    preferences: UserPreferences
    tools: ToolCatalogue
    calling: CallServices
    transcription_jobs: TranscriptionJobs
    remote_recordings: RemoteRecordings
    database: Database
    mail: Mail
    default_organization: UUID
    organizations: Organizations
    own_organizations: OwnOrganizations
    outbound: OutboundClient
    outbound_rules: OutboundRules
    members: Members
    invitations: Invitations
    api_keys: ApiKeys
    tokens: TokenCheck
    internal_secret: InternalSecret
    sessions: Sessions
    users: Users
    proofs: Proofs
    providers: Providers
    usage: UsageMeter
    quotas: Quotas
    audit: AuditLog
    readiness: Mapping[str, ReadinessCheck]
