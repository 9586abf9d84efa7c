"""Groups ready work into one call. Each item gets its own result or its own exception."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

from app.core.aio import TaskScope
from app.core.errors import InternalError, Unavailable

I = TypeVar("I")  # noqa: E741
R = TypeVar("R")

log = logging.getLogger(__name__)


class BatcherClosed(Unavailable):
    """The batcher is stopping; the item was not run."""


class BatchMisshapen(InternalError):
    """A defect: the batch function did not return one result for each item."""


@dataclass(eq=False, slots=True)
class _Ticket(Generic[I, R]):
    item: I
    deadline: float
    answer: asyncio.Future[R]


class Batcher(Generic[I, R]):
    """Used as `async with`. One batch runs at a time; what arrives meanwhile is the next one.

    A batch begins when `max_items` are there or the first has waited `max_wait_s`. If it raises,
    its items are run one by one, so that only the guilty fail.
    """

    def __init__(
        self,
        run_batch: Callable[[Sequence[I]], Awaitable[Sequence[R]]],
        *,
        max_items: int,
        max_wait_s: float,
    ) -> None:
        self._run_batch = run_batch
        self._max_items = max_items
        self._max_wait_s = max_wait_s
        self._waiting: list[_Ticket[I, R]] = []
        self._running: list[_Ticket[I, R]] = []
        self._some = asyncio.Event()
        self._enough = asyncio.Event()
        self._open = False
        self._scope = TaskScope()

    async def __aenter__(self) -> Self:
        await self._scope.__aenter__()
        self._open = True
        self._scope.spawn("batcher", self._work())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        await self._scope.__aexit__(kind, error, trace)

    def close(self) -> None:
        """Fail what waits and take no more. The batch under way is finished."""
        self._open = False
        _fail(self._waiting, BatcherClosed("the process is stopping"))
        self._waiting.clear()
        self._mark()

    async def submit(self, item: I) -> R:
        if not self._open:
            raise BatcherClosed("the process is stopping")
        loop = asyncio.get_running_loop()
        ticket: _Ticket[I, R] = _Ticket(item, loop.time() + self._max_wait_s, loop.create_future())
        self._waiting.append(ticket)
        self._mark()
        try:
            return await ticket.answer
        finally:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                self._mark()

    async def _work(self) -> None:
        """Whatever goes wrong in here, nobody is left waiting."""
        try:
            while self._open:
                await self._some.wait()
                try:
                    await self._round()
                except Exception as error:
                    log.exception("a batch was lost")
                    _fail(self._running, error)
        finally:
            self.close()
            _fail(self._running, BatcherClosed("the batch was cut off"))

    async def _round(self) -> None:
        if not self._waiting:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._waiting[0].deadline):
                await self._enough.wait()
        self._running = self._waiting[: self._max_items]
        del self._waiting[: self._max_items]
        self._mark()
        if not await self._answer(self._running):
            for ticket in self._running:
                await self._answer([ticket])

    async def _answer(self, tickets: Sequence[_Ticket[I, R]]) -> bool:
        """False where a call for several failed; a ticket run alone gets the exception."""
        wanted = [ticket for ticket in tickets if not ticket.answer.done()]
        if not wanted:
            return True
        try:
            results = await self._run_batch([ticket.item for ticket in wanted])
            if len(results) != len(wanted):
                raise BatchMisshapen(f"{len(wanted)} items gave {len(results)} results")
        except Exception as error:  # noqa: BLE001  whatever it is, it is somebody's answer
            if len(wanted) > 1:
                log.warning("a batch of %d failed; its items are run alone", len(wanted))
                return False
            _fail(wanted, error)
            return True
        for ticket, result in zip(wanted, results, strict=True):
            if not ticket.answer.done():
                ticket.answer.set_result(result)
        return True

    def _mark(self) -> None:
        """The events say what is true of the waiting items, now."""
        _set(self._some, bool(self._waiting) or not self._open)
        _set(self._enough, len(self._waiting) >= self._max_items or not self._open)


def _set(event: asyncio.Event, wanted: bool) -> None:
    if wanted:
        event.set()
    else:
        event.clear()


def _fail(tickets: Sequence[_Ticket[I, R]], error: BaseException) -> None:
    for ticket in tickets:
        if not ticket.answer.done():
            ticket.answer.set_exception(error)
