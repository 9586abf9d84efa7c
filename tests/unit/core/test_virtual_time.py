"""The clock that other tests are proved by."""

import asyncio
import socket
import threading
import time
from contextlib import suppress

import pytest

from tests.virtual_time import Deadlock, run_virtual


async def forever() -> None:
    await asyncio.Event().wait()


def test_an_hour_passes_without_waiting() -> None:
    async def work() -> float:
        began, clock_began = time.monotonic(), asyncio.get_running_loop().time()
        await asyncio.sleep(3600)
        assert time.monotonic() - began == 3600
        return asyncio.get_running_loop().time() - clock_began

    assert run_virtual(work()) == 3600


def test_timers_fire_in_the_order_of_their_times() -> None:
    order: list[int] = []

    async def at(seconds: int) -> None:
        await asyncio.sleep(seconds)
        order.append(seconds)

    async def work() -> None:
        await asyncio.gather(*(at(seconds) for seconds in (30, 1, 86_400 * 3, 2)))

    run_virtual(work())
    assert order == [1, 2, 30, 86_400 * 3]


def test_a_wait_that_nothing_can_end_is_reported_with_its_place() -> None:
    with pytest.raises(Deadlock, match=r"waiting are:[^$]*test_virtual_time\.py:\d+"):
        run_virtual(forever())


def test_a_timeout_is_not_a_deadlock() -> None:
    async def work() -> float:
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                await forever()
        return time.monotonic()

    assert run_virtual(work()) == 10


def test_the_clock_stands_still_while_a_thread_works() -> None:
    async def work() -> str:
        go = threading.Event()
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(1), asyncio.TaskGroup() as group:
            thread = group.create_task(asyncio.to_thread(go.wait))
            loop.call_soon(go.set)
            assert await thread
        return "done"

    assert run_virtual(work()) == "done"


def test_sockets_are_refused() -> None:
    async def work() -> None:
        one, other = socket.socketpair()
        with one, other:
            asyncio.get_running_loop().add_reader(one, one.close)

    with pytest.raises(RuntimeError, match="no sockets"):
        run_virtual(work())


def test_real_time_is_back_afterwards() -> None:
    run_virtual(asyncio.sleep(5))
    assert time.monotonic() != 5
    assert isinstance(time.monotonic(), float)
