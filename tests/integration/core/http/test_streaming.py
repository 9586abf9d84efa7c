"""Answers that are read while they come in, and the connections they came on."""

import asyncio
import zlib

import pytest

from app.core.http import OutboundLimits, OutboundTimedOut
from tests.integration.core.http.internet import Internet, Site, answer

URL = "http://public.example/"
SSE = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@pytest.mark.parametrize("compressed", [False, True])
async def test_events_arrive_one_by_one(internet: Internet, public: Site, compressed: bool) -> None:
    heard = asyncio.Queue[bytes]()
    deflate = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)

    def encoded(event: bytes) -> bytes:
        if not compressed:
            return event
        return deflate.compress(event) + deflate.flush(zlib.Z_SYNC_FLUSH)

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SSE + (b"content-encoding: gzip\r\n\r\n" if compressed else b"\r\n"))
        for number in range(3):
            event = b"data: %d\n\n" % number
            writer.write(chunk(encoded(event)))
            assert await heard.get() == event  # the next is not sent before this was heard
        writer.write((chunk(deflate.flush()) if compressed else b"") + b"0\r\n\r\n")

    public.replies["/"] = talk
    async with internet.client().stream("POST", URL, content=b"{}") as stream:
        assert stream.status == 200
        assert stream.headers["content-type"] == "text/event-stream"
        events: list[bytes] = []
        async for event in stream.chunks():
            events.append(event)
            heard.put_nowait(event)
    assert events == [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]


async def test_leaving_early_hangs_up(internet: Internet, public: Site) -> None:
    hung_up = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SSE + b"\r\n" + chunk(b"data: 0\n\n"))
        await reader.read()
        hung_up.set()

    public.replies["/"] = talk
    public.replies["/next"] = answer(b"next")
    client = internet.client()
    async with client.stream("GET", URL) as stream:
        async for event in stream.chunks():
            assert event == b"data: 0\n\n"
            break
    await hung_up.wait()
    assert (await client.request("GET", URL + "next")).body == b"next"


async def test_a_cancelled_reader_hangs_up(internet: Internet, public: Site) -> None:
    hung_up, reading = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SSE + b"\r\n" + chunk(b"data: 0\n\n"))
        await reader.read()
        hung_up.set()

    async def listen() -> None:
        async with client.stream("GET", URL) as stream:
            async for _ in stream.chunks():
                reading.set()

    public.replies["/"] = talk
    client = internet.client()
    async with asyncio.TaskGroup() as group:
        listener = group.create_task(listen())
        await reading.wait()
        listener.cancel()
    assert listener.cancelled()
    await hung_up.wait()


async def test_an_error_of_the_reader_stays_its_own(internet: Internet, public: Site) -> None:
    public.replies["/"] = answer(b"body")
    for mine in (TimeoutError("mine"), OSError("mine")):
        with pytest.raises(type(mine), match="mine"):
            async with internet.client().stream("GET", URL) as stream:
                async for _ in stream.chunks():
                    raise mine


async def test_a_stream_that_outlasts_its_time_is_cut(internet: Internet, public: Site) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(SSE + b"\r\n" + chunk(b"data: 0\n\n"))
        await reader.read()

    public.replies["/"] = talk
    events: list[bytes] = []
    with pytest.raises(OutboundTimedOut):
        async with internet.client().stream(
            "GET", URL, limits=OutboundLimits(read_s=60, total_s=0.3)
        ) as stream:
            async for event in stream.chunks():
                events.append(event)  # noqa: PERF401 - the error comes between
    assert events == [b"data: 0\n\n"]


async def test_a_connection_read_to_its_end_is_used_again(internet: Internet, public: Site) -> None:
    public.replies["/"] = answer(b"body")
    client = internet.client()
    for _ in range(5):
        assert (await client.request("GET", URL)).body == b"body"
    assert (len(public.requests), public.connections) == (5, 1)
    assert internet.resolved == ["public.example"]


async def test_cookies_of_one_answer_are_not_sent_with_the_next(
    internet: Internet, public: Site
) -> None:
    public.replies["/"] = answer(b"", set_cookie="session=somebody")
    client = internet.client()
    await client.request("GET", URL)
    await client.request("GET", URL)
    assert "cookie" not in public.requests[1].headers


async def test_many_requests_at_once_get_their_own_answers(
    internet: Internet, public: Site
) -> None:
    for number in range(50):
        public.replies[f"/{number}"] = answer(str(number).encode())
    client = internet.client()
    answers = await asyncio.gather(
        *(client.request("GET", f"{URL}{number}") for number in range(50))
    )
    assert [response.body for response in answers] == [str(n).encode() for n in range(50)]
