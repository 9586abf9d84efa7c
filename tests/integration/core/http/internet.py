"""A made-up internet for the outbound client: real servers over real sockets on loopback, behind
names and addresses of the test's choosing. The client under test has its own guard, unchanged: only
what lies beyond it, the name server and the routes, is made up.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Self

import httpcore

from app.core.http import Network, OutboundClient
from app.core.http.addresses import IPAddress

Reply = bytes | Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Seen:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Site:
    """Answers each path with the bytes, or the behaviour, that the test scripted for it."""

    replies: dict[str, Reply] = field(default_factory=dict)
    requests: list[Seen] = field(default_factory=list)
    server_names: list[str | None] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    async def start(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Self:
        if tls is not None:
            tls.sni_callback = lambda _socket, name, _context: self.server_names.append(name)
        self._serving: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}
        self._server = await asyncio.start_server(self._serve, host, 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        self._server.close()
        for writer in self._serving.values():
            writer.transport.abort()
        await asyncio.gather(*filter(None, self._serving), return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._serving[asyncio.current_task()] = writer
        try:
            while True:
                seen = await self._read(reader)
                self.requests.append(seen)
                reply = self.replies[seen.target.partition("?")[0]]
                if not isinstance(reply, bytes):
                    await reply(reader, writer)
                    return
                writer.write(reply)
                await writer.drain()
                if b"connection: close" in reply:
                    return
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            return
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Seen:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        method, target, _ = first.split(" ")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        return Seen(method, target, headers, body)


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    fields = {"content-length": str(len(body))} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def redirect(location: str, status: int = 302) -> bytes:
    return answer(status=f"{status} Moved", location=location)


class Internet(httpcore.AsyncNetworkBackend):
    """`names` gives the successive answers of the name server, the last one for ever; `routes` the
    site behind an address and port.
    """

    def __init__(self) -> None:
        self.names: dict[str, list[Sequence[str]]] = {}
        self.routes: dict[tuple[str, int], Site] = {}
        self.black_holes: set[str] = set()
        self.resolved: list[str] = []
        self.dialled: list[str] = []
        self.certificates = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._clients: list[OutboundClient] = []

    def place(self, site: Site, name: str, address: str, port: int) -> None:
        self.names[name] = [[address]]
        self.routes[address, port] = site

    def client(self, **options: Any) -> OutboundClient:
        network = Network(self, self, self.certificates)
        options = {"forbid_in_transaction": lambda: None, "network": network} | options
        client = OutboundClient(**options)
        self._clients.append(client)
        return client

    async def aclose(self) -> None:
        for client in self._clients:
            await client.aclose()

    async def resolve(self, host: str) -> Sequence[IPAddress]:
        self.resolved.append(host)
        if host in self.black_holes:
            await asyncio.Event().wait()
        if host in self.names:
            answers = self.names[host]
            return [ip_address(a) for a in (answers.pop(0) if len(answers) > 1 else answers[0])]
        try:
            return [ip_address(host)]
        except ValueError:
            raise OSError("no such name") from None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's interface
        *_: Any,
        **__: Any,
    ) -> httpcore.AsyncNetworkStream:
        self.dialled.append(host)
        if host in self.black_holes:
            try:
                async with asyncio.timeout(timeout):
                    await asyncio.Event().wait()
            except TimeoutError:
                raise httpcore.ConnectTimeout from None
        if (host, port) not in self.routes:
            raise httpcore.ConnectError("no route")
        real = self.routes[host, port].port
        return await httpcore.AnyIOBackend().connect_tcp("127.0.0.1", real, timeout)
