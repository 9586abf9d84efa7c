"""One server of tools, as long as an answer needs it: begun, listed, called and ended."""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from app import VERSION
from app.core.errors import AppError
from app.core.scope import OrgScope
from app.llm.conversation import ToolSpec
from app.llm.tools.mcp.wire import McpFailed, McpWire, Message, Session, SessionExpired
from app.llm.tools.schemas import Schema, SchemaInvalid
from app.llm.tools.templates import Fields, HttpRequest, Seconds
from app.llm.tools.tool import Tool, ToolOutcome, ToolsMissing, cut

PROTOCOL = "2025-11-25"
SPOKEN = frozenset({"2025-03-26", "2025-06-18", PROTOCOL})
LIST_S = 5.0
MOST_PAGES = 20
MOST_TOOLS = 100
LONGEST_NAME = 64
JOINT = "__"
"""Between the name of the server and that of its tool."""

LONGEST_DESCRIPTION = 2000

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")


class McpServer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`{{secret:name}}` in the path, the query and headers is a secret. `timeout_s`: of a call."""

    url: str
    headers: Fields = {}
    query: Fields = {}
    timeout_s: Seconds = 30.0

    @property
    def request(self) -> HttpRequest:
        return HttpRequest(
            url=self.url,
            method="POST",
            headers=self.headers,
            query=self.query,
            timeout_s=self.timeout_s,
        )


class McpTool:
    def __init__(self, spec: ToolSpec, its_name: str, connection: "McpConnection") -> None:
        self.spec = spec
        self.timeout_s = connection.timeout_s
        self._its_name = its_name
        self._connection = connection

    async def call(self, scope: OrgScope, arguments: Mapping[str, Any]) -> ToolOutcome:
        return await self._connection.call(self._its_name, arguments)


class McpConnection:
    """Begins a session when it is first needed, and another where the server has lost it."""

    def __init__(self, wire: McpWire, timeout_s: float) -> None:
        self._wire = wire
        self.timeout_s = timeout_s
        self._session: Session | None = None
        self._beginning = asyncio.Lock()

    async def list_tools(self) -> list[Message]:
        found: list[Message] = []
        cursor: Message = {}
        for _ in range(MOST_PAGES):
            page = await self._ask("tools/list", cursor)
            tools = page.get("tools")
            if not isinstance(tools, list):
                raise McpFailed("Its list of tools is none")
            listed = cast("list[Any]", tools)
            found += [cast("Message", tool) for tool in listed if isinstance(tool, dict)]
            if not page.get("nextCursor") or len(found) >= MOST_TOOLS:
                break
            cursor = {"cursor": page["nextCursor"]}
        return found[:MOST_TOOLS]

    async def call(self, name: str, arguments: Mapping[str, Any]) -> ToolOutcome:
        result = await self._ask("tools/call", {"name": name, "arguments": dict(arguments)})
        return ToolOutcome(_text_of(result), is_error=result.get("isError") is True)

    async def close(self) -> None:
        if self._session:
            await self._wire.end(self._session)

    async def _ask(self, method: str, params: Message) -> Message:
        session = await self._begun()
        try:
            return (await self._wire.ask(session, method, params)).result
        except SessionExpired:
            session = await self._begun(instead_of=session)
            return (await self._wire.ask(session, method, params)).result

    async def _begun(self, instead_of: Session | None = None) -> Session:
        """One for all who ask meanwhile."""
        async with self._beginning:
            if self._session is None or self._session is instead_of:
                self._session = await self._begin()
            return self._session

    async def _begin(self) -> Session:
        params = {
            "protocolVersion": PROTOCOL,
            "capabilities": {},
            "clientInfo": {"name": "Parley", "version": VERSION},
        }
        answered = await self._wire.ask(Session(), "initialize", params)
        protocol = answered.result.get("protocolVersion")
        if protocol not in SPOKEN:
            raise McpFailed(f"It speaks version {str(protocol)[:20]!r} of the protocol, not ours")
        session = Session(answered.session_id, protocol)
        await self._wire.tell(session, {"method": "notifications/initialized"})
        return session


@asynccontextmanager
async def connected(wire: McpWire, timeout_s: float) -> AsyncGenerator[McpConnection]:
    connection = McpConnection(wire, timeout_s)
    try:
        yield connection
    finally:
        await connection.close()


@dataclass(frozen=True, slots=True)
class Listing:
    """The tools of a server as it listed them, under our names and its own."""

    specs: tuple[tuple[ToolSpec, str], ...] = ()
    missing: tuple[ToolsMissing, ...] = ()

    def tools(self, connection: McpConnection) -> list[Tool]:
        return [McpTool(spec, its_name, connection) for spec, its_name in self.specs]


async def listing_of(server: str, connection: McpConnection, within_s: float = LIST_S) -> Listing:
    """Raises nothing: what cannot be had is missing."""
    try:
        async with asyncio.timeout(within_s):
            listed = await connection.list_tools()
    except TimeoutError:
        reason = f"no list of its tools came within {within_s:g} s"
        return Listing(missing=(ToolsMissing(server, reason),))
    except AppError as error:
        return Listing(missing=(ToolsMissing(server, error.message),))
    specs: dict[str, tuple[ToolSpec, str]] = {}
    missing: list[ToolsMissing] = []
    for each in listed:
        its_name = str(each.get("name", ""))
        try:
            spec = _spec(server, its_name, each)
        except SchemaInvalid as error:
            missing.append(ToolsMissing(f"{server}.{its_name[:LONGEST_NAME]}", error.message))
            continue
        specs.setdefault(spec.name, (spec, its_name))
    return Listing(tuple(specs.values()), tuple(missing))


def _spec(server: str, its_name: str, listed: Message) -> ToolSpec:
    schema: Any = listed.get("inputSchema")
    if not isinstance(schema, dict):
        raise SchemaInvalid("it has none")
    parameters = cast("dict[str, Any]", schema)
    Schema(parameters)
    name = f"{server}{JOINT}{_NOT_IN_NAMES.sub('_', its_name)}"[:LONGEST_NAME]
    description = cut(str(listed.get("description") or ""), LONGEST_DESCRIPTION)
    return ToolSpec(name, description, parameters)


def _text_of(result: Message) -> str:
    content: Any = result.get("content")
    blocks = cast("Sequence[Any]", content) if isinstance(content, list) else ()
    told = "\n".join(text for block in blocks for text in _texts(block))
    structured = result.get("structuredContent")
    if told or structured is None:
        return told or "(nothing)"
    return msgspec.json.encode(structured).decode()


def _texts(block: Any) -> Iterator[str]:
    """What a model can read of a block, and of others what they are."""
    match block:
        case {"type": "text", "text": str(text)}:
            yield text
        case {"type": "resource", "resource": {"text": str(text)}}:
            yield text
        case {"type": "resource_link", "uri": str(uri)}:
            yield f"({uri})"
        case {"type": str(kind)}:
            yield f"({kind[:50]})"
        case _:
            return
