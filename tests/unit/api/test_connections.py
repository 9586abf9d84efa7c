"""Clients that begin and do not go on, over real sockets: what they hold is given back."""

import asyncio
import gc
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from app import server
from app.core import connections
from app.core.connections import WebSocketConnection
from app.core.settings import Server
from tests.unit.api.live_sockets import OpenSockets

MIB = 1024 * 1024
WHOLE = 8 * MIB
UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Place:
    """`under_way`: requests and WebSockets that the application has."""

    def __init__(self, address: tuple[str, int], under_way: OpenSockets) -> None:
        self._address = address
        self.under_way = under_way

    @asynccontextmanager
    async def connected(
        self, *, room_bytes: int = 0
    ) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """`room_bytes`: for what is not read."""
        opened = socket.socket()
        if room_bytes:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room_bytes)
        opened.setblocking(False)
        await asyncio.get_running_loop().sock_connect(opened, self._address)
        reader, writer = await asyncio.open_connection(sock=opened, limit=4096)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    body = 0
    while (message := await receive())["type"] == "http.request":
        body += len(message["body"])
        if not message["more_body"]:
            break
    if message["type"] == "http.disconnect":
        return
    if scope["path"] == "/later":
        await asyncio.sleep(4 * connections.PATIENCE_S)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(64 if scope["path"] == "/long" else 0):
        await send({"type": "http.response.body", "body": bytes(MIB), "more_body": True})
    whole = bytes(WHOLE) if scope["path"] == "/whole" else b"%d" % body
    await send({"type": "http.response.body", "body": whole})


@pytest.fixture
async def place(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Place]:
    monkeypatch.setattr(connections, "PATIENCE_S", 0.5)
    monkeypatch.setattr(connections, "LOOK_S", 0.1)
    under_way, stop = OpenSockets(), asyncio.Event()

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        with under_way:
            await application(scope, receive, send)

    settings = Server(host="127.0.0.1", port=0, dev_ports=False, drain_s=0)
    listening = server.listen(settings)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve(counted, listening, settings, stop))
        try:
            yield Place(listening[0].address, under_way)
        finally:
            stop.set()


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: here\r\nX-Half: ",
        b"GET / HTTP/1.1\r\nHost: here\r\n\r\n\r\n",
        b"GET /ws HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    ],
)
async def test_who_sends_no_whole_request_is_hung_up_on(place: Place, begun: bytes) -> None:
    async with place.connected() as (reader, writer):
        writer.write(begun)
        async with asyncio.timeout(10):
            with suppress(ConnectionError):
                await reader.read()


async def test_a_head_that_comes_a_letter_at_a_time_is_not_waited_for(place: Place) -> None:
    async with place.connected() as (reader, writer), asyncio.timeout(10):
        writer.write(b"GET / HTTP/1.1\r\nX: ")
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"x")
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await reader.read()


@pytest.mark.parametrize(
    "kind", [b"Content-Length: 1000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n3\r\n"]
)
async def test_a_body_that_breaks_off_is_not_waited_for(place: Place, kind: bytes) -> None:
    async with place.connected() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: here\r\n" + kind + b"abc")
        async with asyncio.timeout(10):
            with suppress(ConnectionError):
                await reader.read()
            await place.under_way.none.wait()


async def test_who_takes_next_to_nothing_of_an_answer_gets_no_more_of_it(place: Place) -> None:
    async with place.connected(room_bytes=4096) as (reader, writer):
        writer.write(b"GET /long HTTP/1.1\r\nHost: here\r\n\r\n")
        async with asyncio.timeout(20):
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while not place.under_way.none.is_set():
                    await reader.readexactly(1)
                    await asyncio.sleep(0.05)


async def test_a_slow_upload_and_a_slow_answer_are_waited_for(place: Place) -> None:
    async with place.connected() as (reader, writer):
        writer.write(b"POST /later HTTP/1.1\r\nHost: here\r\nContent-Length: 20\r\n\r\n")
        for _ in range(20):
            writer.write(b"x")
            await asyncio.sleep(0.1)
        async with asyncio.timeout(20):
            assert await reader.readuntil(b"\r\n0\r\n\r\n")


async def test_an_answer_that_is_taken_slowly_is_given_whole(place: Place) -> None:
    async with place.connected() as (reader, writer):
        writer.write(b"GET /whole HTTP/1.1\r\nHost: here\r\n\r\n")
        async with asyncio.timeout(30):
            await reader.readuntil(b"\r\n\r\n")
            for _ in range(WHOLE // (256 * 1024)):
                await reader.readexactly(256 * 1024)
                await asyncio.sleep(0.1)


@pytest.mark.parametrize("part", [b"X-Many: x\r\n", b"x" * 4096])
async def test_a_head_without_an_end_is_refused(place: Place, part: bytes) -> None:
    sent = 0
    async with place.connected() as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\nX-Long: ")
        with suppress(ConnectionError):
            while sent < 8 * MIB:
                writer.write(part * (16384 // len(part)))
                sent += 16384
                await writer.drain()
            assert b"400" in await reader.readline()
    assert sent < 8 * MIB


PING = bytes([0x89, 0xFD]) + bytes(4) + bytes(125)
BEGIN, EMPTY_PIECE = bytes([0x01, 0x81]) + bytes(5), bytes([0x00, 0x80]) + bytes(4)


@pytest.mark.parametrize(
    ("begin", "part", "times"), [(b"", PING, 60_000), (BEGIN, EMPTY_PIECE, 200_000)]
)
async def test_who_floods_a_socket_and_reads_nothing_costs_no_memory(
    place: Place, begin: bytes, part: bytes, times: int
) -> None:
    async with place.connected(room_bytes=4096) as (reader, writer):
        writer.write(UPGRADE)
        assert b"101" in await reader.readuntil(b"\r\n\r\n")
        writer.write(begin)
        client = writer.get_extra_info("sockname")
        sockets = (each for each in gc.get_objects() if isinstance(each, WebSocketConnection))
        theirs = next(each for each in sockets if each.client == client)
        for _ in range(times // 1000):
            writer.write(part * 1000)
            await writer.drain()
        assert theirs.transport.get_write_buffer_size() < MIB // 2
        writer.write(PING)
        await reader.readexactly(1)
        assert len(theirs.frames) < 1000
