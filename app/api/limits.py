"""Holds a family to the rate that its document promises, before anything else is done for it."""

import hashlib
import time
from typing import Literal

import msgspec

from app.api.asgi import AsgiApp, Header, Receive, Scope, Send, adding
from app.api.family import Family, FamilyMap, Rate
from app.core.errors import RateLimited
from app.core.limits import Limit, Limiter, Taken


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
        else:
            await self._within(family, family.rate, scope, receive, send)

    async def _within(
        self, family: Family, rate: Rate, scope: Scope, receive: Receive, send: Send
    ) -> None:
        taken = await self._limiter.take(f"{family.name}:{_who(scope, rate.by)}", rate.limit)
        if rate.shows_headers:
            send = adding(_headers(rate.limit, taken), send)
        if taken.allowed:
            await self._app(scope, receive, send)
            return
        error = RateLimited(f"Rate limit exceeded: {rate.limit}")
        body = msgspec.json.encode(family.error_body(error, scope["state"]["request_id"]))
        await _refuse(send, error.status, body, taken)


def _who(scope: Scope, by: Literal["address", "token"]) -> str:
    if by == "token":
        for name, value in scope["headers"]:
            if name == b"authorization":
                return hashlib.sha256(value).hexdigest()
    client = scope.get("client")
    return client[0] if client else ""


def _headers(limit: Limit, taken: Taken) -> list[Header]:
    return [
        (b"x-ratelimit-limit", str(limit.count).encode()),
        (b"x-ratelimit-remaining", str(taken.remaining).encode()),
        (b"x-ratelimit-reset", str(taken.reset_at).encode()),
    ]


async def _refuse(send: Send, status: int, body: bytes, taken: Taken) -> None:
    wait_s = max(1, taken.reset_at - int(time.time()))
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(wait_s).encode()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
