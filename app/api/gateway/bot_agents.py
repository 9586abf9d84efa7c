"""Voice agents of an organization, and their versions."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, UnsetType

from app.api.access import permitted
from app.api.gateway.asr_answers import NotAppliedAnswer, not_applied_answer
from app.api.gateway.auth import TENANT
from app.api.gateway.unknown_fields import unknown_fields
from app.calls.agents.domain import Agent, AgentSettings, AgentVersion, Behavior
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.principals import Permission

AnyRequest = Request[Any, Any, Any]

PATH = "/bot/api/agents"
ONE = f"{PATH}/{{agent_id:uuid}}"
SEEN = permitted(Permission.READ)
CHANGED = permitted(Permission.WRITE)


class ToolChoice(msgspec.Struct, frozen=True):
    name: str
    enabled: bool = True


class AgentFields(msgspec.Struct, frozen=True, kw_only=True):
    """`behavior`: see docs/calling.md. `graph`: see docs/dialogue_graphs.md; null: a language model
    answers. `tools`: their names, or objects with `name` and `enabled`."""

    name: str | UnsetType = UNSET
    system_prompt: str | UnsetType = UNSET
    greeting: str | UnsetType = UNSET
    voice: str | UnsetType = UNSET
    voice_gender: str | UnsetType = UNSET
    llm_model: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    video_enabled: bool | UnsetType = UNSET
    speed: float | UnsetType = UNSET
    tools: list[str | ToolChoice] | UnsetType = UNSET
    graph: dict[str, Any] | UnsetType | None = UNSET
    behavior: dict[str, Any] | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """As `AgentSettings` names them."""
        fields = {
            name: value
            for name, value in msgspec.structs.asdict(self).items()
            if value is not UNSET
        }
        if self.tools is not UNSET:
            fields["tools"] = [_tool_name(tool) for tool in self.tools if _is_enabled(tool)]
        return fields


class NewAgent(AgentFields, frozen=True, kw_only=True):
    name: str  # pyright: ignore[reportGeneralTypeIssues] - required here, and by name alone


class SettingsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    system_prompt: str
    greeting: str
    voice: str
    voice_gender: Literal["", "female", "male"]
    llm_model: str
    language: str
    video_enabled: bool
    speed: float
    tools: list[ToolChoice]
    graph: dict[str, Any] | None
    behavior: Behavior


class AgentAnswer(SettingsAnswer, frozen=True, kw_only=True):
    """`not_applied`: what was set and changes nothing on this server, and why."""

    id: UUID
    version: int
    created_at: datetime
    changed_at: datetime
    not_applied: list[NotAppliedAnswer]


class VersionSummary(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    version_no: int
    reason: str
    name: str
    prompt_chars: int
    created_at: datetime
    created_by: str


class VersionAnswer(VersionSummary, frozen=True, kw_only=True):
    settings: SettingsAnswer


@get(PATH, opt=SEEN, dependencies=TENANT)
async def list_agents(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope]
) -> list[AgentAnswer]:
    """The oldest first."""
    async with runtime.database.transaction(tenant) as tx:
        found = await runtime.calling.agents.list(tx)
    return [await _shown(runtime, tenant, agent) for agent in found]


@post(PATH, opt=CHANGED, dependencies=TENANT)
async def create_agent(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    data: JSONBody[NewAgent],
) -> AgentAnswer:
    """Only a name is needed; without a graph a language model answers."""
    made = await runtime.calling.agents.create(tenant, data.given())
    return await _shown(runtime, tenant, made, await unknown_fields(request, NewAgent))


@get(ONE, opt=SEEN, dependencies=TENANT)
async def get_agent(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope], agent_id: FromPath[UUID]
) -> AgentAnswer:
    """As it is now."""
    async with runtime.database.transaction(tenant) as tx:
        agent = await runtime.calling.agents.get(tx, agent_id)
    return await _shown(runtime, tenant, agent)


@patch(ONE, opt=CHANGED, dependencies=TENANT)
async def change_agent(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    agent_id: FromPath[UUID],
    data: JSONBody[AgentFields],
) -> AgentAnswer:
    """What is left out stays, in `behavior` too. Calls under way go on as they began."""
    changed = await runtime.calling.agents.change(tenant, agent_id, data.given())
    return await _shown(runtime, tenant, changed, await unknown_fields(request, AgentFields))


@delete(ONE, opt=CHANGED, dependencies=TENANT)
async def delete_agent(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope], agent_id: FromPath[UUID]
) -> None:
    """Its versions stay, for the records of its calls."""
    async with runtime.database.transaction(tenant) as tx:
        await runtime.calling.agents.delete(tx, agent_id)


@get(f"{ONE}/versions", opt=SEEN, dependencies=TENANT)
async def list_agent_versions(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope], agent_id: FromPath[UUID]
) -> list[VersionSummary]:
    """The newest first: every change made one."""
    async with runtime.database.transaction(tenant) as tx:
        found = await runtime.calling.agents.versions(tx, agent_id)
    return [VersionSummary(**_facts(version)) for version in found]


@get(f"{ONE}/versions/{{version_id:uuid}}", opt=SEEN, dependencies=TENANT)
async def get_agent_version(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    agent_id: FromPath[UUID],
    version_id: FromPath[UUID],
) -> VersionAnswer:
    """What the agent was told then. Also of an agent that was deleted."""
    async with runtime.database.transaction(tenant) as tx:
        found = await runtime.calling.agents.version(tx, agent_id, version_id)
    return VersionAnswer(settings=SettingsAnswer(**_fields(found.settings)), **_facts(found))


@post(
    f"{ONE}/versions/{{version_id:uuid}}/rollback",
    opt=CHANGED,
    dependencies=TENANT,
    status_code=200,
)
async def roll_back_agent(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    agent_id: FromPath[UUID],
    version_id: FromPath[UUID],
) -> AgentAnswer:
    """Makes another version that says what this one said."""
    async with runtime.database.transaction(tenant) as tx:
        agent = await runtime.calling.agents.roll_back(tx, agent_id, version_id)
    return await _shown(runtime, tenant, agent)


@post(f"{ONE}/clone", opt=CHANGED, dependencies=TENANT)
async def clone_agent(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope], agent_id: FromPath[UUID]
) -> AgentAnswer:
    """Another agent with the same settings, and "(copy)" behind its name."""
    async with runtime.database.transaction(tenant) as tx:
        agent = await runtime.calling.agents.clone(tx, agent_id)
    return await _shown(runtime, tenant, agent)


async def _shown(
    runtime: Runtime,
    tenant: OrgScope,
    agent: Agent,
    unknown: list[NotAppliedAnswer] | None = None,
) -> AgentAnswer:
    not_applied = await runtime.calling.agents.not_applied(tenant, agent.settings)
    return AgentAnswer(
        id=agent.id,
        version=agent.version,
        created_at=agent.created_at,
        changed_at=agent.changed_at,
        not_applied=[
            *not_applied_answer(not_applied),
            *(unknown or ()),
        ],
        **_fields(agent.settings),
    )


def _fields(settings: AgentSettings) -> dict[str, Any]:
    tools = [ToolChoice(name) for name in settings.tools]
    return msgspec.structs.asdict(settings) | {"tools": tools}


def _facts(version: AgentVersion) -> dict[str, Any]:
    return {
        "id": version.id,
        "version_no": version.number,
        "reason": version.reason,
        "name": version.settings.name,
        "prompt_chars": len(version.settings.system_prompt),
        "created_at": version.made_at,
        "created_by": version.made_by,
    }


def _tool_name(tool: str | ToolChoice) -> str:
    return tool if isinstance(tool, str) else tool.name


def _is_enabled(tool: str | ToolChoice) -> bool:
    return isinstance(tool, str) or tool.enabled


ROUTES = (
    list_agents,
    create_agent,
    get_agent,
    change_agent,
    delete_agent,
    list_agent_versions,
    get_agent_version,
    roll_back_agent,
    clone_agent,
)
