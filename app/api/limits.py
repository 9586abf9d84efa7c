"""Holds a family to the rates that its document promises, before anything else is done for it."""

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from app.api.asgi import AsgiApp, Header, Receive, Scope, Send, adding
from app.api.family import Family, FamilyMap, Rate, RouteRate
from app.core.errors import RateLimited
from app.core.limits import Limit, Limiter, Taken, site_of

_SLASHES = re.compile("//+")


class RateLimits:
    def __init__(self, app: AsgiApp, families: FamilyMap, limiter: Limiter) -> None:
        self._app = app
        self._families = families
        self._limiter = limiter
        limited = [family for family in families.families if family.rate or family.route_rates]
        self._prefixes = tuple(prefix for family in limited for prefix in family.prefixes)
        self._routes = {family.name: _Routes(family.route_rates) for family in limited}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = _as_routed(scope["path"])
        if not path.startswith(self._prefixes):
            await self._app(scope, receive, send)
            return
        family = self._families.of(path)
        for key, rate in self._rates(family, scope, path):
            taken = await self._limiter.take(key, rate.limit)
            if rate.shows_headers:
                send = adding(_headers(rate.limit, taken), send)
            if not taken.allowed:
                await _refuse(family, rate.limit, taken, scope, send)
                return
        await self._app(scope, receive, send)

    def _rates(self, family: Family, scope: Scope, path: str) -> Iterator[tuple[str, Rate]]:
        """That of the family first; each with the key that it is counted by."""
        if family.rate:
            yield f"{family.name}:{_who(scope, family.rate.by)}", family.rate
        if family.route_rates and scope["type"] == "http":
            for route in self._routes[family.name].matching(scope["method"], path):
                key = f"{route.method} {route.template}:{_who(scope, 'address')}"
                yield key, Rate(route.limit, by="address")


class _Routes:
    """Finds the rates of a request as the router would find its route."""

    def __init__(self, rates: Sequence[RouteRate]) -> None:
        self._rates = [(rate, rate.template.split("/")) for rate in rates]

    def matching(self, method: str, path: str) -> Iterator[RouteRate]:
        parts = path.split("/")
        for rate, template in self._rates:
            if rate.method == method and _match(template, parts):
                yield rate


def _match(template: list[str], parts: list[str]) -> bool:
    return len(template) == len(parts) and all(
        wanted == part or wanted.startswith("{")
        for wanted, part in zip(template, parts, strict=True)
    )


def _as_routed(path: str) -> str:
    """As the framework reads it: `//a/b/` is `/a/b` there, and must not escape its rate here."""
    if "//" in path or path[-1:] == "/" or path[:1] != "/":
        return "/" + _SLASHES.sub("/", path.strip("/"))
    return path


def _who(scope: Scope, by: Literal["address", "token"]) -> str:
    if by == "token":
        for name, value in scope["headers"]:
            if name == b"authorization":
                return hashlib.sha256(value).hexdigest()
    client = scope.get("client")
    return site_of(client[0]) if client else ""


def _headers(limit: Limit, taken: Taken) -> list[Header]:
    return [
        (b"x-ratelimit-limit", str(limit.count).encode()),
        (b"x-ratelimit-remaining", str(taken.remaining).encode()),
        (b"x-ratelimit-reset", str(taken.reset_at).encode()),
    ]


async def _refuse(family: Family, limit: Limit, taken: Taken, scope: Scope, send: Send) -> None:
    error = RateLimited(f"Rate limit exceeded: {limit}")
    body = msgspec.json.encode(family.error_body(error, scope["state"]["request_id"]))
    wait_s = max(1, taken.reset_at - int(time.time()))
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(wait_s).encode()),
    ]
    answer = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    await send({"type": f"{answer}.start", "status": error.status, "headers": headers})
    await send({"type": f"{answer}.body", "body": body})
