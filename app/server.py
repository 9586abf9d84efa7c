"""Runs the application: sockets, development ports, signals, draining. Knows no route."""

import asyncio
import contextlib
import logging
import math
import signal
import socket
import sys
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import uvicorn

from app.api.asgi import AsgiApp
from app.api.dev_ports import DEV_PORTS, DevPort, DevPortApp
from app.api.forwarded import Forwarded
from app.core.connections import HttpConnection, WebSocketConnection
from app.core.errors import Conflict
from app.core.proxies import TrustedProxies
from app.core.settings import Server

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
BACKLOG = 2048
GONE_MS = 60_000
"""Who takes in nothing that is sent for so long has left."""
UNSENT_BYTES = 128 * 1024
"""No more waits where nobody sees how fast it is taken, nor can take it back."""


Drain = Callable[[float], Coroutine[Any, Any, None]]
"""Returns within so many seconds, or a little later, with nothing under way that it knows of."""


class PortTaken(Conflict):
    pass


class _Server(uvicorn.Server):
    """Leaves signals to `serve`, which stops all servers of the process together."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


@dataclass(frozen=True, slots=True)
class Listening:
    """A bound socket, and the development port it stands for."""

    socket: socket.socket
    dev_port: DevPort | None = None

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()[:2]
        return (f"[{host}]" if ":" in host else host), port


def listen(settings: Server) -> list[Listening]:
    """Binds every socket before anything slow starts: a taken port is said at once."""
    TrustedProxies.parse(settings.trusted_proxies)
    listening = [Listening(_bind(settings.host, settings.port))]
    if settings.dev_ports:
        listening += [Listening(_bind(LOOPBACK, dev.port), dev) for dev in DEV_PORTS]
    return listening


def stop_signal(hurry: asyncio.Event | None = None) -> asyncio.Event:
    """Set by SIGINT and SIGTERM from now on; `hurry` by another, of who does not want to wait."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked() -> None:
        if hurry and stop.is_set():
            hurry.set()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked)
    return stop


async def serve(
    app: AsgiApp,
    listening: list[Listening],
    settings: Server,
    stop: asyncio.Event,
    drain: Drain | None = None,
    hurry: asyncio.Event | None = None,
) -> None:
    """Until `stop`; then what `drain` waits for and open connections get `drain_s` together, or
    until `hurry`. No new connections are taken once it has returned."""
    hurry = hurry or asyncio.Event()
    if settings.trusted_proxies:
        app = Forwarded(app, TrustedProxies.parse(settings.trusted_proxies))
    servers = [
        (_server(DevPortApp(app, each.dev_port) if each.dev_port else app, settings), each.socket)
        for each in listening
    ]
    async with asyncio.TaskGroup() as group:
        serving = [group.create_task(server.serve(sockets=[bound])) for server, bound in servers]
        await stop.wait()
        log.info("stopping: open requests get %s s to finish", settings.drain_s)
        until_s = time.monotonic() + settings.drain_s
        if drain:
            await _drained(drain, settings.drain_s, hurry)
        left_s = max(0, math.ceil(until_s - time.monotonic()))
        for server, _ in servers:
            server.config.timeout_graceful_shutdown = left_s
            server.should_exit = True
        closing = group.create_task(_close_at_once([server for server, _ in servers], hurry))
        await asyncio.wait(serving)
        closing.cancel()


async def _drained(drain: Drain, within_s: float, hurry: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        draining = group.create_task(drain(within_s))
        hurrying = group.create_task(hurry.wait())
        await asyncio.wait((draining, hurrying), return_when=asyncio.FIRST_COMPLETED)
        draining.cancel()
        hurrying.cancel()
    if hurry.is_set():
        await drain(0)


async def _close_at_once(servers: Sequence[_Server], hurry: asyncio.Event) -> None:
    await hurry.wait()
    for server in servers:
        server.force_exit = True


def _server(app: AsgiApp, settings: Server) -> _Server:
    return _Server(
        uvicorn.Config(
            app,  # pyright: ignore[reportArgumentType]
            lifespan="off",
            http=HttpConnection,
            log_config=None,
            access_log=False,
            server_header=False,
            ws=WebSocketConnection,
            ws_max_size=16 * 1024 * 1024,
            # Sound does not shrink, and a few bytes could be unpacked into many megabytes.
            ws_per_message_deflate=False,
            # The answer to a ping queues behind the sound of whoever sends faster than is heard.
            ws_ping_timeout=None,
            proxy_headers=False,
            timeout_graceful_shutdown=settings.drain_s,
        )
    )


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if sys.platform == "linux":  # connections inherit it
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_MS)
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        raise PortTaken(f"cannot listen on {host} port {port}: {error.strerror}") from error
    listening.setblocking(False)
    return listening
