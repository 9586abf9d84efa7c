"""Requests and WebSocket round trips of Parley against a bare Litestar on uvicorn.

Both serve the same two handlers from a process of their own and are measured in turn.
"""

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager

import uvloop
import websockets

CONNECTIONS = 16
ROUND_S = 2.0
ROUNDS = 5
ECHOES = 2000
OPEN_REQUEST = b"GET /bench HTTP/1.1\r\nHost: bench\r\n\r\n"
HEAD_END = b"\r\n\r\n"


def compare() -> Iterator[str]:
    with peer("parley") as (ours, _), peer("bare") as (bare, _):
        requests, echoes = uvloop.run(_measure(ours, bare))
    yield "requests/s: " + line("parley", "bare Litestar", *requests)
    yield "WebSocket round trips/s: " + line("parley", "bare Litestar", *echoes)


def line(name: str, baseline: str, measured: list[float], base: list[float]) -> str:
    ratio = statistics.median(one / other for one, other in zip(measured, base, strict=True))
    return (
        f"{name} {statistics.median(measured):.0f}, {baseline} {statistics.median(base):.0f}, "
        f"ratio {ratio:.2f}"
    )


@contextmanager
def peer(kind: str) -> Generator[tuple[int, str]]:
    """The port and the admin token of a server process that ends with the block."""
    command = [sys.executable, "-m", "app.bench.web_peer", kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            assert process.stdout is not None
            port, token = process.stdout.readline().split()
            yield int(port), token
        finally:
            process.terminate()


Series = tuple[list[float], list[float]]


async def _measure(ours: int, bare: int) -> tuple[Series, Series]:
    requests: Series = ([], [])
    echoes: Series = ([], [])
    for port in (ours, bare):
        await requests_per_s(port)
    for _ in range(ROUNDS):
        for index, port in enumerate((ours, bare)):
            requests[index].append(await requests_per_s(port))
            echoes[index].append(await _echoes_per_s(port))
    return requests, echoes


async def requests_per_s(port: int, request: bytes = OPEN_REQUEST) -> float:
    until = time.monotonic() + ROUND_S
    counts = await asyncio.gather(*(_ask(port, request, until) for _ in range(CONNECTIONS)))
    return sum(counts) / ROUND_S


async def _ask(port: int, request: bytes, until: float) -> int:
    """One connection that asks again as soon as it is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = 0
    while time.monotonic() < until:
        writer.write(request)
        head = await reader.readuntil(HEAD_END)
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
        answered += 1
    writer.close()
    await writer.wait_closed()
    return answered


async def _echoes_per_s(port: int) -> float:
    async with websockets.connect(f"ws://127.0.0.1:{port}/bench/echo") as socket:
        started_s = time.monotonic()
        for _ in range(ECHOES):
            await socket.send(b"x" * 640)
            await socket.recv()
        return ECHOES / (time.monotonic() - started_s)
