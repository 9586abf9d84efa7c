"""The tools that an organization has: those of everybody, and its own, kept and made ready."""

import time
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from app.core.clock import utc_now
from app.core.db import Database, Tx, forbid_in_transaction
from app.core.events import Events
from app.core.scope import OrgScope
from app.llm.conversation import ToolSpec
from app.llm.store import tools as store
from app.llm.store.tools import ToolRow
from app.llm.tools.definitions import (
    MOST_TOOLS,
    KeptTool,
    ToolDefinition,
    ToolDeleted,
    ToolInvalid,
    ToolNotFound,
    ToolPut,
    ToolsFull,
    check_name,
    check_secrets,
    checked_template,
)
from app.llm.tools.kept_secrets import ToolSecrets
from app.llm.tools.mcp.server import JOINT
from app.llm.tools.opening import Owned, ToolOpening
from app.llm.tools.secrets import Secrets
from app.llm.tools.tool import Tool, ToolOutcome, ToolsMissing
from app.llm.tools.toolbox import Toolbox
from app.tenancy.organizations import OutboundRules


class ToolCatalogue:
    def __init__(
        self,
        database: Database,
        events: Events,
        secrets: ToolSecrets,
        rules: OutboundRules,
        opening: ToolOpening,
        built_in: Sequence[Tool],
    ) -> None:
        self._database = database
        self._events = events
        self.secrets = secrets
        self._opening = opening
        self._rules = rules
        self._built_in = {tool.spec.name: tool for tool in built_in}

    @property
    def built_in(self) -> list[ToolSpec]:
        return [tool.spec for tool in self._built_in.values()]

    async def list(self, tx: Tx) -> list[KeptTool]:
        return [_shown(row) for row in await store.tools(tx)]

    async def get(self, tx: Tx, name: str) -> KeptTool:
        check_name(name)
        row = await store.find_tool(tx, name)
        if row is None:
            raise ToolNotFound("Tool not found")
        return _shown(row)

    async def put(self, tx: Tx, name: str, definition: ToolDefinition) -> KeptTool:
        """Instead of what there was under this name."""
        check_name(name)
        if name in self._built_in:
            raise ToolInvalid("tool_name", f"{name} is a tool that everybody has")
        template = checked_template(definition)
        check_secrets(definition, template, await self.secrets.open(tx, template.secrets))
        row = ToolRow(name=name, definition=msgspec.json.encode(definition), changed_at=utc_now())
        if await store.put_tool(tx, row) > MOST_TOOLS:
            raise ToolsFull(f"There are {MOST_TOOLS} tools, which is the most")
        await self._events.publish(tx, ToolPut(name=name, host=template.host))
        return _shown(row)

    async def delete(self, tx: Tx, name: str) -> None:
        check_name(name)
        if not await store.remove_tool(tx, name):
            raise ToolNotFound("Tool not found")
        await self._events.publish(tx, ToolDeleted(name=name))

    @asynccontextmanager
    async def toolbox(
        self, scope: OrgScope, names: Collection[str] | None = None
    ) -> AsyncGenerator[Toolbox]:
        """Those of these names, or all; the sessions with servers end with it."""
        forbid_in_transaction()
        async with self._database.transaction(scope) as tx:
            owned = await self._owned(tx, names)
        built_in = [tool for name, tool in self._built_in.items() if names is None or name in names]
        found = {*self._built_in, *(tool.name for tool, _ in owned.tools)}
        unknown = [ToolsMissing(name, "there is no such tool") for name in {*(names or ())} - found]
        async with self._opening.opened(scope.org_id, owned) as (own, missing):
            yield Toolbox([*built_in, *own], [*unknown, *missing])

    async def attempt(
        self, scope: OrgScope, name: str, tool: str, arguments: Mapping[str, Any]
    ) -> tuple[ToolOutcome, float]:
        """What comes of a call, and how long it took. `tool`: which one of a server."""
        if name not in self._built_in:
            async with self._database.transaction(scope) as tx:
                await self.get(tx, name)
        async with self.toolbox(scope, {name}) as toolbox:
            called = f"{name}{JOINT}{tool}" if tool else name
            names = [spec.name for spec in toolbox.specs]
            if called not in names:
                raise ToolInvalid("tool", _which(name, names, toolbox.missing))
            toolbox.check(called, arguments)
            began = time.monotonic()
            outcome = await toolbox.call(scope, called, arguments)
            return outcome, time.monotonic() - began

    async def _owned(self, tx: Tx, names: Collection[str] | None) -> Owned:
        kept = [
            (tool, tool.definition.template())
            for tool in await self.list(tx)
            if names is None or tool.name in names
        ]
        if not kept:
            return Owned()
        referred = {name for _, template in kept for name in template.secrets}
        secrets = Secrets(await self.secrets.open(tx, referred))
        return Owned(kept, secrets, await self._rules.list(tx))


def _shown(row: ToolRow) -> KeptTool:
    definition = msgspec.json.decode(row.definition, type=ToolDefinition)
    return KeptTool(row.name, definition, row.changed_at)


def _which(server: str, names: Sequence[str], missing: Sequence[ToolsMissing]) -> str:
    if not names and missing:
        return f"{missing[0].server} cannot be had: {missing[0].reason}"
    known = ", ".join(name.removeprefix(f"{server}{JOINT}") for name in names)
    return f"say which one; there are {known}"
