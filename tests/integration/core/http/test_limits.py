"""A server that is slow, endless, huge or broken costs a bounded time and a bounded memory."""

import asyncio
import gzip

import pytest

from app.core.http import (
    OutboundFailed,
    OutboundLimits,
    OutboundTimedOut,
    ResponseTooLarge,
)
from tests.integration.core.http.internet import Internet, Reply, Site, answer

URL = "http://public.example/"


async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


def dripping(start: bytes, drop: bytes) -> Reply:
    """Keeps sending for as long as anybody listens."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while not reader.at_eof():
            writer.write(drop)
            await writer.drain()
            try:
                async with asyncio.timeout(0.01):
                    await reader.read(1)
            except TimeoutError:
                continue

    return drip


def flooding(start: bytes, flood: bytes) -> Reply:
    async def flow(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(flood)
            await writer.drain()

    return flow


async def test_a_server_that_never_answers_is_given_up(internet: Internet, public: Site) -> None:
    public.replies["/"] = silent
    client = internet.client(limits=OutboundLimits(read_s=0.05))
    with pytest.raises(OutboundTimedOut, match="public.example") as failure:  # noqa: RUF043
        await client.request("GET", URL)
    assert failure.value.status == 504


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (b"HTTP/1.1 200 OK\r\n", b"x: y\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    ],
    ids=["body", "chunks", "headers", "informational answers"],
)
async def test_a_server_that_drips_is_given_up(
    internet: Internet, public: Site, start: bytes, drop: bytes
) -> None:
    public.replies["/"] = dripping(start, drop)
    client = internet.client(limits=OutboundLimits(read_s=60, total_s=0.3))
    with pytest.raises(OutboundTimedOut):
        await client.request("GET", URL)


async def test_redirects_share_one_total_time(internet: Internet, public: Site) -> None:
    async def slowly(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        writer.write(b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n")

    public.replies["/"] = slowly
    limits = OutboundLimits(read_s=60, total_s=0.3, max_redirects=10_000)
    with pytest.raises(OutboundTimedOut):
        await internet.client(limits=limits).request("GET", URL)


async def test_a_name_server_or_a_host_that_swallows_packets_is_given_up(
    internet: Internet,
) -> None:
    internet.names["public.example"] = [["93.184.216.34", "93.184.216.35"]]
    client = internet.client(limits=OutboundLimits(connect_s=0.05))
    for hole in ("93.184.216.34", "public.example"):
        internet.black_holes |= {hole, "93.184.216.35"}
        with pytest.raises(OutboundTimedOut):
            await client.request("GET", URL)


@pytest.mark.parametrize(
    ("start", "flood"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n", b"x" * 1000),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            b"3e8\r\n" + b"x" * 1000 + b"\r\n",
        ),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n", gzip.compress(bytes(10_000_000))),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n", gzip.compress(b"")),
    ],
    ids=["endless", "declared", "chunked", "bomb", "nothing, compressed"],
)
async def test_an_answer_over_the_limit_is_cut(
    internet: Internet, public: Site, start: bytes, flood: bytes
) -> None:
    public.replies["/"] = flooding(start, flood)
    client = internet.client(limits=OutboundLimits(max_response_bytes=100_000))
    with pytest.raises(ResponseTooLarge, match="100000 bytes"):
        await client.request("GET", URL)
    received = 0
    with pytest.raises(ResponseTooLarge):
        async with client.stream("GET", URL) as stream:
            async for chunk in stream.chunks():
                received += len(chunk)
    assert received <= 100_000


async def test_a_bomb_does_not_hold_up_other_work(internet: Internet, public: Site) -> None:
    public.replies["/"] = answer(gzip.compress(bytes(20_000_000)), content_encoding="gzip")
    client = internet.client(limits=OutboundLimits(max_response_bytes=30_000_000))
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        turning = group.create_task(turn())
        assert len((await client.request("GET", URL)).body) == 20_000_000
        turning.cancel()
    # 20 kB arrive at once and become 306 pieces: others had their turn between them.
    assert turns > 300


async def test_a_limit_of_one_request_overrides_that_of_the_client(
    internet: Internet, public: Site
) -> None:
    public.replies["/"] = answer(b"x" * 1000)
    client = internet.client()
    with pytest.raises(ResponseTooLarge):
        await client.request("GET", URL, limits=OutboundLimits(max_response_bytes=999))
    assert len((await client.request("GET", URL)).body) == 1000


@pytest.mark.parametrize(
    "reply",
    [
        b"garbage\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\nconnection: close\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        answer(b"not gzip", content_encoding="gzip"),
        answer(gzip.compress(b"whole")[:-4], content_encoding="gzip"),
        answer(b"x", content_encoding="gzip, gzip"),
    ],
    ids=[
        "garbage",
        "nothing",
        "short body",
        "two lengths",
        "bad chunk",
        "huge header",
        "upgrade",
        "other protocol",
        "not compressed",
        "truncated",
        "coding twice",
    ],
)
async def test_a_broken_answer_is_told_and_does_not_break_the_next(
    internet: Internet, public: Site, reply: bytes
) -> None:
    async def send_and_close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)

    public.replies["/"] = send_and_close
    public.replies["/good"] = answer(b"good")
    client = internet.client()
    with pytest.raises(OutboundFailed) as failure:
        await client.request("GET", URL)
    assert failure.value.message.startswith("public.example: ")
    assert failure.value.status == 502
    assert (await client.request("GET", URL + "good")).body == b"good"


@pytest.mark.parametrize("status", ["204 No Content", "404 Not Found", "500 Oops", "503 Busy"])
async def test_any_status_is_an_answer(internet: Internet, public: Site, status: str) -> None:
    public.replies["/"] = answer(b"", status)
    response = await internet.client().request("GET", URL)
    assert response.status == int(status[:3])


async def test_the_length_of_a_head_is_not_that_of_its_body(
    internet: Internet, public: Site
) -> None:
    public.replies["/"] = b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n"
    response = await internet.client().request("HEAD", URL)
    assert (response.headers["content-length"], response.body) == ("99999999999", b"")
