"""Opens connections, and only to addresses that were checked: a name is resolved once, every
address of it is checked, and one of those very addresses is dialled.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from typing import Any, Protocol

import httpcore
import httpx

from app.core.http.addresses import IPAddress
from app.core.http.errors import OutboundFailed

_RESOLVER_THREADS = 8
_MAX_ADDRESSES_TRIED = 4

Guard = Callable[[str, int, Sequence[IPAddress]], None]


class Resolver(Protocol):
    async def resolve(self, host: str) -> Sequence[IPAddress]:
        """The addresses of `host`, best first; raises OSError where there are none."""
        ...


class SystemResolver:
    """`getaddrinfo` in threads of its own: a stalling name server must not hold up other work."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_RESOLVER_THREADS, thread_name_prefix="resolve")

    async def resolve(self, host: str) -> Sequence[IPAddress]:
        look_up = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return [ip_address(sockaddr[0]) for *_, sockaddr in found]


def public_certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


@dataclass(frozen=True, slots=True)
class Network:
    """The world outside: how names are resolved, addresses dialled and certificates verified."""

    resolver: Resolver = field(default_factory=SystemResolver)
    dialler: httpcore.AsyncNetworkBackend = field(
        default_factory=httpcore.AnyIOBackend  # pyright: ignore[reportAssignmentType] - has a stand-in
    )
    certificates: ssl.SSLContext = field(default_factory=public_certificates)


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """What httpcore connects with. It still verifies TLS for the host name, not the address."""

    def __init__(self, network: Network, guard: Guard) -> None:
        self._network = network
        self._guard = guard

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        assert timeout is not None
        deadline = asyncio.get_running_loop().time() + timeout
        try:
            async with asyncio.timeout_at(deadline):
                addresses = await self._network.resolver.resolve(host)
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        except (OSError, UnicodeError):
            raise OutboundFailed(host, "its name cannot be resolved") from None
        if not addresses:
            raise OutboundFailed(host, "its name has no address")
        self._guard(host, port, addresses)
        return await self._dial(addresses[:_MAX_ADDRESSES_TRIED], port, deadline)

    async def _dial(
        self, addresses: Sequence[IPAddress], port: int, deadline: float
    ) -> httpcore.AsyncNetworkStream:
        failure: Exception | None = None
        for tried, address in enumerate(addresses):
            # An address that swallows packets must leave time for the next one.
            remaining_s = deadline - asyncio.get_running_loop().time()
            share_s = max(remaining_s, 0) / (len(addresses) - tried)
            try:
                return await self._network.dialler.connect_tcp(str(address), port, share_s)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
        assert failure is not None
        raise failure
