"""The services that need the database and nothing else."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from app.core.crypto import KeyRing
from app.core.db import Database
from app.core.events import Events
from app.core.feed.port import Feed
from app.core.http import OutboundClient
from app.core.jobs import Jobs
from app.core.mail import Mail
from app.core.metrics import Metrics
from app.core.notices import Notices
from app.core.postgres.supervisor import EmbeddedPostgres
from app.core.settings import Settings
from app.core.slots import LocalSlots, RedisSlots, Slots
from app.core.tracing import Tracing
from app.llm.accounts import TokenAccounts
from app.llm.dialogues import Dialogues
from app.llm.preferences import UserPreferences
from app.llm.prices import PriceList
from app.llm.tools.kept_secrets import ToolSecrets
from app.tenancy.accounts import Accounts
from app.tenancy.audit import AuditLog
from app.tenancy.domain.sessions import ONE_HOUR, Lifetimes
from app.tenancy.invitations import Invitations
from app.tenancy.keys import ApiKeys
from app.tenancy.letters import Letters
from app.tenancy.members import Members
from app.tenancy.organizations import Organizations, OutboundRules, OwnOrganizations
from app.tenancy.quota import Quotas
from app.tenancy.sessions import Sessions
from app.tenancy.token_import import TokenImport
from app.tenancy.usage import UsageMeter
from app.tts.fitted_voices import FittedVoices
from app.tts.lexicons import Lexicons
from app.wiring.ground import opened_ground


@dataclass(frozen=True, slots=True)
class Foundation:
    """What needs the database and nothing else: enough for the command line."""

    postgres: EmbeddedPostgres | None
    metrics: Metrics
    tracing: Tracing
    feed: Feed
    database: Database
    jobs: Jobs
    events: Events
    notices: Notices
    mail: Mail
    keys: KeyRing
    organizations: Organizations
    own_organizations: OwnOrganizations
    members: Members
    invitations: Invitations
    api_keys: ApiKeys
    lexicons: Lexicons
    fitted_voices: FittedVoices
    tool_secrets: ToolSecrets
    token_import: TokenImport
    sessions: Sessions
    accounts: Accounts
    outbound_rules: OutboundRules
    outbound: OutboundClient
    audit: AuditLog
    usage: UsageMeter
    slots: Slots
    quotas: Quotas
    token_accounts: TokenAccounts
    dialogues: Dialogues
    preferences: UserPreferences


@asynccontextmanager
async def foundation(
    settings: Settings, version: str, *, join: bool = False
) -> AsyncGenerator[Foundation]:
    """With `join`, also beside a Parley that runs on the same data: then on its database."""
    async with AsyncExitStack() as stack:
        ground = await opened_ground(settings, version, stack, join=join)
        metrics, database, jobs = ground.metrics, ground.database, ground.jobs
        events, notices, keys = ground.events, ground.notices, ground.keys
        lifetimes = ONE_HOUR if settings.auth.hipaa_mode else Lifetimes()
        usage = UsageMeter(database)
        slots = _slots(settings)
        stack.push_async_callback(slots.close)
        mail = Mail(database, jobs, keys, settings.email, metrics)
        organizations = Organizations(database, events, jobs, keys)
        api_keys = ApiKeys(database, events, notices, keys)
        sessions = Sessions(database, events, notices, keys, lifetimes)
        members = Members(events, sessions)
        letters = Letters(mail, settings.server.frontend_url)
        yield Foundation(
            postgres=ground.postgres,
            metrics=metrics,
            tracing=ground.tracing,
            feed=ground.feed,
            database=database,
            jobs=jobs,
            events=events,
            notices=notices,
            mail=mail,
            keys=keys,
            organizations=organizations,
            own_organizations=OwnOrganizations(events, organizations, sessions, api_keys),
            members=members,
            invitations=Invitations(database, events, keys, letters, members),
            api_keys=api_keys,
            lexicons=Lexicons(database, events, notices),
            fitted_voices=FittedVoices(database, events, notices, jobs, keys),
            tool_secrets=ToolSecrets(database, events, jobs, keys),
            token_import=TokenImport(database, events, keys),
            sessions=sessions,
            accounts=Accounts(database, events, letters),
            outbound_rules=OutboundRules(database, events),
            outbound=ground.outbound,
            audit=AuditLog(database, events, ground.feed),
            usage=usage,
            slots=slots,
            quotas=Quotas(database, events, notices, slots, usage, settings.quotas, metrics),
            token_accounts=TokenAccounts(database, organizations, PriceList(settings.llm.prices)),
            dialogues=Dialogues(database, events, jobs, keys, settings.agent.history_days),
            preferences=UserPreferences(keys),
        )


def _slots(settings: Settings) -> Slots:
    return RedisSlots(settings.storage.redis_url) if settings.storage.redis_url else LocalSlots()
