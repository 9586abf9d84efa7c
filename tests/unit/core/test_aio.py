"""Supervision, scopes and loop lag."""

import asyncio
import itertools
import threading
import time
from contextlib import suppress

import pytest

from app.core.aio import Backoff, LoopLag, ScopeClosed, Supervisor, TaskScope, to_its_end
from app.core.errors import NotFound
from app.core.metrics import Metrics
from tests.virtual_time import VirtualTimeLoop, run_virtual, virtual_time


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("1.2.3")


async def forever() -> None:
    await asyncio.Event().wait()


async def fail_with(error: Exception) -> None:
    raise error


class TestSupervisor:
    async def test_returns_what_the_task_returns(self, metrics: Metrics) -> None:
        async def work() -> int:
            return 7

        async with Supervisor(metrics) as supervisor:
            assert await supervisor.spawn("sum", work()) == 7

    async def test_a_failure_is_logged_with_the_task_and_counted(
        self, metrics: Metrics, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with Supervisor(metrics) as supervisor:
            task = supervisor.spawn("mail", fail_with(ValueError("no route")))
            await asyncio.wait([task])
        assert "task mail failed" in caplog.text
        assert "ValueError: no route" in caplog.text
        assert "Traceback" in caplog.text
        assert b'parley_task_failures_total{task="mail"} 1.0' in metrics.render()

    @virtual_time
    async def test_closing_cancels_and_waits_for_cleanup(self) -> None:
        cleaned: list[float] = []

        async def work() -> None:
            try:
                await forever()
            finally:
                await asyncio.sleep(3)
                cleaned.append(time.monotonic())

        async with Supervisor(Metrics("1")) as supervisor:
            supervisor.spawn("work", work())
            await asyncio.sleep(1)
        assert cleaned == [4]

    async def test_a_cancelled_task_is_no_failure(
        self, metrics: Metrics, caplog: pytest.LogCaptureFixture
    ) -> None:
        async with Supervisor(metrics) as supervisor:
            supervisor.spawn("work", forever())
        assert not caplog.records
        assert b"parley_task_failures_total{" not in metrics.render()

    def test_a_task_that_will_not_stop_is_named_and_left(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def stubborn() -> None:
            with suppress(asyncio.CancelledError):
                await forever()
            await asyncio.sleep(60)

        async def work() -> float:
            async with Supervisor(Metrics("1"), stop_timeout_s=5) as supervisor:
                supervisor.spawn("mule", stubborn())
                await asyncio.sleep(0)
            return time.monotonic()

        assert run_virtual(work()) == 5
        assert "task mule did not stop within 5 s" in caplog.text

    async def test_a_closed_supervisor_refuses_work(self, metrics: Metrics) -> None:
        supervisor = Supervisor(metrics)
        await supervisor.close()
        with pytest.raises(ScopeClosed, match="late"):
            supervisor.spawn("late", forever())

    async def test_a_task_may_close_its_supervisor(self, metrics: Metrics) -> None:
        supervisor = Supervisor(metrics)
        other = supervisor.spawn("other", forever())
        await supervisor.spawn("stop", supervisor.close())
        assert other.cancelled()

    @virtual_time
    async def test_a_service_comes_back_ever_more_slowly(self) -> None:
        metrics = Metrics("1")
        starts: list[float] = []

        async def service() -> None:
            starts.append(round(time.monotonic(), 3))
            if len(starts) == 10:
                return
            await fail_with(OSError("gone"))

        async with Supervisor(metrics) as supervisor:
            await supervisor.keep_running("watch", service)
        waits = [round(b - a, 3) for a, b in itertools.pairwise(starts)]
        assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10, 10]
        assert b'parley_task_failures_total{task="watch"} 9.0' in metrics.render()

    @virtual_time
    async def test_a_service_that_ran_well_comes_back_at_once(self) -> None:
        starts: list[float] = []

        async def service() -> None:
            starts.append(time.monotonic())
            if len(starts) == 9:
                return
            if len(starts) == 8:
                await asyncio.sleep(3600)
            await fail_with(OSError("gone"))

        async with Supervisor(Metrics("1")) as supervisor:
            await supervisor.keep_running("watch", service)
        assert starts[8] - starts[7] == pytest.approx(3600.1)

    def test_backoff_starts_again_after_a_good_run(self) -> None:
        backoff = Backoff(1, 3)
        assert [backoff.next_s(ran_s=s) for s in (0, 2, 3, 3, 60, 0)] == [1, 2, 3, 3, 1, 2]


class TestTaskScope:
    @virtual_time
    async def test_waits_for_its_tasks(self) -> None:
        async with TaskScope() as scope:
            task = scope.spawn("nap", asyncio.sleep(5, "rested"))
        assert task.result() == "rested"
        assert time.monotonic() == 5

    @virtual_time
    async def test_the_first_failure_cancels_siblings_and_leaves_as_itself(self) -> None:
        sibling: list[asyncio.Task[None]] = []

        async def session() -> None:
            async with TaskScope() as scope:
                sibling.append(scope.spawn("sibling", forever()))
                scope.spawn("failing", fail_with(NotFound("no such call")))
                await forever()

        with pytest.raises(NotFound, match="no such call") as caught:
            await session()
        assert sibling[0].cancelled()
        assert "fail_with" in [entry.name for entry in caught.traceback]

    @pytest.mark.parametrize(
        ("failure", "has_trace"),
        [(OSError("could not hang up"), True), (NotFound("could not hang up"), False)],
    )
    async def test_what_fails_after_the_first_failure_is_logged(
        self, caplog: pytest.LogCaptureFixture, failure: Exception, *, has_trace: bool
    ) -> None:
        async def fails_when_cancelled() -> None:
            try:
                await forever()
            finally:
                await fail_with(failure)

        async def session() -> None:
            async with TaskScope() as scope:
                scope.spawn("sibling", fails_when_cancelled())
                await asyncio.sleep(0)
                scope.spawn("failing", fail_with(ValueError("first")))

        with pytest.raises(ValueError, match="first"):
            await session()
        assert "task sibling failed while its scope was ending" in caplog.text
        assert "could not hang up" in caplog.text
        assert ("Traceback" in caplog.text) is has_trace

    async def test_a_failure_of_the_block_cancels_the_tasks(self) -> None:
        child: list[asyncio.Task[None]] = []

        async def session() -> None:
            async with TaskScope() as scope:
                child.append(scope.spawn("child", forever()))
                await fail_with(KeyError("block"))

        with pytest.raises(KeyError):
            await session()
        assert child[0].cancelled()

    @virtual_time
    async def test_cancel_waits_for_cleanup_and_lets_the_block_go_on(self) -> None:
        ended: list[str] = []

        async def work() -> None:
            try:
                await forever()
            finally:
                await asyncio.sleep(2)
                ended.append("cleaned")

        async with TaskScope() as scope:
            scope.spawn("a", work())
            scope.spawn("b", work())
            await asyncio.sleep(0)
            await scope.cancel()
            assert ended == ["cleaned", "cleaned"]
            ended.append("block")
        assert ended == ["cleaned", "cleaned", "block"]

    @virtual_time
    async def test_a_task_may_cancel_its_own_scope(self) -> None:
        async with TaskScope() as scope:
            other = scope.spawn("other", forever())
            caller = scope.spawn("hang up", scope.cancel())
        assert other.cancelled()
        assert caller.cancelled()

    @virtual_time
    async def test_a_scope_is_cancelled_from_outside(self) -> None:
        scope = TaskScope()

        async def session() -> str:
            async with scope:
                scope.spawn("listen", forever())
            return "ended"

        async with TaskScope() as outer:
            running = outer.spawn("session", session())
            await asyncio.sleep(1)
            await scope.cancel()
            assert await running == "ended"

    @pytest.mark.parametrize("how", ["cancelled", "left", "failed", "parent cancelled"])
    async def test_an_ending_scope_refuses_work(self, how: str) -> None:
        scope = TaskScope()
        refused: list[bool] = []

        async def spawn_late() -> None:
            try:
                await forever()
            finally:
                with pytest.raises(ScopeClosed):
                    scope.spawn("late", forever())
                refused.append(True)

        async def session() -> None:
            async with scope:
                scope.spawn("child", spawn_late())
                await asyncio.sleep(0)
                if how == "parent cancelled":
                    await forever()
                if how == "failed":
                    raise ValueError(how)
                await scope.cancel()

        async with Supervisor(Metrics("1")) as supervisor:
            task = supervisor.spawn("session", session())
            await asyncio.sleep(0.01)
            task.cancel()
            await asyncio.wait([task])
        assert refused == [True]
        with pytest.raises(ScopeClosed):
            scope.spawn("after", forever())

    @virtual_time
    async def test_cancellation_of_the_block_reaches_the_tasks_and_goes_on(self) -> None:
        child: asyncio.Task[None] | None = None

        async def session() -> None:
            nonlocal child
            async with TaskScope() as scope:
                child = scope.spawn("child", forever())

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await session()
        assert child is not None
        assert child.cancelled()


class TestLoopLag:
    def test_a_blocked_loop_shows_in_the_gauge_and_is_warned_of(
        self, metrics: Metrics, caplog: pytest.LogCaptureFixture
    ) -> None:
        run_virtual(_measure(metrics, blocks=[0.3], after_s=1))
        assert _gauge(metrics) == pytest.approx(0.3, abs=0.11)
        assert "the event loop was blocked for" in caplog.text
        assert "slow callback threshold: 100 ms" in caplog.text

    def test_the_gauge_forgets_after_its_window(self, metrics: Metrics) -> None:
        run_virtual(_measure(metrics, blocks=[0.3], after_s=20))
        assert _gauge(metrics) == pytest.approx(0)

    def test_an_idle_loop_has_no_lag(
        self, metrics: Metrics, caplog: pytest.LogCaptureFixture
    ) -> None:
        run_virtual(_measure(metrics, blocks=[], after_s=5))
        assert _gauge(metrics) == pytest.approx(0)
        assert not caplog.records

    def test_one_warning_in_a_window(
        self, metrics: Metrics, caplog: pytest.LogCaptureFixture
    ) -> None:
        run_virtual(_measure(metrics, blocks=[0.3] * 5, after_s=1))
        assert len(caplog.records) == 1

    def test_one_hiccup_is_not_usual(self, metrics: Metrics) -> None:
        assert run_virtual(_usual(metrics, [0.3])) == pytest.approx(0)
        assert run_virtual(_usual(metrics, [0.3] * 5)) == pytest.approx(0.3, abs=0.1)

    async def test_a_real_block_of_a_real_loop_is_seen(self, metrics: Metrics) -> None:
        lag = LoopLag(metrics, interval_s=0.001)
        async with Supervisor(metrics) as supervisor:
            supervisor.keep_running("loop lag", lag.run)
            await asyncio.sleep(0)
            threading.Event().wait(0.25)  # blocks the loop, on purpose
            await asyncio.sleep(0.01)
        assert _gauge(metrics) >= 0.2


async def _usual(metrics: Metrics, blocks: list[float]) -> float:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    lag = LoopLag(metrics)
    async with Supervisor(metrics) as supervisor:
        supervisor.keep_running("loop lag", lag.run)
        for seconds in blocks:
            await asyncio.sleep(0.05)
            loop.call_soon(loop.block, seconds)
            await asyncio.sleep(0.1)
    return lag.usual_s


async def _measure(metrics: Metrics, *, blocks: list[float], after_s: float) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)

    async with Supervisor(metrics) as supervisor:
        supervisor.keep_running("loop lag", LoopLag(metrics).run)
        await asyncio.sleep(0.05)
        for seconds in blocks:
            loop.call_soon(loop.block, seconds)
            await asyncio.sleep(0.5)
        await asyncio.sleep(after_s)


def _gauge(metrics: Metrics) -> float:
    for line in metrics.render().decode().splitlines():
        if line.startswith("parley_loop_lag_seconds "):
            return float(line.split()[1])
    raise AssertionError("the gauge is missing")


class TestToItsEnd:
    async def test_gives_and_raises_what_the_work_does(self) -> None:
        assert await to_its_end(max, 2, 3) == 3
        with pytest.raises(ZeroDivisionError):
            await to_its_end(divmod, 1, 0)

    async def test_who_is_cancelled_goes_on_when_the_work_is_done(self) -> None:
        begun, may_end = threading.Event(), threading.Event()
        done: list[str] = []

        def work() -> None:
            begun.set()
            may_end.wait(10)
            done.append("work")

        async def use() -> None:
            try:
                await to_its_end(work)
            finally:
                done.append("tidied up")

        async with TaskScope() as scope:
            task = scope.spawn("use", use())
            await asyncio.to_thread(begun.wait, 10)
            for _ in range(2):
                task.cancel()
                await asyncio.sleep(0)
            assert not done
            may_end.set()
        assert done == ["work", "tidied up"]
        assert task.cancelled()
