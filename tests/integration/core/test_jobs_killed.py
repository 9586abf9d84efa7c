"""A worker that is killed in the middle of a job: another one finishes it."""

import asyncio
import signal
import sys
from pathlib import Path

import msgspec
import pytest

from app.core.db import Database
from app.core.jobs import JobKind, Jobs
from app.core.metrics import Metrics
from app.core.scope import OrgScope, Scope
from app.core.tracing import Tracing


class Copy(msgspec.Struct, frozen=True):
    target: str


COPY = JobKind("test.copy", Copy)

DOOMED_WORKER = """
import asyncio, sys
from app.core.jobs import Jobs
from app.core.metrics import Metrics
from app.core.tracing import Tracing
from tests.integration.core.test_jobs_killed import COPY

async def run(scope, payload):
    print("started", flush=True)
    await asyncio.Event().wait()

async def main():
    metrics, tracing = Metrics("test"), Tracing(None, "test")
    jobs = Jobs(sys.argv[1], metrics, tracing, heartbeat_s=0.2, stalled_after_s=1)
    await jobs.open()
    jobs.register(COPY, run)
    await jobs.run_worker()

asyncio.run(main())
"""


@pytest.mark.timeout(60)
async def test_the_job_of_a_killed_worker_is_finished_by_another(
    database: Database, app_url: str, org_a: OrgScope, tmp_path: Path
) -> None:
    jobs = Jobs(app_url, Metrics("test"), Tracing(None, "test"), heartbeat_s=0.2, stalled_after_s=1)
    await jobs.open()
    finished = asyncio.Event()

    async def run(_: Scope, payload: Copy) -> None:
        (tmp_path / payload.target).write_text("done")
        finished.set()

    jobs.register(COPY, run)
    async with database.transaction(org_a) as tx:
        await jobs.enqueue(tx, COPY, Copy("result"))

    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", DOOMED_WORKER, app_url, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    async with asyncio.timeout(20):
        assert await child.stdout.readline() == b"started\n"
    child.send_signal(signal.SIGKILL)
    await child.wait()

    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        background = [group.create_task(jobs.run_worker()), group.create_task(jobs.run_rescue())]
        await finished.wait()
        for task in background:
            task.cancel()
    assert (tmp_path / "result").read_text() == "done"
    await jobs.close()
