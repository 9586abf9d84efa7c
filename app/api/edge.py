"""What every request passes first: an id, security headers, a measurement. Knows no route."""

import re
import time
from typing import Any
from uuid import uuid4

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from app.api.family import FamilyMap
from app.core.logging import request_id_var
from app.core.metrics import Metrics

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}\Z")

_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_BARE_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_HTTPS_ONLY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")


class Edge:
    """The outermost ASGI application."""

    def __init__(self, app: ASGIApp, families: FamilyMap, metrics: Metrics) -> None:
        self._app = app
        self._families = families
        self._metrics = metrics
        self.open_websockets = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = _request_id(scope)
        token = request_id_var.set(request_id)
        started_s = time.monotonic()
        status = 500
        family = self._families.of(scope["path"]).name
        https = scope.get("scheme") == "https"

        async def send_stamped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _stamped(message["headers"], request_id, https=https)
            await send(message)

        try:
            await self._app(scope, receive, send_stamped)
        finally:
            request_id_var.reset(token)
            self._metrics.http_answered(
                family, _template(scope), status, duration_s=time.monotonic() - started_s
            )

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        token = request_id_var.set(_request_id(scope))
        self.open_websockets += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self.open_websockets -= 1
            request_id_var.reset(token)


def _request_id(scope: Scope) -> str:
    """The caller's own id where it is a harmless one, so that its logs and ours meet."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    request_id = given.decode() if _REQUEST_ID.match(given) else str(uuid4())
    scope.setdefault("state", {})["request_id"] = request_id
    return request_id


def _stamped(headers: Any, request_id: str, *, https: bool) -> list[tuple[bytes, bytes]]:
    stamped = [*headers, (b"x-request-id", request_id.encode()), *_ALWAYS]
    if not any(name == b"content-security-policy" for name, _ in headers):
        stamped.append(_BARE_POLICY)
    if https:
        stamped.append(_HTTPS_ONLY)
    return stamped


def _template(scope: Scope) -> str | None:
    return scope.get("path_template") if "route_handler" in scope else None
