"""Reads the URLs of requests and redirects, and refuses those that no address check could save."""

import re
from typing import NamedTuple

import httpx

from app.core.http.errors import OutboundBlocked

# No percent, so no scope id; no backslash, which some read as a slash.
HOST_FORM = re.compile(r"[0-9A-Za-z._:-]{1,253}")

# Those a browser refuses (the "bad ports" of the Fetch standard) and those of common data stores:
# a server there that is tricked into reading HTTP may take a line of it for a command.
# fmt: off
_NOT_HTTP_PORTS = frozenset({
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389,
    427, 445, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601,
    636, 989, 990, 993, 995, 1433, 1521, 1719, 1720, 1723, 2049, 3306, 3389, 3659, 4045, 4190,
    5060, 5061, 5432, 5672, 5900, 6000, 6379, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
    9042, 10080, 11211, 27017,
})
# fmt: on


class Origin(NamedTuple):
    scheme: str
    host: str
    port: int


def read_url(text: str, relative_to: httpx.URL | None = None) -> httpx.URL:
    """Parses `text`, which for a redirect may be relative, into a URL that can be requested."""
    try:
        url = httpx.URL(text) if relative_to is None else relative_to.join(text)
        host = url.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError):
        raise OutboundBlocked("", "the URL cannot be read") from None
    if url.scheme not in ("http", "https"):
        raise OutboundBlocked("", "only http and https URLs can be requested")
    if not HOST_FORM.fullmatch(host):
        raise OutboundBlocked("", "the URL names no valid host")
    if url.userinfo:
        raise OutboundBlocked(host, "the URL must not hold a user name or a password")
    if not is_port(url.port):
        raise OutboundBlocked(host, f"{url.port} is not a port")
    return url


def is_port(port: int | None) -> bool:
    """True also for the absent one, which is the scheme's own."""
    return port is None or 0 < port < 65536


def refuse_port(origin: Origin) -> None:
    if origin.port in _NOT_HTTP_PORTS:
        raise OutboundBlocked(origin.host, f"port {origin.port} belongs to another protocol")


def origin_of(url: httpx.URL) -> Origin:
    port = url.port or (443 if url.scheme == "https" else 80)
    return Origin(url.scheme, url.raw_host.decode("ascii"), port)
