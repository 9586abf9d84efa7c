"""Events: kept alive, and what goes wrong before the first of them and after."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from litestar import Request

from app.api.server_events import KEEP_ALIVE_S, Event, ServerEvents
from app.core.errors import AppError, RateLimited
from tests.virtual_time import virtual_time

Sent = list[dict[str, Any]]


def error_event(error: AppError) -> Event:
    return {"type": "error", "message": error.message}


class Client:
    """Stays until it is told to leave."""

    def __init__(self) -> None:
        self.sent: Sent = []
        self.leaves = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self.leaves.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    async def gets(self, events: AsyncGenerator[Event, None]) -> Sent:
        scope: Any = {"type": "http", "headers": []}
        request = Request[Any, Any, Any](scope, self.receive)  # pyright: ignore[reportArgumentType]
        answer = ServerEvents(request, events, error_event).to_asgi_response()
        await answer(scope, self.receive, self.send)  # pyright: ignore[reportArgumentType]
        return self.sent

    @property
    def body(self) -> list[bytes]:
        return [message["body"] for message in self.sent[1:]]


async def events(*steps: float | Event | Exception) -> AsyncGenerator[Event, None]:
    """Numbers are seconds of silence."""
    for step in steps:
        if isinstance(step, Exception):
            raise step
        if isinstance(step, dict):
            yield step
        else:
            await asyncio.sleep(step)


@virtual_time
async def test_each_event_is_a_line_of_its_own() -> None:
    client = Client()
    await client.gets(events({"a": 1}, {"b": "é\n"}))
    assert client.body == [b'data: {"a":1}\n\n', 'data: {"b":"é\\n"}\n\n'.encode(), b""]
    assert [message.get("more_body") for message in client.sent] == [None, True, True, False]
    assert (b"x-accel-buffering", b"no") in client.sent[0]["headers"]


@virtual_time
async def test_a_comment_comes_in_every_long_silence_and_in_no_other() -> None:
    client = Client()
    short, long = KEEP_ALIVE_S - 1, 2.5 * KEEP_ALIVE_S
    await client.gets(events(long, {"a": 1}, short, {"b": 2}, short, {"c": 3}))
    assert [piece[:1] for piece in client.body] == [b":", b":", b"d", b"d", b"d", b""]


@virtual_time
async def test_before_the_first_event_an_error_is_the_renderer_s() -> None:
    client = Client()
    with pytest.raises(RateLimited):
        await client.gets(events(RateLimited("Too many")))
    assert client.sent == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (RateLimited("Too many"), b'"Too many"'),
        (ZeroDivisionError("secret"), b'"Internal server error"'),
    ],
)
@virtual_time
async def test_after_it_an_error_is_the_last_event(error: Exception, told: bytes) -> None:
    client = Client()
    await client.gets(events({"a": 1}, error))
    assert client.body[1:] == [b'data: {"type":"error","message":' + told + b"}\n\n", b""]


@virtual_time
async def test_after_a_comment_an_error_is_an_event_too() -> None:
    client = Client()
    await client.gets(events(1.5 * KEEP_ALIVE_S, RateLimited("Too many")))
    assert [piece[:6] for piece in client.body] == [b": keep", b"data: ", b""]


@virtual_time
async def test_the_events_are_closed_when_the_client_leaves() -> None:
    client, closed = Client(), asyncio.Event()

    async def endless() -> AsyncGenerator[Event, None]:
        try:
            while True:
                yield {"a": 1}
                client.leaves.set()
                await asyncio.sleep(1)
        finally:
            closed.set()

    await client.gets(endless())
    assert closed.is_set()
    assert client.sent[-1]["more_body"] is True
