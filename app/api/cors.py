"""Lets the pages of the front end, and no others, read answers from their own origin.

Only a request with an Origin passes here, so that the others pay nothing (docs/adr/0007).
"""

from app.api.asgi import AsgiApp, Header, Receive, Scope, Send, adding

_METHODS = b"GET, POST, PUT, PATCH, DELETE, OPTIONS"
_DEFAULT_HEADERS = b"authorization, content-type"
_EXPOSED = b"x-request-id, retry-after, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset"
_PREFLIGHT_AGE_S = b"600"


class Cors:
    def __init__(self, app: AsgiApp, origins: frozenset[bytes]) -> None:
        self._app = app
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        origin = headers[b"origin"]
        if origin not in self._origins:
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            asked = headers.get(b"access-control-request-headers", _DEFAULT_HEADERS)
            await _answer_preflight(send, origin, asked)
        else:
            exposed = (b"access-control-expose-headers", _EXPOSED)
            await self._app(scope, receive, adding([*_allow(origin), exposed], send))


async def _answer_preflight(send: Send, origin: bytes, asked: bytes) -> None:
    headers = [
        *_allow(origin),
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", asked),
        (b"access-control-max-age", _PREFLIGHT_AGE_S),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _allow(origin: bytes) -> tuple[Header, ...]:
    return (
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"origin"),
    )
