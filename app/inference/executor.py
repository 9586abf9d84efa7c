"""Lanes of threads for model and file work, so that a batch job cannot make a caller wait, nor a
sentence that is recognized the small steps that find where speech begins and ends."""

import asyncio
import os
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar, TypeVarTuple

from app.core.errors import Unavailable

R = TypeVar("R")
Args = TypeVarTuple("Args")

BATCH_NICENESS = 10
TURN_S = 0.2
"""How long work in steps keeps a thread while others wait for one."""


class Lane(StrEnum):
    VOICE = "voice"
    REALTIME = "realtime"
    BATCH = "batch"


class LaneFull(Unavailable):
    """The lane has as much waiting work as it takes."""


class ExecutorClosed(Unavailable):
    """The process is stopping: no new work is taken."""


@dataclass(frozen=True, slots=True)
class LaneSize:
    threads: int
    waiting: int
    """Pieces of work that may wait for a thread; one more is refused."""


class Executor:
    """Runs blocking functions. `forbid_in_transaction` raises where a transaction is open."""

    def __init__(
        self,
        *,
        realtime: LaneSize,
        batch: LaneSize,
        forbid_in_transaction: Callable[[], None],
    ) -> None:
        self._forbid_in_transaction = forbid_in_transaction
        self._lanes = {
            Lane.VOICE: _LaneThreads(Lane.VOICE, LaneSize(1, realtime.waiting), niceness=0),
            Lane.REALTIME: _LaneThreads(Lane.REALTIME, realtime, niceness=0),
            Lane.BATCH: _LaneThreads(Lane.BATCH, batch, niceness=BATCH_NICENESS),
        }

    async def run(self, lane: Lane, fn: Callable[[*Args], R], *args: *Args) -> R:
        """The caller's cancellation drops work still waiting; work under way runs to its end."""
        self._forbid_in_transaction()
        context = copy_context()
        future = self._lanes[lane].submit(lambda: context.run(fn, *args))
        return await asyncio.wrap_future(future)

    async def run_in_turns(self, lane: Lane, steps: Generator[object, None, R]) -> R:
        """What a generator returns. After each of its turns others have theirs, so that the work of
        hours holds up nobody. Where the caller is cancelled it is closed after its turn."""
        self._forbid_in_transaction()
        context = copy_context()
        is_new = True
        while True:
            future = self._lanes[lane].submit(lambda: context.run(_turn, steps), is_new=is_new)
            try:
                ended = await asyncio.wrap_future(future)
            except BaseException:
                future.add_done_callback(lambda _: steps.close())
                raise
            if ended:
                return ended.result
            is_new = False

    def occupancy(self) -> dict[Lane, int]:
        """Pieces of work in each lane, running or waiting."""
        return {lane: threads.taken for lane, threads in self._lanes.items()}

    async def close(self) -> None:
        """Refuse new work and wait until what was taken is done."""
        for threads in self._lanes.values():
            threads.refuse()
        for threads in self._lanes.values():
            await asyncio.to_thread(threads.drain)


class _LaneThreads:
    def __init__(self, lane: Lane, size: LaneSize, *, niceness: int) -> None:
        self._lane = lane
        self._limit = size.threads + size.waiting
        self._lock = threading.Lock()
        self._closed = False
        self.taken = 0
        self._pool = ThreadPoolExecutor(
            size.threads, thread_name_prefix=lane.value, initializer=_be_nice, initargs=(niceness,)
        )

    def submit(self, work: Callable[[], R], *, is_new: bool = True) -> Future[R]:
        """What was begun is not refused for want of room."""
        piece = _Piece(work)
        with self._lock:
            if self._closed:
                raise ExecutorClosed("the process is stopping")
            if is_new and self.taken >= self._limit:
                raise LaneFull(f"all {self._limit} places for {self._lane} work are taken")
            future = self._pool.submit(piece)
            self.taken += 1
        future.add_done_callback(lambda _: self._leave(piece))
        return future

    def refuse(self) -> None:
        with self._lock:
            self._closed = True

    def drain(self) -> None:
        self._pool.shutdown(wait=True)

    def _leave(self, piece: "_Piece[R]") -> None:
        """Called once: when the work ended, or when it was cancelled before it began."""
        piece.work = None
        with self._lock:
            self.taken -= 1


class _Piece(Generic[R]):
    """What the pool queues. Dropped work lets go of its arguments at once."""

    def __init__(self, work: Callable[[], R]) -> None:
        self.work: Callable[[], R] | None = work

    def __call__(self) -> R:
        assert self.work is not None
        return self.work()


@dataclass(frozen=True, slots=True)
class _Ended(Generic[R]):
    result: R


def _turn(steps: Generator[object, None, R]) -> _Ended[R] | None:
    until_s = time.monotonic() + TURN_S
    try:
        next(steps)
        while time.monotonic() < until_s:
            next(steps)
    except StopIteration as end:
        return _Ended(end.value)
    return None


def _be_nice(niceness: int) -> None:
    """On Linux a thread has a niceness of its own."""
    if niceness:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
