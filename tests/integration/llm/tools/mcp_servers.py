"""Servers of tools on loopback: the official one, and one that follows a script."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.types import ImageContent, TextContent

from app.core.aio import TaskScope

KEY = "k3y-of-this-test-9b1f"


def official() -> MCPServer:
    server = MCPServer("crm")

    @server.tool(description="Adds two numbers.")
    def add(left: int, right: int) -> int:
        return left + right

    @server.tool(name="notes.find")
    async def find_notes(words: str, context: Context) -> str:
        await context.report_progress(1, 2)
        return f"3 notes with {words!r}"

    @server.tool()
    def fail() -> str:
        raise ValueError("the CRM is closed")

    @server.tool(structured_output=False)
    def show() -> list[Any]:
        image = ImageContent(type="image", data="AAAA", mime_type="image/png")
        return [TextContent(type="text", text="A picture:"), image]

    @server.tool()
    async def sleep() -> str:
        await asyncio.sleep(60)
        return "rested"

    return server


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.is_up.set()


@asynccontextmanager
async def serving(app: Any) -> AsyncGenerator[str]:
    """An ASGI app, by the address of its root."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="on")
    server = _Server(config)
    async with TaskScope() as tasks:
        running = tasks.spawn("server", server.serve())
        await server.is_up.wait()
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = server.force_exit = True
            await asyncio.wait([running])


Answer = Callable[[dict[str, Any]], Any]


class Scripted:
    """An ASGI app that answers each method of JSON-RPC as it is told, and notes what it is sent."""

    def __init__(self, **answers: Answer) -> None:
        self._answers: dict[str, Answer] = {
            "initialize": lambda _: {"protocolVersion": "2025-06-18"},
            "tools_list": lambda _: {"tools": []},
            **answers,
        }
        self.heard: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.ended = 0
        self.session = 0
        self.status: dict[str, int] = {}
        self.before: list[dict[str, Any]] = []
        """Messages that the server sends ahead of its answer, as events."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{kind}.complete"})
            return
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        headers = {key.decode(): value.decode() for key, value in scope["headers"]}
        self.headers.append(headers)
        if scope["method"] == "DELETE":
            self.ended += 1
            await self._reply(send, 200, {})
            return
        await self._hear(json.loads(body), headers, send)

    async def _hear(self, message: dict[str, Any], headers: dict[str, str], send: Any) -> None:
        self.heard.append(message)
        method = message.get("method", "")
        if status := self.status.get(method):
            await self._reply(send, status, {"error": "no"})
        elif "id" not in message or "method" not in message:
            await self._reply(send, 202, None)
        elif method != "initialize" and headers.get("mcp-session-id") != f"session-{self.session}":
            await self._reply(send, 404, {"error": "Session not found"})
        else:
            if method == "initialize":
                self.session += 1
            result = self._answers[method.replace("/", "_")](message.get("params", {}))
            await self._reply(send, 200, _answered(message["id"], result), own=method)

    async def _reply(self, send: Any, status: int, message: Any, own: str = "") -> None:
        body = b"" if message is None else json.dumps(message).encode()
        kind = b"application/json"
        if self.before and own not in ("", "initialize"):
            kind = b"text/event-stream"
            body = b"".join(
                b"id: 1\r\nevent: message\r\ndata: " + json.dumps(each).encode() + b"\r\n\r\n"
                for each in (*self.before, message)
            )
        head = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
        if own == "initialize":
            head.append((b"mcp-session-id", f"session-{self.session}".encode()))
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": body})


def _answered(message_id: Any, result: Any) -> Any:
    if isinstance(result, dict) and "raw" in result:
        return cast("dict[str, Any]", result)["raw"]
    if isinstance(result, dict) and "error" in result:
        return {"jsonrpc": "2.0", "id": message_id, **result}
    return {"jsonrpc": "2.0", "id": message_id, "result": result}
