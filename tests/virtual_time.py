"""Virtual time for tests: a loop whose clock jumps to the next timer whenever nothing is ready.

No real time passes in `asyncio.sleep(3600)`; `loop.time()` and `time.monotonic()` agree. A wait
that nothing can ever end raises `Deadlock`. There are no sockets: others do not share this clock.
"""

import asyncio
import functools
import selectors
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from typing import Any, ParamSpec, TypeVar
from unittest import mock

P = ParamSpec("P")
T = TypeVar("T")


class Deadlock(AssertionError):
    """Every task waits, no timer is set and no thread works."""


class _Selector(selectors.BaseSelector):
    """Jumps the clock where an ordinary selector would block until the next timer."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.threads = 0
        self._real = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        if self._real.get_map():  # the first one is the loop's own wake-up pipe
            raise RuntimeError("no sockets or pipes under virtual time")
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.threads:  # time stands still while a thread works: it will wake the loop
            return self._real.select(0 if timeout == 0 else None)
        ready = self._real.select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise Deadlock(_waiting())
        self.now_s += max(0.0, timeout)
        return ready

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Selector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s

    def block(self, seconds: float) -> None:
        """What a callback that takes so long does to everybody else."""
        self._jumping.now_s += seconds

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future = super().run_in_executor(executor, func, *args)
        self._jumping.threads += 1
        future.add_done_callback(self._thread_ended)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        self._jumping.threads += 1  # it joins the threads in a thread of its own
        try:
            await super().shutdown_default_executor(*args)
        finally:
            self._jumping.threads -= 1

    def _thread_ended(self, _: asyncio.Future[Any]) -> None:
        self._jumping.threads -= 1


def run_virtual(work: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` on a virtual clock that starts at 0."""
    with (
        mock.patch("time.monotonic", _monotonic),
        asyncio.Runner(loop_factory=VirtualTimeLoop) as runner,
    ):
        return runner.run(work)


def virtual_time(test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Decorates an async test."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return run_virtual(test(*args, **kwargs))

    return run


_real_monotonic = time.monotonic


def _monotonic() -> float:
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # another thread
        return _real_monotonic()
    return loop.time() if isinstance(loop, VirtualTimeLoop) else _real_monotonic()


def _waiting() -> str:
    lines = ["nothing can happen any more; waiting are:"]
    for task in asyncio.all_tasks():
        frames = task.get_stack(limit=1)
        where = f"{frames[0].f_code.co_filename}:{frames[0].f_lineno}" if frames else "nowhere"
        lines.append(f"  {task.get_name()} in {where}")
    return "\n".join(lines)
