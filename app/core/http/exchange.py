"""One request and the redirects that follow from it: what is sent to which origin, and how a
failure of the wire reads to a user.
"""

import re
import ssl
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

import httpcore
import httpx

from app.core.http.body import ACCEPT_ENCODING
from app.core.http.errors import OutboundBlocked, OutboundFailed, OutboundTimedOut
from app.core.http.limits import OutboundLimits
from app.core.http.urls import Origin, origin_of, read_url

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

# Set here or by httpcore; two framings of one message are how requests are smuggled.
_RESERVED_HEADERS = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "keep-alive"}
    | {"proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
# Any other header may be a credential under a vendor's own name, and stays with its origin.
_HEADERS_FOR_ANY_ORIGIN = frozenset({"accept", "accept-language", "content-type", "user-agent"})

_NAME = re.compile(r"[0-9A-Za-z!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"([!-~]([ \t!-~]*[!-~])?)?")


@dataclass(frozen=True, slots=True)
class Exchange:
    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    content: bytes

    @classmethod
    def begin(cls, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Self:
        read = read_url(url)
        host = origin_of(read).host
        if method not in _METHODS:
            raise OutboundBlocked(host, "the method of the request is not supported")
        lowered = {name.lower(): value for name, value in headers.items()}
        if reserved := sorted(_RESERVED_HEADERS & lowered.keys()):
            raise OutboundBlocked(host, f"the header {reserved[0]} cannot be set by hand")
        # Left to httpcore, a bad header would be quoted in its log.
        if not all(_NAME.fullmatch(k) and _VALUE.fullmatch(v) for k, v in lowered.items()):
            raise OutboundBlocked(host, "a header holds characters that HTTP does not permit")
        return cls(method, read, lowered, content)

    @property
    def origin(self) -> Origin:
        return origin_of(self.url)

    def redirected(self, status: int, location: str) -> "Exchange":
        url = read_url(location, relative_to=self.url)
        origin = origin_of(url)
        if self.url.scheme == "https" and url.scheme == "http":
            raise OutboundBlocked(origin.host, "a redirect leads from https to plain http")
        headers, method, content = self.headers, self.method, self.content
        if origin != self.origin:
            headers = {k: v for k, v in headers.items() if k in _HEADERS_FOR_ANY_ORIGIN}
        if status in (301, 302, 303) and method != "HEAD":
            method, content = "GET", b""
            headers = {k: v for k, v in headers.items() if k != "content-type"}
        return Exchange(method, url, headers, content)

    def as_request(self, limits: OutboundLimits) -> httpcore.Request:
        headers = {
            "host": self.url.netloc.decode("ascii"),
            "accept": "*/*",
            "accept-encoding": ACCEPT_ENCODING,
            "user-agent": "Parley",
            **self.headers,
        }
        if self.content or self.method in ("POST", "PUT", "PATCH"):
            headers["content-length"] = str(len(self.content))
        origin = self.origin
        return httpcore.Request(
            self.method,
            httpcore.URL(
                scheme=origin.scheme,
                host=origin.host,
                port=origin.port,
                target=self.url.raw_path,
            ),
            headers=list(headers.items()),
            content=self.content,
            extensions={
                "timeout": {
                    "connect": limits.connect_s,
                    "pool": limits.connect_s,
                    "read": limits.read_s,
                    "write": limits.read_s,
                }
            },
        )


def redirect_target(response: httpcore.Response) -> str | None:
    if response.status not in _REDIRECTS:
        return None
    return httpx.Headers(response.headers).get("location")


@contextmanager
def failures_told(host: str) -> Generator[None]:
    """Turns what the wire raises into what a user may read."""
    try:
        yield
    except (TimeoutError, httpcore.TimeoutException):
        raise OutboundTimedOut(host) from None
    except httpcore.ProtocolError as exc:
        raise OutboundFailed(host, "its answer broke off, or is not HTTP") from exc
    except httpcore.ConnectError as exc:
        raise OutboundFailed(host, _why_not_connected(exc)) from exc
    except (httpcore.NetworkError, OSError) as exc:
        raise OutboundFailed(host, "the connection broke") from exc


def _why_not_connected(failure: httpcore.ConnectError) -> str:
    match failure.args:  # httpcore keeps what it caught here, and drops the cause
        case (ssl.SSLCertVerificationError() as exc, *_):
            return f"its TLS certificate is not trusted: {exc.verify_message}"
        case (ssl.SSLError(), *_):
            return "no TLS connection could be agreed on"
        case _:
            return "it accepts no connection"
