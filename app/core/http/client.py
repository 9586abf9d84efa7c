"""The outbound client. It knows no organization: the caller hands in what that one may reach."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpcore
import httpx

from app.core.http.body import BodyDecoder
from app.core.http.errors import OutboundBlocked, OutboundFailed
from app.core.http.exchange import Exchange, failures_told, redirect_target
from app.core.http.limits import OutboundLimits
from app.core.http.network import Guard, GuardedBackend, Network
from app.core.http.pools import ConnectionPools, Rules
from app.core.http.rules import AddressGuard
from app.core.http.urls import origin_of, read_url, refuse_port

_MAX_CONNECTIONS = 500
_MAX_IDLE_CONNECTIONS = 50
_IDLE_CONNECTION_S = 30.0

_NO_RULES: Rules = frozenset()
_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class OutboundResponse:
    status: int
    headers: httpx.Headers
    body: bytes


class OutboundStream:
    """An answer whose head has come. Its body is read once, while the request's context is open."""

    def __init__(
        self, response: httpcore.Response, host: str, limits: OutboundLimits, deadline: float
    ) -> None:
        self.status = response.status
        self.headers = httpx.Headers(response.headers)
        self._host = host
        self._deadline = deadline
        coding = self.headers.get("content-encoding", "")
        self._decoder = BodyDecoder(host, coding, limits.max_response_bytes)
        self._received = response.aiter_stream()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The decoded body as it comes in, in pieces of no particular size."""
        with failures_told(self._host):
            while True:
                async with asyncio.timeout_at(self._deadline):
                    data = await anext(self._received, None)
                if data is None:
                    break
                for piece in self._decoder.pieces(data):
                    if piece:
                        yield piece
                    await asyncio.sleep(0)  # what inflates a thousandfold must not hold the loop
            self._decoder.finish()

    async def read(self) -> bytes:
        body = bytearray()
        async for chunk in self.chunks():
            body += chunk
        return bytes(body)


class OutboundClient:
    """Reaches the public internet, and of the private network what `allowed` names.

    With `trusted_base_urls` it is the client for the operator's own endpoints instead: it reaches
    the origins of these URLs wherever they are, and nothing else. Never give it a user's URL.
    """

    def __init__(
        self,
        *,
        forbid_in_transaction: Callable[[], None],
        limits: OutboundLimits | None = None,
        loopback_can_be_allowed: bool = False,
        trusted_base_urls: frozenset[str] | None = None,
        network: Network | None = None,
    ) -> None:
        self._forbid_in_transaction = forbid_in_transaction
        self._limits = limits or OutboundLimits()
        self._loopback_can_be_allowed = loopback_can_be_allowed
        self._trusted_origins = (
            None
            if trusted_base_urls is None
            else frozenset(origin_of(read_url(url)) for url in trusted_base_urls)
        )
        self._network = network or Network()
        self._pools = ConnectionPools(self._open_pool)

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        content: bytes = b"",
        allowed: Rules = _NO_RULES,
        limits: OutboundLimits | None = None,
    ) -> OutboundResponse:
        """Any status is an answer; only the want of one raises."""
        async with self.stream(
            method, url, headers=headers, content=content, allowed=allowed, limits=limits
        ) as answer:
            body = await answer.read()
        return OutboundResponse(answer.status, answer.headers, body)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        content: bytes = b"",
        allowed: Rules = _NO_RULES,
        limits: OutboundLimits | None = None,
    ) -> AsyncGenerator[OutboundStream]:
        self._forbid_in_transaction()
        limits = limits or self._limits
        deadline = asyncio.get_running_loop().time() + limits.total_s
        exchange = Exchange.begin(method, url, headers, content)
        async with self._pools.lease(allowed) as pool:
            for _ in range(limits.max_redirects + 1):
                response = await self._send(pool, exchange, limits, deadline)
                try:
                    location = redirect_target(response)
                    if location is None:
                        yield OutboundStream(response, exchange.origin.host, limits, deadline)
                        return
                finally:
                    await response.aclose()
                exchange = exchange.redirected(response.status, location)
            raise OutboundFailed(
                exchange.origin.host, f"it redirects more than {limits.max_redirects} times"
            )

    async def _send(
        self,
        pool: httpcore.AsyncConnectionPool,
        exchange: Exchange,
        limits: OutboundLimits,
        deadline: float,
    ) -> httpcore.Response:
        host = exchange.origin.host
        self._refuse_origin(exchange)
        with failures_told(host):
            async with asyncio.timeout_at(deadline):
                response = await pool.handle_async_request(exchange.as_request(limits))
        if response.status < 200:
            await response.aclose()
            raise OutboundFailed(host, "it switches to another protocol")
        return response

    def _refuse_origin(self, exchange: Exchange) -> None:
        if self._trusted_origins is None:
            refuse_port(exchange.origin)
        elif exchange.origin not in self._trusted_origins:
            raise OutboundBlocked(exchange.origin.host, "it is no endpoint of the operator")

    def _open_pool(self, allowed: Rules) -> httpcore.AsyncConnectionPool:
        guard: Guard = AddressGuard(allowed, self._loopback_can_be_allowed)
        if self._trusted_origins is not None:
            guard = _admit_all
        return httpcore.AsyncConnectionPool(
            ssl_context=self._network.certificates,
            max_connections=_MAX_CONNECTIONS,
            max_keepalive_connections=_MAX_IDLE_CONNECTIONS,
            keepalive_expiry=_IDLE_CONNECTION_S,
            network_backend=GuardedBackend(self._network, guard),
        )

    async def aclose(self) -> None:
        await self._pools.aclose()


def _admit_all(*_: object) -> None:
    """The guard of the operator's own endpoints."""
