"""Cross-site request forgery: a cookie proves who asks only where a page of ours asked.

Every browser says where an unsafe request comes from; who says nothing is no browser.
"""

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection

from app.core.errors import NotPermitted

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME = frozenset({"same-origin", "none"})
_UNPROTECTED = frozenset({"http", "ws"})


class CrossOriginRefused(NotPermitted):
    pass


def refuse_cross_origin(connection: ASGIConnection[Any, Any, Any, Any], frontends: str) -> None:
    """WebSockets are always asked: their answers can be read across origins."""
    if isinstance(connection, Request) and connection.method in _SAFE:
        return
    origins = connection.headers.getall("origin", [])
    if not origins:
        if connection.headers.get("sec-fetch-site", "none") in _SAME:
            return
    elif set(origins) <= _origins_of_front_ends(frontends) | _own_origins(connection):
        return
    raise CrossOriginRefused("This origin may not use the session of a signed-in user")


def _origins_of_front_ends(frontends: str) -> set[str]:
    return {each.strip().rstrip("/") for each in frontends.split(",")} - {""}


def _own_origins(connection: ASGIConnection[Any, Any, Any, Any]) -> set[str]:
    """Compared as a whole and never taken apart. A proxy that is not trusted may have taken TLS
    off; a page that came without TLS never speaks for one that came with it."""
    host = connection.headers.get("host", "").lower()
    if not host:
        return set()
    schemes = ["https", *["http"] * (connection.scope["scheme"] in _UNPROTECTED)]
    return {f"{scheme}://{host}" for scheme in schemes}
