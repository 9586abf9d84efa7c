"""Holds a family to the rate that its document promises, before anything else is done for it."""

import hashlib
import time
from collections.abc import Sequence
from typing import Literal

import msgspec

from app.api.asgi import AsgiApp, Message, Receive, Scope, Send
from app.api.family import Family, FamilyMap
from app.core.errors import RateLimited
from app.core.limits import Limiter, Taken

Header = tuple[bytes, bytes]


class RateLimits:
    def __init__(self, app: AsgiApp, families: FamilyMap, limiter: Limiter) -> None:
        self._app = app
        self._families = families
        self._limiter = limiter
        limited = [family for family in families.families if family.rate]
        self._prefixes = tuple(prefix for family in limited for prefix in family.prefixes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(self._prefixes):
            await self._app(scope, receive, send)
            return
        family = self._families.of(scope["path"])
        if family.rate is None:
            await self._app(scope, receive, send)
            return
        rate = family.rate
        key = f"{family.name}:{_who(scope, rate.by)}"
        taken = await self._limiter.take(key, rate.limit)
        headers = _headers(family, taken) if rate.shows_headers else []
        if taken.allowed:
            await self._app(scope, receive, _adding(headers, send) if headers else send)
        else:
            await _refuse(scope, send, family, taken, headers)


def _who(scope: Scope, by: Literal["address", "token"]) -> str:
    if by == "token":
        for name, value in scope["headers"]:
            if name == b"authorization":
                return hashlib.sha256(value).hexdigest()
    client = scope.get("client")
    return client[0] if client else ""


def _headers(family: Family, taken: Taken) -> list[Header]:
    assert family.rate is not None
    return [
        (b"x-ratelimit-limit", str(family.rate.limit.count).encode()),
        (b"x-ratelimit-remaining", str(taken.remaining).encode()),
        (b"x-ratelimit-reset", str(taken.reset_at).encode()),
    ]


def _adding(headers: Sequence[Header], send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *headers]
        await send(message)

    return send_with_headers


async def _refuse(
    scope: Scope, send: Send, family: Family, taken: Taken, headers: Sequence[Header]
) -> None:
    assert family.rate is not None
    error = RateLimited(f"Rate limit exceeded: {family.rate.limit}")
    body = msgspec.json.encode(family.error_body(error, scope["state"]["request_id"]))
    wait_s = max(1, taken.reset_at - int(time.time()))
    given = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(wait_s).encode()),
        *headers,
    ]
    await send({"type": "http.response.start", "status": error.status, "headers": given})
    await send({"type": "http.response.body", "body": body})
