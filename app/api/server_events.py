"""Server-sent events: each sent when it is there, and a comment where none comes for a while, so
that nobody on the way takes the connection for dead."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.response.base import ASGIResponse

from app.api.asgi import Header, Receive, Scope, Send
from app.api.described import answering
from app.api.leaving import ClientLeft, while_there
from app.api.tellable import tellable
from app.core.aio import TaskScope
from app.core.errors import AppError

AnyRequest = Request[Any, Any, Any]
Event = dict[str, Any]
ErrorEvent = Callable[[AppError], Event]

KEEP_ALIVE_S = 15.0
_UNAVAILABLE = "Not available now; try again later"
MEDIA_TYPE = "text/event-stream"
_DATA = {"type": "string", "contentMediaType": "application/json"}
_EVENT = {"type": "object", "properties": {"data": _DATA}, "required": ["data"]}
EVENTS = answering({MEDIA_TYPE: {"schema": _EVENT}})
_HEADERS: list[Header] = [
    (b"content-type", MEDIA_TYPE.encode()),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]


class ServerEvents(Response[None]):
    """What goes wrong before the first event is an answer like any other; after it, it is the last
    event. The events are closed when the client leaves."""

    def __init__(
        self, request: AnyRequest, events: AsyncGenerator[Event, None], error_event: ErrorEvent
    ) -> None:
        super().__init__(None)
        self._request = request
        self._events = events
        self._error_event = error_event

    def to_asgi_response(self, *_: object, **__: object) -> ASGIResponse:
        return _ServerEvents(self._request, self._events, self._error_event)


class _ServerEvents(ASGIResponse):
    def __init__(
        self, request: AnyRequest, events: AsyncGenerator[Event, None], error_event: ErrorEvent
    ) -> None:
        super().__init__()
        self._request = request
        self._events = events
        self._error_event = error_event

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        del scope, receive
        with suppress(ClientLeft):
            await while_there(self._request, self._send_all(_Line(send)))

    async def _send_all(self, line: "_Line") -> None:
        try:
            async with TaskScope() as scope:
                keeping = scope.spawn("keep an event stream alive", line.keep_alive())
                async with aclosing(self._events):
                    async for event in self._events:
                        await line.send(_encoded(event))
                keeping.cancel()
        except Exception as error:
            if not line.has_begun:
                raise
            told = tellable(error, unavailable=_UNAVAILABLE, also=(AppError,))
            await line.send(_encoded(self._error_event(told)))
        await line.send(b"", is_last=True)


class _Line:
    """What goes to the client; the head goes with the first of it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._sending = asyncio.Lock()
        self._sent = asyncio.Event()
        self.has_begun = False

    async def send(self, data: bytes, *, is_last: bool = False) -> None:
        async with self._sending:
            if not self.has_begun:
                self.has_begun = True
                head = {"type": "http.response.start", "status": 200, "headers": [*_HEADERS]}
                await self._send(head)
            await self._send({"type": "http.response.body", "body": data, "more_body": not is_last})
        self._sent.set()

    async def keep_alive(self) -> None:
        while True:
            self._sent.clear()
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    await self._sent.wait()
            except TimeoutError:
                await self.send(b": keep-alive\n\n")


def _encoded(event: Event) -> bytes:
    return b"data: " + msgspec.json.encode(event) + b"\n\n"
