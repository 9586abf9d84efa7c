"""Durable work: a job is a row written in the caller's transaction and run at least once.

Procrastinate keeps the queue; this module gives it typed payloads, scopes and the rescue of jobs
whose worker was killed. A handler must be idempotent.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec
import procrastinate
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job

from app.core.db import Tx, forbid_in_transaction
from app.core.metrics import Metrics
from app.core.scope import OrgScope, Scope, UserScope, system_scope
from app.core.tracing import Tracing

log = logging.getLogger(__name__)

P = TypeVar("P", bound=msgspec.Struct)

QUICK, SLOW = "default", "slow"
KEPT = timedelta(days=30)
"""A job that failed: what it was to do may name people."""


class JobFinal(Exception):
    """Raised by a handler that will never succeed: the job fails without another try."""


@dataclass(frozen=True, slots=True)
class JobKind(Generic[P]):
    """A name that stays in the database, what the job carries, and how often it is tried.

    What may take minutes says `queue=SLOW`: it has workers of its own, and keeps no letter waiting.
    """

    name: str
    payload: type[P]
    max_attempts: int = 8
    cron: str | None = None
    queue: str = QUICK


class PurgeEnded(msgspec.Struct, frozen=True):
    pass


PURGE = JobKind("jobs.purge", PurgeEnded, cron="13 3 * * *")

Run = Callable[[Scope, P], Awaitable[None]]


class Jobs:
    """The queue and, where `run_worker` runs, its worker."""

    def __init__(
        self,
        url: str,
        metrics: Metrics,
        tracing: Tracing,
        *,
        heartbeat_s: float = 5,
        stalled_after_s: float = 20,
    ) -> None:
        connector = procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=4)
        self._app = procrastinate.App(connector=connector)
        self._metrics = metrics
        self._tracing = tracing
        self._heartbeat_s = heartbeat_s
        self._stalled_after_s = stalled_after_s
        self.register(PURGE, self._purge)

    async def open(self) -> None:
        await self._app.open_async()

    async def close(self) -> None:
        await self._app.close_async()

    def register(self, kind: JobKind[P], run: Run[P]) -> None:
        """Say who runs `kind`. A kind with a `cron` also starts by itself, in the system scope."""

        async def task(timestamp: int = 0, **arguments: Any) -> None:
            await self._run(kind, run, arguments)

        retry = _Backoff(kind.max_attempts)
        registered = self._app.task(name=kind.name, retry=retry, queue=kind.queue)(task)
        if kind.cron:
            self._app.periodic(cron=kind.cron)(registered)  # pyright: ignore[reportArgumentType]

    async def enqueue(
        self,
        tx: Tx,
        kind: JobKind[P],
        payload: P,
        *,
        key: str | None = None,
        at: datetime | None = None,
    ) -> None:
        """Put a job on the queue, if and when `tx` commits.

        While a job with the same `key` waits, another is not added.
        """
        arguments = _scope_arguments(tx.scope) | {"payload": msgspec.to_builtins(payload)}
        with suppress(AlreadyEnqueued):
            async with tx.savepoint() as connection:
                await self._app.configure_task(
                    kind.name,
                    connection=connection,
                    queue=kind.queue,
                    queueing_lock=key and f"{kind.name}:{key}",
                    schedule_at=at,
                ).defer_async(**arguments)

    async def run_worker(
        self, *, queue: str | None = None, concurrency: int = 4, drain_s: float = 20
    ) -> None:
        """Run jobs of this queue, or of all, until cancelled; then let those under way finish
        within `drain_s`."""
        await self._app.run_worker_async(
            queues=[queue] if queue else None,  # pyright: ignore[reportArgumentType]
            concurrency=concurrency,
            install_signal_handlers=False,
            shutdown_graceful_timeout=drain_s,
            delete_jobs="successful",
            update_heartbeat_interval=self._heartbeat_s,
            stalled_worker_timeout=self._stalled_after_s,
        )

    async def run_rescue(self) -> None:
        """Give the jobs of workers that died back to the queue, for as long as this runs."""
        while True:
            await self.rescue()
            await asyncio.sleep(self._stalled_after_s / 2)

    async def rescue(self) -> None:
        stalled = await self._app.job_manager.get_stalled_jobs(
            seconds_since_heartbeat=self._stalled_after_s
        )
        for job in stalled:
            log.warning("job %s (%s) lost its worker; it runs again", job.id, job.task_name)
            await self._app.job_manager.retry_job(job)

    async def _purge(self, _: Scope, __: PurgeEnded) -> None:
        """Of those that went well nothing is kept at all."""
        await self._app.job_manager.delete_old_jobs(
            int(KEPT / timedelta(hours=1)),
            include_failed=True,
            include_cancelled=True,
            include_aborted=True,
        )

    async def _run(self, kind: JobKind[P], run: Run[P], arguments: dict[str, Any]) -> None:
        forbid_in_transaction()
        payload = msgspec.convert(arguments.get("payload", {}), kind.payload)
        started_s = time.monotonic()
        failed = True
        try:
            with self._tracing.span(kind.name):
                await run(_scope_from(arguments, kind.name), payload)
            failed = False
        finally:
            self._metrics.job_ended(
                kind.name, failed=failed, duration_s=time.monotonic() - started_s
            )


class _Backoff(procrastinate.BaseRetryStrategy):
    """2, 4, 8, ... seconds, an hour at most; a few weeks' worth is `max_attempts`' business."""

    def __init__(self, max_attempts: int) -> None:
        self._max_attempts = max_attempts

    def get_retry_decision(
        self, *, exception: BaseException, job: Job
    ) -> procrastinate.RetryDecision | None:
        if isinstance(exception, JobFinal) or job.attempts + 1 >= self._max_attempts:
            return None
        return procrastinate.RetryDecision(retry_in={"seconds": min(2 ** (job.attempts + 1), 3600)})


def _scope_arguments(scope: Scope) -> dict[str, Any]:
    if isinstance(scope, OrgScope):
        return {"org": msgspec.to_builtins(scope)}
    if isinstance(scope, UserScope):
        return {"user": msgspec.to_builtins(scope)}
    return {}


def _scope_from(arguments: dict[str, Any], kind: str) -> Scope:
    if "org" in arguments:
        return msgspec.convert(arguments["org"], OrgScope)
    if "user" in arguments:
        return msgspec.convert(arguments["user"], UserScope)
    if arguments.keys() - {"payload"}:
        raise JobFinal(f"job {kind} was queued for a scope that this version does not know")
    return system_scope(f"job {kind}")
