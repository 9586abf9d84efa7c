"""What language models may call for an organization, and the secrets that go with it."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.api.access import permitted
from app.api.gateway.auth import NEVER_CACHED, TENANT
from app.api.gateway.bodies import Done
from app.core.scope import OrgScope
from app.llm.conversation import ToolSpec
from app.llm.tools.definitions import KeptTool, ToolDefinition
from app.llm.tools.kept_secrets import KeptSecret
from app.llm.tools.mcp.server import McpServer
from app.llm.tools.templates import HttpRequest
from app.runtime import Runtime
from app.tenancy.domain.principals import Permission

SEEN = permitted(Permission.READ)
CHANGED = permitted(Permission.WRITE)


class ToolAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`parameters`: the JSON schema of its arguments; null where a server says it of its tools.
    `changed_at` is null for what everybody has."""

    name: str
    kind: Literal["built_in", "http", "mcp"]
    description: str
    parameters: dict[str, Any] | None
    http: HttpRequest | None = None
    mcp: McpServer | None = None
    changed_at: datetime | None = None


class ToolsAnswer(msgspec.Struct, frozen=True):
    tools: list[ToolAnswer]


class SecretsAnswer(msgspec.Struct, frozen=True):
    secrets: list[KeptSecret]


class NewSecret(msgspec.Struct, frozen=True):
    """`host` is the only one that the value is ever sent to."""

    value: str
    host: str


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """`tool`: which one of a server."""

    arguments: dict[str, Any] = {}
    tool: Annotated[str, msgspec.Meta(max_length=128)] = ""


class TrialAnswer(msgspec.Struct, frozen=True):
    """As a model would be told it."""

    text: str
    is_error: bool
    took_s: float


@get("/agent/tools", opt=SEEN, dependencies=TENANT)
async def list_tools(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope]
) -> ToolsAnswer:
    """Those that everybody has, then the organization's own by their names."""
    async with runtime.database.transaction(tenant) as tx:
        own = await runtime.tools.list(tx)
    return ToolsAnswer([*map(_of_everybody, runtime.tools.built_in), *map(_shown, own)])


@get("/agent/tools/{tool_name:str}", opt=SEEN, dependencies=TENANT)
async def get_tool(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope], tool_name: FromPath[str]
) -> ToolAnswer:
    """One of the organization's own."""
    async with runtime.database.transaction(tenant) as tx:
        return _shown(await runtime.tools.get(tx, tool_name))


@put("/agent/tools/{tool_name:str}", opt=CHANGED, dependencies=TENANT)
async def put_tool(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    tool_name: FromPath[str],
    data: JSONBody[ToolDefinition],
) -> ToolAnswer:
    """Adds it, or replaces what has its name."""
    async with runtime.database.transaction(tenant) as tx:
        return _shown(await runtime.tools.put(tx, tool_name, data))


@delete("/agent/tools/{tool_name:str}", opt=CHANGED, dependencies=TENANT, status_code=200)
async def delete_tool(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope], tool_name: FromPath[str]
) -> Done:
    async with runtime.database.transaction(tenant) as tx:
        await runtime.tools.delete(tx, tool_name)
    return Done()


@post("/agent/tools/{tool_name:str}/try", opt=CHANGED, dependencies=TENANT, status_code=200)
async def try_tool(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    tool_name: FromPath[str],
    data: JSONBody[Trial],
) -> TrialAnswer:
    """Calls it as a model would. What it does is done."""
    outcome, took_s = await runtime.tools.attempt(tenant, tool_name, data.tool, data.arguments)
    return TrialAnswer(outcome.text, outcome.is_error, round(took_s, 3))


@get("/agent/secrets", opt=SEEN, dependencies=TENANT)
async def list_secrets(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope]
) -> SecretsAnswer:
    """Their names and hosts. Their values are never shown."""
    async with runtime.database.transaction(tenant) as tx:
        return SecretsAnswer(await runtime.tools.secrets.list(tx))


@put(
    "/agent/secrets/{secret_name:str}", opt=CHANGED, dependencies=TENANT, cache_control=NEVER_CACHED
)
async def put_secret(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    secret_name: FromPath[str],
    data: JSONBody[NewSecret],
) -> KeptSecret:
    """Tools refer to it as `{{secret:name}}`."""
    async with runtime.database.transaction(tenant) as tx:
        return await runtime.tools.secrets.put(tx, secret_name, data.value, data.host)


@delete("/agent/secrets/{secret_name:str}", opt=CHANGED, dependencies=TENANT, status_code=200)
async def delete_secret(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope], secret_name: FromPath[str]
) -> Done:
    """Tools that refer to it say so when they are called."""
    async with runtime.database.transaction(tenant) as tx:
        await runtime.tools.secrets.delete(tx, secret_name)
    return Done()


def _of_everybody(spec: ToolSpec) -> ToolAnswer:
    return ToolAnswer(
        name=spec.name,
        kind="built_in",
        description=spec.description,
        parameters=spec.parameters,
    )


def _shown(kept: KeptTool) -> ToolAnswer:
    definition = kept.definition
    return ToolAnswer(
        name=kept.name,
        kind="http" if definition.http else "mcp",
        description=definition.description,
        parameters=definition.http.parameters if definition.http else None,
        http=definition.http,
        mcp=definition.mcp,
        changed_at=kept.changed_at,
    )


ROUTES = (
    list_tools,
    get_tool,
    put_tool,
    delete_tool,
    try_tool,
    list_secrets,
    put_secret,
    delete_secret,
)
