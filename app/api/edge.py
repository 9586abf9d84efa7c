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
from app.runtime import Runtime

_HARMLESS = re.compile(rb"[A-Za-z0-9._-]{1,64}")

# An API answer says no more than it must: the server writes every header of every answer.
_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_POLICY_HEADER = b"content-security-policy"
_FOR_API = (
    _NO_SNIFFING,
    (_POLICY_HEADER, b"default-src 'none'; frame-ancestors 'none'"),
)
_FOR_PAGES = (
    _NO_SNIFFING,
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class Edge:
    """The outermost ASGI application."""

    def __init__(self, app: AsgiApp, cors: AsgiApp, families: FamilyMap, runtime: Runtime) -> None:
        self._app = app
        self._cors = cors
        self._families = families
        self._runtime = runtime
        self._ids = _RequestIds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app, request_id = self._app, ""
        for name, value in scope["headers"]:
            if name == b"origin":
                app = self._cors
            elif name == b"x-request-id" and _HARMLESS.fullmatch(value):
                request_id = value.decode()  # the caller's own, so that its logs and ours meet
        request_id = request_id or self._ids.next()
        scope.setdefault("state", {})["request_id"] = request_id
        token = request_id_var.set(request_id)
        try:
            with self._runtime.tracing.span(scope["type"], request_id=request_id):
                if scope["type"] == "http":
                    await self._http(app, scope, receive, send)
                else:
                    await self._websocket(scope, receive, send)
        finally:
            request_id_var.reset(token)

    async def _http(self, app: AsgiApp, scope: Scope, receive: Receive, send: Send) -> None:
        started_s = time.perf_counter()
        path = scope["path"]  # the framework takes the prefix of a mount away
        status = 500

        async def send_stamped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _stamp(message, scope)
            await send(message)

        try:
            await app(scope, receive, send_stamped)
        finally:
            route = scope["path_template"] if "route_handler" in scope else None
            family = self._families.of_route(route) if route else self._families.of(path)
            self._runtime.metrics.http_answered(
                family.name, route, status, duration_s=time.perf_counter() - started_s
            )

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        websockets = self._runtime.metrics.websockets
        websockets.inc()
        try:
            await self._app(scope, receive, send)
        finally:
            websockets.dec()


class _RequestIds:
    """UUIDs that tell the process and the request apart; nothing may depend on their secrecy."""

    def __init__(self) -> None:
        start = os.urandom(10).hex()
        self._prefix = f"{start[:8]}-{start[8:12]}-4{start[12:15]}-a{start[15:18]}-"
        self._numbers = count()

    def next(self) -> str:
        return f"{self._prefix}{next(self._numbers):012x}"


def _stamp(message: Message, scope: Scope) -> None:
    """A page brings the policy that says what it may load; everything else may load nothing."""
    given = message["headers"]
    headers = [*given, (b"x-request-id", scope["state"]["request_id"].encode())]
    for name, _ in given:
        if name == _POLICY_HEADER:
            headers += _FOR_PAGES
            break
    else:
        headers += _FOR_API
    if scope["scheme"] == "https":
        headers.append(_HTTPS_ONLY)
    message["headers"] = headers
