"""Tasks, channels and the event loop's health: the only place that creates tasks."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from app.core.errors import InternalError
from app.core.failures import log_failure
from app.core.metrics import Metrics

T = TypeVar("T")

log = logging.getLogger(__name__)


class ScopeClosed(InternalError):
    """Work was given to a scope or a supervisor that is ending."""


class ChannelClosed(InternalError):
    """Nothing more can be sent, or nothing more will come."""


class Backoff:
    """Waits that double, from `first_s` to `most_s`, and start again after a good run."""

    def __init__(self, first_s: float = 0.1, most_s: float = 10.0) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s

    def next_s(self, *, ran_s: float) -> float:
        """How long to wait after an attempt that went well for `ran_s`."""
        wait_s = self._first_s if ran_s > self._most_s else self._next_s
        self._next_s = min(wait_s * 2, self._most_s)
        return wait_s


class Supervisor:
    """Owns the tasks that outlive whoever started them. A failure is logged and counted.

    `name` is one of few constants: it labels a metric. What a task works on belongs in its logs.
    """

    def __init__(self, metrics: Metrics, *, stop_timeout_s: float = 10.0) -> None:
        self._metrics = metrics
        self._stop_timeout_s = stop_timeout_s
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def spawn(self, name: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        if self._closed:
            work.close()
            raise ScopeClosed(f"task {name!r} was started while the process is stopping")
        task = asyncio.create_task(work, name=name)  # noqa: TID251
        self._tasks.add(task)
        task.add_done_callback(self._settle)
        return task

    def keep_running(
        self, name: str, service: Callable[[], Coroutine[Any, Any, None]]
    ) -> asyncio.Task[None]:
        """Start `service` again, ever more slowly, each time it fails; done once it returns."""
        return self.spawn(name, self._restart(name, service))

    async def close(self) -> None:
        """Cancel every task and wait for them; name those that would not stop in time."""
        self._closed = True
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if not tasks:
            return
        _, stuck = await asyncio.wait(tasks, timeout=self._stop_timeout_s)
        for task in stuck:
            log.error("task %s did not stop within %g s", task.get_name(), self._stop_timeout_s)

    async def _restart(self, name: str, service: Callable[[], Coroutine[Any, Any, None]]) -> None:
        backoff = Backoff()
        while True:
            started = time.monotonic()
            try:
                return await service()
            except Exception as error:  # noqa: BLE001  whatever it is, the service must come back
                self._report(name, error)
            await asyncio.sleep(backoff.next_s(ran_s=time.monotonic() - started))

    def _settle(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._report(task.get_name(), error)

    def _report(self, name: str, error: BaseException) -> None:
        self._metrics.task_failed(name)
        log_failure(log, f"task {name} failed", error)


class TaskScope:
    """Tasks that end with the block that started them.

    The first failure cancels the rest and leaves the block as itself, not wrapped in a group;
    what fails after it is logged. The block waits for all of its tasks.
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._first: BaseException | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and not isinstance(error, asyncio.CancelledError):
            self._note("the block of a task scope", error)
        try:
            await self._group.__aexit__(kind, error, trace)
        except BaseExceptionGroup:
            if self._first is None:
                raise
        finally:
            self._closed = True
        first, self._first = self._first, None
        if first is not None and first is not error:
            raise first

    def spawn(self, name: str, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        try:
            if self._closed:
                raise RuntimeError("closed")
            task = self._group.create_task(work, name=name)
        except RuntimeError:
            work.close()
            raise ScopeClosed(f"task {name!r} was started in a scope that is ending") from None
        self._tasks.add(task)
        task.add_done_callback(self._settle)
        return task

    async def cancel(self) -> None:
        """Cancel every task and wait for them; no more can be started.

        A task of the scope may call it: it is then cancelled too, at its next await.
        """
        self._closed = True
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        others = [task for task in tasks if task is not asyncio.current_task()]
        if others:
            await asyncio.wait(others)

    def _settle(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._note(f"task {task.get_name()}", error)

    def _note(self, what: str, error: BaseException) -> None:
        if self._first is None:
            self._first = error
        else:
            log_failure(log, f"{what} failed while its scope was ending", error)


async def to_its_end(work: Callable[..., T], *given: Any) -> T:
    """Blocking `work`, in a thread. Who is cancelled waits for it all the same: what is tidied up
    then is used by nobody any more."""
    working = asyncio.get_running_loop().run_in_executor(None, work, *given)
    cancelled: asyncio.CancelledError | None = None
    while not working.done():
        try:
            await asyncio.wait((working,))
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled:
        raise cancelled from working.exception()
    return working.result()


class Channel(Generic[T]):
    """A bounded queue between tasks of one loop that can be closed.

    A waiter takes or puts its item in the step after it was woken, never before: one that is
    cancelled meanwhile leaves the item where it was and passes its turn on.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError("a channel holds one item at least")
        self._capacity = capacity
        self._items: deque[T] = deque()
        self._senders: deque[asyncio.Future[None]] = deque()
        self._receivers: deque[asyncio.Future[None]] = deque()
        self._closed = False

    def __len__(self) -> int:
        return len(self._items)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        try:
            return await self.receive()
        except ChannelClosed:
            raise StopAsyncIteration from None

    async def send(self, item: T) -> None:
        """Wait for room."""
        while not self.try_send(item):
            await self._turn(self._senders)

    def try_send(self, item: T) -> bool:
        """False where there is no room."""
        if self._closed:
            raise ChannelClosed("the channel is closed for sending")
        if len(self._items) >= self._capacity:
            return False
        self._items.append(item)
        self._wake(self._receivers)
        return True

    async def receive(self) -> T:
        """Wait for an item; `ChannelClosed` once the channel is closed and drained."""
        while not self._items:
            if self._closed:
                raise ChannelClosed("the channel is closed and drained")
            await self._turn(self._receivers)
        return self._take()

    def try_receive(self) -> T | None:
        """None where nothing is there."""
        return self._take() if self._items else None

    def close(self) -> None:
        """Refuse new items, those of waiting senders included; what is in can still be read."""
        self._closed = True
        for waiters in (self._senders, self._receivers):
            while waiters:
                self._wake(waiters)

    def _take(self) -> T:
        item = self._items.popleft()
        self._wake(self._senders)
        return item

    async def _turn(self, waiters: deque[asyncio.Future[None]]) -> None:
        waiter = asyncio.get_running_loop().create_future()
        waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter in waiters:
                waiters.remove(waiter)
            else:
                self._wake(waiters)
            raise

    def _wake(self, waiters: deque[asyncio.Future[None]]) -> None:
        while waiters:
            waiter = waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return


class LoopLag:
    """Measures how late the event loop wakes a sleeper: what every caller's audio suffers too.

    The gauge shows the longest delay of the last `window_s`; one warning per window names it.
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        interval_s: float = 0.1,
        window_s: float = 15.0,
        slow_s: float = 0.1,
    ) -> None:
        self._metrics = metrics
        self._interval_s = interval_s
        self._slow_s = slow_s
        self._window_s = window_s
        self._recent: deque[float] = deque(maxlen=max(1, round(window_s / interval_s)))

    @property
    def usual_s(self) -> float:
        """What nine in ten of the last wake-ups did not exceed: one hiccup is no overload."""
        place = len(self._recent) * 9 // 10 - 1
        return sorted(self._recent)[place] if place >= 0 else 0.0

    async def run(self) -> None:
        """A service for `Supervisor.keep_running`."""
        quiet_until = time.monotonic()
        while True:
            asleep = time.monotonic()
            await asyncio.sleep(self._interval_s)
            now = time.monotonic()
            lag_s = max(0.0, now - asleep - self._interval_s)
            self._recent.append(lag_s)
            self._metrics.loop_lag.set(max(self._recent))
            if lag_s > self._slow_s and now >= quiet_until:
                quiet_until = now + self._window_s
                log.warning(
                    "the event loop was blocked for %.0f ms (slow callback threshold: %.0f ms)",
                    lag_s * 1000,
                    self._slow_s * 1000,
                )
