"""What is under way when the process is told to stop."""

import asyncio
from typing import Any

import httpx

from app import server
from app.core.settings import Server


async def hello(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


async def test_calls_may_end_before_connections_are_closed() -> None:
    """A line over a socket of ours must live as long as its call."""
    stop, drained, told = asyncio.Event(), asyncio.Event(), asyncio.Queue[float]()

    async def drain(within_s: float) -> None:
        told.put_nowait(within_s)
        await drained.wait()

    settings = Server(host="127.0.0.1", port=0, dev_ports=False, drain_s=30)
    listening = server.listen(settings)
    host, port = listening[0].address
    async with asyncio.TaskGroup() as group, httpx.AsyncClient() as client:
        serving = group.create_task(server.serve(hello, listening, settings, stop, drain))
        url = f"http://{host}:{port}/"
        assert (await client.get(url)).text == "hello"
        stop.set()
        assert await told.get() == 30
        assert (await client.get(url)).text == "hello"
        assert not serving.done()
        drained.set()
        await serving


async def test_who_asks_again_does_not_wait() -> None:
    """Neither for calls nor for requests."""
    stop, hurry, told = asyncio.Event(), asyncio.Event(), asyncio.Queue[float]()
    asked = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        asked.set()
        await asyncio.Event().wait()

    async def drain(within_s: float) -> None:
        told.put_nowait(within_s)
        await asyncio.sleep(within_s)

    settings = Server(host="127.0.0.1", port=0, dev_ports=False, drain_s=3600)
    listening = server.listen(settings)
    host, port = listening[0].address
    async with asyncio.TaskGroup() as group, httpx.AsyncClient() as client:
        serving = group.create_task(server.serve(slow, listening, settings, stop, drain, hurry))
        getting = group.create_task(client.get(f"http://{host}:{port}/", timeout=None))
        await asked.wait()
        stop.set()
        assert await told.get() == 3600
        hurry.set()
        assert await told.get() == 0
        await serving
        getting.cancel()
