"""Lanes, proved with gates: nothing here looks at a clock."""

import asyncio
import contextvars
import os
import threading
from collections.abc import AsyncGenerator, Generator

import pytest

from app.inference import executor as lanes
from app.inference.executor import (
    BATCH_NICENESS,
    Executor,
    ExecutorClosed,
    Lane,
    LaneFull,
    LaneSize,
)


class TransactionOpen(Exception):
    """Stands for what the database raises."""


class Gate:
    """Work that says when it began and ends when it is let go."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.go = threading.Event()
        self.runs = 0

    def work(self) -> str:
        self.runs += 1
        self.began.set()
        self.go.wait()
        return "done"


async def wait_for(event: threading.Event) -> None:
    await asyncio.to_thread(event.wait)


@pytest.fixture
async def executor() -> AsyncGenerator[Executor]:
    executor = Executor(
        realtime=LaneSize(threads=1, waiting=1),
        batch=LaneSize(threads=1, waiting=1),
        forbid_in_transaction=lambda: None,
    )
    yield executor
    await executor.close()


async def test_a_saturated_batch_lane_does_not_delay_realtime_work(executor: Executor) -> None:
    gate = Gate()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(executor.run(Lane.BATCH, gate.work))
        await wait_for(gate.began)
        waiting = tasks.create_task(executor.run(Lane.BATCH, gate.work))
        await asyncio.sleep(0)
        with pytest.raises(LaneFull):
            await executor.run(Lane.BATCH, gate.work)
        assert await executor.run(Lane.REALTIME, lambda: "answered") == "answered"
        assert not running.done()
        assert not waiting.done()
        gate.go.set()
    assert (running.result(), waiting.result()) == ("done", "done")
    assert executor.occupancy() == dict.fromkeys(Lane, 0)


async def test_the_voice_is_followed_while_sentences_are_recognized(executor: Executor) -> None:
    gate = Gate()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(executor.run(Lane.REALTIME, gate.work))
        await wait_for(gate.began)
        assert await executor.run(Lane.VOICE, lambda: "a step") == "a step"
        gate.go.set()


async def test_cancelled_work_that_waited_is_never_run_and_frees_its_place(
    executor: Executor,
) -> None:
    gate, dropped = Gate(), Gate()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(executor.run(Lane.BATCH, gate.work))
        await wait_for(gate.began)
        for _ in range(3):
            waiting = tasks.create_task(executor.run(Lane.BATCH, dropped.work))
            await asyncio.sleep(0)
            assert executor.occupancy()[Lane.BATCH] == 2
            waiting.cancel()
            await asyncio.wait([waiting])
            assert executor.occupancy()[Lane.BATCH] == 1
        gate.go.set()
    assert await executor.run(Lane.BATCH, lambda: "next") == "next"
    assert dropped.runs == 0


async def test_cancelled_work_under_way_keeps_its_place_until_it_ends(executor: Executor) -> None:
    gate = Gate()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(executor.run(Lane.BATCH, gate.work))
        await wait_for(gate.began)
        running.cancel()
        await asyncio.wait([running])
        assert executor.occupancy()[Lane.BATCH] == 1
        gate.go.set()
    assert await executor.run(Lane.BATCH, lambda: "next") == "next"
    assert executor.occupancy()[Lane.BATCH] == 0


async def test_an_exception_reaches_the_caller_and_frees_the_place(executor: Executor) -> None:
    def fail() -> None:
        raise KeyError("broken")

    def fail_in_steps() -> Generator[None, None, None]:
        yield
        fail()

    for _ in range(5):
        with pytest.raises(KeyError, match="broken"):
            await executor.run(Lane.BATCH, fail)
        with pytest.raises(KeyError, match="broken"):
            await executor.run_in_turns(Lane.BATCH, fail_in_steps())
    assert executor.occupancy()[Lane.BATCH] == 0


async def test_work_in_steps_takes_turns(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "TURN_S", 0)
    done: list[str] = []

    def steps(name: str) -> Generator[None, None, str]:
        for _ in range(3):
            done.append(name)
            yield
        return name.upper()

    async with asyncio.TaskGroup() as tasks:
        both = [tasks.create_task(executor.run_in_turns(Lane.BATCH, steps(name))) for name in "ab"]
    assert [task.result() for task in both] == ["A", "B"]
    assert done == ["a", "b"] * 3


async def test_what_was_begun_in_steps_is_not_refused_later(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "TURN_S", 0)
    gate, other = Gate(), Gate()

    def steps() -> Generator[None, None, str]:
        gate.work()
        yield
        return "done"

    async with asyncio.TaskGroup() as tasks:
        long = tasks.create_task(executor.run_in_turns(Lane.BATCH, steps()))
        await wait_for(gate.began)
        tasks.create_task(executor.run(Lane.BATCH, other.work))
        await asyncio.sleep(0)
        gate.go.set()
        other.began.wait()  # and nothing else of the loop runs: the next one takes the place
        tasks.create_task(executor.run(Lane.BATCH, other.work))
        await asyncio.sleep(0)
        assert executor.occupancy()[Lane.BATCH] == 2
        with pytest.raises(LaneFull):
            await executor.run(Lane.BATCH, other.work)
        other.go.set()
    assert long.result() == "done"


async def test_work_in_steps_that_nobody_waits_for_is_closed(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "TURN_S", 0)
    gate, closed = Gate(), threading.Event()

    def steps() -> Generator[None, None, None]:
        try:
            while True:
                gate.work()
                yield
        finally:
            closed.set()

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(executor.run_in_turns(Lane.BATCH, steps()))
        await wait_for(gate.began)
        running.cancel()
        await asyncio.wait([running])
        assert not closed.is_set()
        gate.go.set()
        await wait_for(closed)
    assert await executor.run(Lane.BATCH, lambda: "next") == "next"
    assert executor.occupancy()[Lane.BATCH] == 0


async def test_batch_threads_step_back_and_realtime_threads_do_not(executor: Executor) -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert await executor.run(Lane.BATCH, niceness) == max(BATCH_NICENESS, niceness())
    assert await executor.run(Lane.REALTIME, niceness) == niceness()


async def test_work_sees_the_context_of_its_caller(executor: Executor) -> None:
    request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id")
    request_id.set("r-1")
    assert await executor.run(Lane.BATCH, request_id.get) == "r-1"


async def test_refuses_to_run_inside_a_transaction() -> None:
    def refuse() -> None:
        raise TransactionOpen

    executor = Executor(realtime=LaneSize(1, 1), batch=LaneSize(1, 1), forbid_in_transaction=refuse)
    with pytest.raises(TransactionOpen):
        await executor.run(Lane.REALTIME, lambda: None)
    await executor.close()


async def test_close_finishes_what_was_taken_and_refuses_the_rest(executor: Executor) -> None:
    gate = Gate()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(executor.run(Lane.BATCH, gate.work))
        await wait_for(gate.began)
        waiting = tasks.create_task(executor.run(Lane.BATCH, gate.work))
        await asyncio.sleep(0)
        closing = tasks.create_task(executor.close())
        await asyncio.sleep(0)
        for lane in Lane:
            with pytest.raises(ExecutorClosed):
                await executor.run(lane, lambda: None)
        assert not closing.done()
        gate.go.set()
    assert (running.result(), waiting.result()) == ("done", "done")
