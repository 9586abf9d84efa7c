"""Parley in this process, with two organizations and everybody who may knock at their doors."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import jwt
import msgspec

from app import VERSION, wiring
from app.asr import store as job_store
from app.asr.domain import TranscriptionRequest
from app.asr.job import JobTask
from app.asr.store import JobRow
from app.calls.sessions.domain import CallAsked
from app.core import settings as declared
from app.core.clock import utc_now
from app.core.db import Tx
from app.core.scope import OrgScope, system_scope
from app.inference.model_store import ModelStore
from app.llm.tools.definitions import ToolDefinition
from app.llm.tools.templates import HttpRequest
from app.main import create_app
from app.runtime import Runtime
from app.tenancy.domain.keys import NewApiKey
from app.tenancy.domain.organizations import slug_of
from app.tenancy.domain.principals import Device, Role
from app.tenancy.store.organizations import find_organization
from app.tenancy.store.rows import MembershipRow, OrganizationRow, UserRow
from app.tts.text.lexicon import Pronunciation
from tests.conftest import MASTER_KEY
from tests.fakes.openai_api import MODEL, OpenAiApi


@dataclass
class Person:
    user_id: UUID
    session_id: UUID
    cookies: Mapping[str, str]


@dataclass
class Organization:
    """With an owner, an admin, a member and an API key."""

    id: UUID
    people: dict[str, Person] = field(default_factory=dict)
    key: str = ""
    key_id: UUID = field(default_factory=uuid4)
    invitation_id: UUID = field(default_factory=uuid4)
    job_id: UUID = field(default_factory=uuid4)
    entry_id: UUID = field(default_factory=uuid4)
    tool_name: str = field(default_factory=lambda: f"tool_{uuid4().hex[:20]}")
    secret_name: str = field(default_factory=lambda: f"secret_{uuid4().hex[:20]}")
    agent_id: UUID = field(default_factory=uuid4)
    agent_version_id: UUID = field(default_factory=uuid4)
    customer_id: UUID = field(default_factory=uuid4)
    call_id: UUID = field(default_factory=uuid4)
    voice_session_id: UUID = field(default_factory=uuid4)
    phone_number: str = field(default_factory=lambda: f"+1{uuid4().int % 10**10:010}")


@dataclass
class World:
    runtime: Runtime
    app: Any
    operator: str
    model: OpenAiApi

    async def organization(self) -> Organization:
        organization = Organization(uuid4())
        scope = OrgScope(organization.id, "test")
        async with self.runtime.database.transaction(scope) as tx:
            tx.session.add(
                OrganizationRow(
                    id=organization.id,
                    name="Bank",
                    slug=f"bank-{organization.id}",
                    signing_secret=b"",
                )
            )
            await tx.session.flush()
            new = NewApiKey(user_id="app", label="", expires_at=None)
            key, organization.key = await self.runtime.api_keys.create(tx, new)
            organization.key_id = key.id
            organization.job_id = await self._job(tx, key.id)
            said = Pronunciation("SBI", respelling="ess bee eye")
            organization.entry_id = (await self.runtime.lexicons.put(tx, said)).id
            await self._tool(tx, organization)
        await self._agent(scope, organization)
        organization.voice_session_id = self.runtime.calling.voice_sessions.create(
            scope, "somebody"
        ).id
        for role in Role:
            organization.people[role.value] = await self.person(organization.id, role)
        organization.invitation_id = await self.invitation(organization)
        return organization

    async def _agent(self, scope: OrgScope, organization: Organization) -> None:
        """And a customer, whom it is to call, and a number at which it is called."""
        agent = await self.runtime.calling.agents.create(scope, {"name": "Front desk"})
        organization.agent_id = agent.id
        async with self.runtime.database.transaction(scope) as tx:
            (version,) = await self.runtime.calling.agents.versions(tx, agent.id)
            customer = await self.runtime.calling.customers.create(tx, {"name": "Ada"}, agent.id)
            asked = CallAsked(direction="outbound", customer_id=customer.id)
            organization.call_id = (
                await self.runtime.calling.calls.records.add(tx, agent, asked)
            ).id
            await self.runtime.calling.phone.numbers.put(tx, organization.phone_number, agent.id)
        organization.agent_version_id = version.id
        organization.customer_id = customer.id

    async def _tool(self, tx: Tx, organization: Organization) -> None:
        """One that wants an argument, and a secret."""
        name = organization.secret_name
        await self.runtime.tools.secrets.put(tx, name, "x" * 20, "crm.example.com")
        parameters = {"type": "object", "properties": {"id": {}}, "required": ["id"]}
        request = HttpRequest(
            url="https://crm.example.com/{id}",
            headers={"Authorization": f"{{{{secret:{name}}}}}"},
            parameters=parameters | {"additionalProperties": False},
        )
        definition = ToolDefinition(description="Finds a customer.", http=request)
        await self.runtime.tools.put(tx, organization.tool_name, definition)

    async def _job(self, tx: Tx, key_id: UUID) -> UUID:
        """A transcription that failed."""
        row = JobRow(
            id=uuid4(),
            key_id=key_id,
            user_id="app",
            endpoint="/asr/transcribe",
            task=msgspec.json.encode(JobTask(request=TranscriptionRequest())),
            status="failed",
            progress=0.0,
            attempts=1,
            created_at=utc_now(),
        )
        await job_store.add(tx, row)
        return row.id

    async def invitation(self, organization: Organization) -> UUID:
        owner = organization.people["owner"].user_id
        scope = OrgScope(organization.id, str(owner), owner)
        async with self.runtime.database.transaction(scope) as tx:
            email = f"{uuid4()}@example.com"
            return (await self.runtime.invitations.create(tx, email, Role.MEMBER)).id

    async def guest(self) -> Person:
        """With an organization of its own, as every guest has."""
        organization = await self.organization()
        return await self.person(organization.id, Role.OWNER, email=None)

    async def person(
        self, org_id: UUID, role: Role, *, email: str | None = "{}@example.com"
    ) -> Person:
        user_id = uuid4()
        user = UserRow(
            id=user_id,
            email=email and email.format(user_id),
            auth_provider="password" if email else "guest",
        )
        async with self.runtime.database.transaction(OrgScope(org_id, "test", user_id)) as tx:
            tx.session.add(user)
            await tx.session.flush()
            tx.session.add(MembershipRow(user_id=user_id, role=role.value))
            await tx.session.flush()
            tokens = await self.runtime.sessions.open(tx, Device(), org_id=org_id)
        claims = jwt.decode(tokens.access, options={"verify_signature": False})
        return Person(user_id, UUID(claims["sid"]), {"access_token": tokens.access})

    @asynccontextmanager
    async def client(
        self, *, person: Person | None = None, token: str = ""
    ) -> AsyncGenerator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(self.app, client=(f"10.0.{uuid4().int % 250}.7", 1))
        async with httpx.AsyncClient(
            transport=transport,
            base_url="http://parley.test",
            cookies=dict(person.cookies) if person else None,
            headers={"Authorization": f"Bearer {token}"} if token else None,
        ) as client:
            yield client


@asynccontextmanager
async def world(database_url: str, data_dir: Path, **others: str) -> AsyncGenerator[World]:
    """`others`: settings beside those that every such test has. The language model says back what
    it was told. No phrase is spoken ahead."""
    async with OpenAiApi().serving() as model:
        settings = declared.load(
            {
                "PARLEY_DATA_DIR": str(data_dir),
                "DATABASE_URL": database_url,
                "PARLEY_SECRET_KEY": MASTER_KEY,
                "PARLEY_DRAIN_S": "0",
                "PARLEY_PHRASE_CACHE_MB": "0",
                "PARLEY_WARM_UP": "false",
                "LLM_PROVIDER": "local",
                "LOCAL_LLM_URL": f"{model.url}/v1",
                "LOCAL_LLM_MODEL": MODEL,
            }
            | others
        )
        async with _running(settings, model) as parley:
            yield parley


@asynccontextmanager
async def _running(settings: declared.Settings, model: OpenAiApi) -> AsyncGenerator[World]:
    store = ModelStore(declared.model_store(settings, declared.process_environment()))
    async with wiring.running(settings, store, VERSION) as runtime:
        async with runtime.database.transaction(system_scope("test")) as tx:
            default = await find_organization(tx, slug_of(wiring.DEFAULT_ORGANIZATION))
        assert default
        operator = await runtime.api_keys.renew_admin(OrgScope(default.id, "test"))
        yield World(runtime, create_app(runtime), operator, model)
