"""JSON-RPC by POST, answered in JSON or as server-sent events."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from itertools import count
from typing import Any, cast

import msgspec

from app.core.errors import AppError, UpstreamFailed
from app.core.http import HostRule, OutboundClient, OutboundLimits, OutboundStream
from app.llm.sse import events
from app.llm.tools.secrets import Secrets
from app.llm.tools.templates import FilledRequest
from app.llm.tools.tool import cut

MOST_RESPONSE_BYTES = 512 * 1024
LONGEST_FAULT = 1000
CLOSE_S = 2.0
METHOD_NOT_FOUND = -32601

Message = dict[str, Any]


class McpFailed(UpstreamFailed):
    """The server does not speak as the protocol has it."""

    code = "mcp_failed"


class McpRefused(UpstreamFailed):
    """The server answered with an error."""

    code = "mcp_refused"


class SessionExpired(McpFailed):
    """The server has forgotten it: another one must be begun."""


@dataclass(frozen=True, slots=True)
class Session:
    """`id` is empty where the server keeps none."""

    id: str = ""
    protocol: str = ""

    @property
    def headers(self) -> Mapping[str, str]:
        named = {"mcp-session-id": self.id, "mcp-protocol-version": self.protocol}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Answered:
    """`session_id` is what the server calls a session that begins with this answer."""

    result: Message
    session_id: str


class McpWire:
    """`request` has the address and the headers of the server."""

    def __init__(
        self,
        request: FilledRequest,
        host: str,
        secrets: Secrets,
        outbound: OutboundClient,
        allowed: frozenset[HostRule],
        timeout_s: float,
    ) -> None:
        self._request = request
        self._host = host
        self._secrets = secrets
        self._outbound = outbound
        self._allowed = allowed
        self._timeout_s = timeout_s
        self._ids = count(1)

    async def ask(self, session: Session, method: str, params: Message) -> Answered:
        asked_id = next(self._ids)
        asked = {"jsonrpc": "2.0", "id": asked_id, "method": method, "params": params}
        async with aclosing(self._answers(session, asked)) as messages:
            async for session_id, message in messages:
                if "method" in message and "id" in message:
                    await self._answer(session, message)
                elif message.get("id") == asked_id and "method" not in message:
                    return Answered(self._result(message), session_id)
        raise McpFailed(f"{self._host}: its answer broke off")

    async def tell(self, session: Session, message: Message) -> None:
        async with aclosing(self._answers(session, {"jsonrpc": "2.0"} | message)) as messages:
            async for _ in messages:
                pass

    async def end(self, session: Session) -> None:
        """Whatever comes of it: a server may keep its sessions to itself."""
        if not session.id:
            return
        limits = OutboundLimits(total_s=CLOSE_S, max_redirects=0)
        headers = {**self._request.headers, **session.headers}
        try:
            await self._outbound.request(
                "DELETE", self._request.url, headers=headers, allowed=self._allowed, limits=limits
            )
        except AppError:
            return

    async def _answers(
        self, session: Session, message: Message
    ) -> AsyncGenerator[tuple[str, Message]]:
        try:
            async with self._outbound.stream(
                "POST",
                self._request.url,
                headers={
                    **self._request.headers,
                    **session.headers,
                    "content-type": "application/json",
                    "accept": "application/json, text/event-stream",
                },
                content=msgspec.json.encode(message),
                allowed=self._allowed,
                limits=self._limits(),
            ) as answer:
                self._refuse_status(session, answer.status)
                session_id = answer.headers.get("mcp-session-id", "")
                async for encoded in _encoded(answer):
                    for each in self._decoded(encoded):
                        yield session_id, each
        except AppError as error:
            error.message = self._secrets.redacted(error.message)
            raise

    def _limits(self) -> OutboundLimits:
        return OutboundLimits(
            read_s=self._timeout_s,
            total_s=self._timeout_s,
            max_response_bytes=MOST_RESPONSE_BYTES,
            max_redirects=0,
        )

    def _refuse_status(self, session: Session, status: int) -> None:
        if status == 404 and session.id:
            raise SessionExpired(f"{self._host}: it has forgotten the session")
        if not 200 <= status < 300:
            raise McpFailed(f"{self._host} answers {status}")

    def _decoded(self, encoded: bytes) -> list[Message]:
        """One, or several in an array as earlier versions may send."""
        try:
            said = msgspec.json.decode(encoded, type=Message | list[Message])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise McpFailed(f"{self._host}: its answer is no JSON-RPC message") from None
        said = self._secrets.redacted_json(said)
        return cast("list[Message]", said) if isinstance(said, list) else [said]

    def _result(self, message: Message) -> Message:
        if isinstance(message.get("result"), dict):
            return message["result"]
        match message:
            case {"error": {"message": str(fault)}}:
                raise McpRefused(f"{self._host}: {cut(fault, LONGEST_FAULT)}")
            case _:
                raise McpFailed(f"{self._host}: its answer has no result")

    async def _answer(self, session: Session, request: Message) -> None:
        """What the server asks of us: nothing but whether we are there."""
        if request["method"] == "ping":
            answer: Message = {"result": {}}
        else:
            answer = {"error": {"code": METHOD_NOT_FOUND, "message": "Method not found"}}
        await self.tell(session, {"id": request["id"], **answer})


async def _encoded(answer: OutboundStream) -> AsyncGenerator[bytes]:
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/event-stream":
        async with aclosing(events(answer.chunks())) as told:
            async for event in told:
                yield event.data.encode()
    elif body := await answer.read():
        yield body
