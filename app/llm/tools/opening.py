"""Makes what an organization keeps of its tools ready to be called, and ends it again."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from app.core.aio import TaskScope
from app.core.http import HostRule, OutboundClient
from app.llm.conversation import ToolSpec
from app.llm.tools.definitions import KeptTool
from app.llm.tools.http_tool import HttpTool
from app.llm.tools.mcp.listings import Listings
from app.llm.tools.mcp.server import connected, listing_of
from app.llm.tools.mcp.wire import McpWire
from app.llm.tools.secrets import Secrets
from app.llm.tools.templates import Template
from app.llm.tools.tool import Tool, ToolRefused, ToolsMissing


@dataclass(frozen=True, slots=True)
class Owned:
    """What an organization has, as one transaction saw it."""

    tools: Sequence[tuple[KeptTool, Template]] = ()
    secrets: Secrets = field(default_factory=Secrets)
    """All that any of the tools refers to: what one of them gets back may hold another's."""
    allowed: frozenset[HostRule] = frozenset()


@dataclass(slots=True)
class _Ready:
    tools: list[Tool]
    missing: list[ToolsMissing]


class ToolOpening:
    def __init__(self, outbound: OutboundClient) -> None:
        self._outbound = outbound
        self._listings = Listings()

    @asynccontextmanager
    async def opened(
        self, org_id: UUID, owned: Owned
    ) -> AsyncGenerator[tuple[Collection[Tool], Collection[ToolsMissing]]]:
        """In the same order whenever they are the same, so that a provider may know them again."""
        ready = _Ready([], [])
        async with AsyncExitStack() as stack:
            async with TaskScope() as tasks:
                for kept, template in owned.tools:
                    if kept.definition.http:
                        ready.tools.append(self._http_tool(kept, template, owned))
                    else:
                        work = self._connect(org_id, kept, template, owned, ready, stack)
                        tasks.spawn("list tools", work)
            yield (
                sorted(ready.tools, key=lambda tool: tool.spec.name),
                sorted(ready.missing, key=lambda missing: missing.server),
            )

    def _http_tool(self, kept: KeptTool, template: Template, owned: Owned) -> HttpTool:
        spec = ToolSpec(kept.name, kept.definition.description, template.request.parameters)
        return HttpTool(spec, template, owned.secrets, self._outbound, owned.allowed)

    async def _connect(
        self,
        org_id: UUID,
        kept: KeptTool,
        template: Template,
        owned: Owned,
        ready: _Ready,
        stack: AsyncExitStack,
    ) -> None:
        secrets, timeout_s = owned.secrets, template.request.timeout_s
        try:
            request = template.fill({}, secrets)
        except ToolRefused as refused:
            ready.missing.append(ToolsMissing(kept.name, str(refused)))
            return
        wire = McpWire(request, template.host, secrets, self._outbound, owned.allowed, timeout_s)
        connection = await stack.enter_async_context(connected(wire, timeout_s))
        listing = await self._listings.find(
            (org_id, kept.name, kept.changed_at), partial(listing_of, kept.name, connection)
        )
        ready.tools += listing.tools(connection)
        ready.missing += listing.missing
