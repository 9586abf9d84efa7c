"""Cross-site request forgery: a cookie proves who asks only where a page of ours asked.

Every browser says where an unsafe request comes from; who says nothing is no browser.
"""

from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection

from app.core.errors import NotPermitted

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME = frozenset({"same-origin", "none"})


class CrossOriginRefused(NotPermitted):
    pass


def refuse_cross_origin(connection: ASGIConnection[Any, Any, Any, Any], frontends: str) -> None:
    """WebSockets are always asked: their answers can be read across origins."""
    if isinstance(connection, Request) and connection.method in _SAFE:
        return
    headers = connection.headers
    origin = headers.get("origin")
    if origin is not None:
        trusted = {each.strip().rstrip("/") for each in frontends.split(",")}
        if origin in trusted or urlsplit(origin).netloc == headers.get("host"):
            return
    elif headers.get("sec-fetch-site", "none") in _SAME:
        return
    raise CrossOriginRefused("This origin may not use the session of a signed-in user")
