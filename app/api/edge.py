"""What every request passes first: an id, security headers, a measurement. Knows no route.

Every microsecond here is paid by every request: `parley bench floor` measures it.
"""

import os
import re
import time
from itertools import count

from app.api.asgi import AsgiApp, Message, Receive, Scope, Send
from app.api.family import FamilyMap
from app.core.logging import request_id_var
from app.core.metrics import Metrics
from app.core.presence import Presence
from app.core.tracing import Tracing

_HARMLESS = re.compile(rb"[A-Za-z0-9._-]{1,64}")

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_POLICY_HEADER = b"content-security-policy"
_API_POLICY = (_POLICY_HEADER, b"default-src 'none'; frame-ancestors 'none'")
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class Edge:
    """The outermost ASGI application."""

    def __init__(
        self,
        app: AsgiApp,
        families: FamilyMap,
        metrics: Metrics,
        tracing: Tracing,
        presence: Presence,
    ) -> None:
        self._app = app
        self._families = families
        self._metrics = metrics
        self._tracing = tracing
        self._presence = presence
        self._ids = _RequestIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = _given_id(scope) or self._ids.next()
        scope.setdefault("state", {})["request_id"] = request_id
        token = request_id_var.set(request_id)
        try:
            with self._tracing.span(scope["type"], request_id=request_id):
                if scope["type"] == "http":
                    await self._http(scope, receive, send, request_id)
                else:
                    await self._websocket(scope, receive, send)
        finally:
            request_id_var.reset(token)

    async def _http(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        started_s = time.perf_counter()
        path = scope["path"]  # the framework takes the prefix of a mount away
        status = 500

        async def send_stamped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _stamped(message["headers"], request_id, scope)
            await send(message)

        try:
            await self._app(scope, receive, send_stamped)
        finally:
            route = scope["path_template"] if "route_handler" in scope else None
            family = self._families.of_route(route) if route else self._families.of(path)
            self._metrics.http_answered(
                family.name, route, status, duration_s=time.perf_counter() - started_s
            )

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._presence.websockets += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._presence.websockets -= 1


class _RequestIds:
    """UUIDs that tell the process and the request apart; nothing may depend on their secrecy."""

    def __init__(self) -> None:
        start = os.urandom(10).hex()
        self._prefix = f"{start[:8]}-{start[8:12]}-4{start[12:15]}-a{start[15:18]}-"
        self._numbers = count()

    def next(self) -> str:
        return f"{self._prefix}{next(self._numbers):012x}"


def _given_id(scope: Scope) -> str | None:
    """The caller's own id where it is a harmless one, so that its logs and ours meet."""
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _HARMLESS.fullmatch(value):
            return value.decode()
    return None


def _stamped(
    headers: list[tuple[bytes, bytes]], request_id: str, scope: Scope
) -> list[tuple[bytes, bytes]]:
    stamped = [*headers, (b"x-request-id", request_id.encode()), *_ALWAYS]
    for name, _ in headers:
        if name == _POLICY_HEADER:
            break
    else:
        stamped.append(_API_POLICY)
    if scope["scheme"] == "https":
        stamped.append(_HTTPS_ONLY)
    return stamped
