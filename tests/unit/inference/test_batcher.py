"""Each item gets its own answer, whatever happens to its neighbours or to the batcher."""

import asyncio
from collections.abc import Sequence

import pytest

from app.inference.batcher import Batcher, BatcherClosed, BatchMisshapen

FOREVER_S = 1e6


class Doubler:
    """Notes its batches; holds each until `go` where that is cleared; fails on "bad" items."""

    def __init__(self) -> None:
        self.batches: list[list[object]] = []
        self.began = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, items: Sequence[object]) -> Sequence[object]:
        self.batches.append(list(items))
        self.began.set()
        await self.go.wait()
        if "bad" in items:
            raise ValueError("bad item")
        return [(item, item) for item in items]


async def test_a_full_batch_does_not_wait_for_its_deadline() -> None:
    double = Doubler()
    async with Batcher(double, max_items=3, max_wait_s=FOREVER_S) as batcher:
        answers = await asyncio.gather(*(batcher.submit(item) for item in range(6)))
    assert answers == [(item, item) for item in range(6)]
    assert double.batches == [[0, 1, 2], [3, 4, 5]]


async def test_a_lone_item_runs_at_its_deadline() -> None:
    double = Doubler()
    async with Batcher(double, max_items=3, max_wait_s=0.001) as batcher:
        assert await batcher.submit(1) == (1, 1)


async def test_what_arrives_while_a_batch_runs_is_the_next_batch() -> None:
    double = Doubler()
    double.go.clear()
    async with Batcher(double, max_items=8, max_wait_s=0) as batcher, asyncio.TaskGroup() as tasks:
        tasks.create_task(batcher.submit("first"))
        await double.began.wait()
        for item in range(4):
            tasks.create_task(batcher.submit(item))
        await asyncio.sleep(0)
        double.go.set()
    assert double.batches == [["first"], [0, 1, 2, 3]]


async def test_only_the_guilty_item_fails() -> None:
    double = Doubler()
    async with Batcher(double, max_items=4, max_wait_s=FOREVER_S) as batcher:
        answers = await asyncio.gather(
            *(batcher.submit(item) for item in (1, "bad", 2, "bad")), return_exceptions=True
        )
        assert await asyncio.gather(*map(batcher.submit, range(4)))
    assert [answers[0], answers[2]] == [(1, 1), (2, 2)]
    assert all(isinstance(answers[index], ValueError) for index in (1, 3))
    assert answers[1] is not answers[3]


async def test_cancelled_items_are_dropped_before_they_run() -> None:
    double = Doubler()
    async with (
        Batcher(double, max_items=2, max_wait_s=FOREVER_S) as batcher,
        asyncio.TaskGroup() as tasks,
    ):
        leaver = tasks.create_task(batcher.submit("gone"))
        await asyncio.sleep(0)
        leaver.cancel()
        await asyncio.wait([leaver])
        stayers = [tasks.create_task(batcher.submit(item)) for item in (1, 2)]
    assert [stayer.result() for stayer in stayers] == [(1, 1), (2, 2)]
    assert double.batches == [[1, 2]]


async def test_an_item_cancelled_while_it_runs_harms_nobody() -> None:
    double = Doubler()
    double.go.clear()
    async with (
        Batcher(double, max_items=2, max_wait_s=FOREVER_S) as batcher,
        asyncio.TaskGroup() as tasks,
    ):
        leaver = tasks.create_task(batcher.submit("gone"))
        stayer = tasks.create_task(batcher.submit("here"))
        await double.began.wait()
        leaver.cancel()
        await asyncio.wait([leaver])
        double.go.set()
    assert stayer.result() == ("here", "here")


async def test_close_fails_what_waits_and_finishes_what_runs() -> None:
    double = Doubler()
    double.go.clear()
    async with (
        Batcher(double, max_items=1, max_wait_s=0) as batcher,
        asyncio.TaskGroup() as tasks,
    ):
        running = tasks.create_task(batcher.submit("running"))
        await double.began.wait()
        waiting = asyncio.gather(batcher.submit("waiting"), return_exceptions=True)
        await asyncio.sleep(0)
        batcher.close()
        [error] = await waiting
        assert isinstance(error, BatcherClosed)
        with pytest.raises(BatcherClosed):
            await batcher.submit("late")
        double.go.set()
    assert running.result() == ("running", "running")


@pytest.mark.parametrize("answer", [[1], [1, 2, 3], None], ids=["short", "long", "no sequence"])
async def test_an_answer_of_the_wrong_shape_leaves_nobody_waiting(answer: list[int]) -> None:
    async def misshapen(_items: Sequence[int]) -> Sequence[int]:
        return answer if len(_items) == 2 else []

    async with Batcher(misshapen, max_items=2, max_wait_s=FOREVER_S) as batcher:
        errors = await asyncio.gather(*map(batcher.submit, (1, 2)), return_exceptions=True)
    assert [type(error) for error in errors] == [BatchMisshapen, BatchMisshapen]


class Crash(BaseException):
    """Worse than an Exception: it takes the batcher's own task with it."""


async def test_a_crash_of_the_batcher_leaves_nobody_waiting() -> None:
    began, go = asyncio.Event(), asyncio.Event()

    async def crash(_items: Sequence[int]) -> Sequence[int]:
        began.set()
        await go.wait()
        raise Crash

    answers: list[object] = []

    async def client(batcher: Batcher[int, int], item: int) -> None:
        try:
            await batcher.submit(item)
        except BatcherClosed as error:
            answers.append(error)

    async def serve() -> None:
        async with (
            asyncio.TaskGroup() as clients,
            Batcher(crash, max_items=1, max_wait_s=0) as batcher,
        ):
            clients.create_task(client(batcher, 1))
            await began.wait()
            clients.create_task(client(batcher, 2))
            await asyncio.sleep(0)
            go.set()
            await asyncio.Event().wait()

    with pytest.raises(BaseExceptionGroup) as caught:
        await serve()
    assert caught.group_contains(Crash)
    assert len(answers) == 2


async def test_a_body_that_fails_leaves_nobody_waiting() -> None:
    double = Doubler()
    double.go.clear()

    async def serve() -> None:
        async with Batcher(double, max_items=1, max_wait_s=0) as batcher:
            pending.append(asyncio.gather(batcher.submit(1), return_exceptions=True))
            await double.began.wait()
            raise KeyError("the server fell over")

    pending: list[asyncio.Future[list[object]]] = []
    with pytest.raises(KeyError):
        await serve()
    [[error]] = [await answer for answer in pending]
    assert isinstance(error, BatcherClosed)
