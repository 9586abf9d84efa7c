"""Jobs that are cancelled, done twice, purged, or find no room."""

import asyncio
import os
import resource
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from app.asr import store
from app.asr.job_files import JobFiles
from app.asr.jobs import PURGE, TRANSCRIBE, PurgeJobs, TranscribeUpload
from app.core.clock import utc_now
from app.core.jobs import Jobs
from app.core.metrics import Metrics
from app.core.scope import system_scope
from app.core.tracing import Tracing
from tests.api.recordings import SHORT
from tests.integration.asr.job_world import Bank, bank, speech, until_so

SPOKEN_S = 360
SLOW_S = 150
"""A machine that is busy otherwise needs that long to begin."""


async def until_idle(within_s: float) -> None:
    """Until this process, models included, computes nothing to speak of."""
    async with asyncio.timeout(within_s):
        busy_s = 1.0
        while busy_s > 0.15:
            before_s = time.process_time()
            await asyncio.sleep(1)
            busy_s = time.process_time() - before_s


@pytest.mark.timeout(400)
async def test_a_cancelled_job_stops_and_one_that_waits_never_begins(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with bank(embedded_superuser_url, tmp_path) as ours:
        long = speech(480)
        running = [await ours.queue(long) for _ in range(2)]
        waiting = await ours.queue(long)
        for job_id in running:
            job = await ours.until(job_id, lambda job: job["progress"] > 0, SLOW_S)
            assert job["status"] == "running"
        assert (await ours.job(waiting))["status"] == "queued"
        for job_id in (waiting, *running):
            answer = await ours.client.delete(f"/asr/jobs/{job_id}")
            assert answer.json() == {"job_id": job_id, "status": "cancelled"}
        assert ours.uploads == []
        await until_idle(within_s=30)
        short = await ours.queue(SHORT.read_bytes())
        assert (await ours.until_over(short))["status"] == "done"
        for job_id in (waiting, *running):
            job = await ours.job(job_id)
            assert (job["status"], job["result"]) == ("cancelled", None)
        assert (await ours.job(waiting))["started_at"] is None
        ((_, counted_s),) = await ours.counted()
        assert counted_s == pytest.approx(1.9, abs=0.1)


@pytest.mark.timeout(400)
async def test_progress_grows_and_a_job_that_runs_twice_is_counted_once(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with bank(embedded_superuser_url, tmp_path) as ours:
        job_id = await ours.queue(speech(SPOKEN_S))
        await ours.until(job_id, lambda job: 0 < job["progress"] < 1, SLOW_S)
        await run_again(ours, app_url, job_id)
        await ours.until(job_id, lambda job: job["progress"] == 0)
        seen: list[float] = []
        while (job := await ours.job(job_id))["status"] == "running":
            seen.append(job["progress"])
            await asyncio.sleep(0.1)
        assert seen == sorted(seen)
        assert 0 < seen[-1] < 1
        assert (job["status"], job["progress"]) == ("done", 1.0)
        assert job["result"]["duration"] == SPOKEN_S
        assert await ours.counted() == [("/asr/transcribe", SPOKEN_S)]
        assert ours.uploads == []


@pytest.mark.timeout(60)
async def test_after_a_week_a_job_is_gone_and_so_are_uploads_that_nothing_waits_for(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with bank(embedded_superuser_url, tmp_path) as ours:
        fresh, old = [await ours.queue(SHORT.read_bytes()) for _ in range(2)]
        for job_id in (fresh, old):
            assert (await ours.until_over(job_id))["status"] == "done"
        async with ours.runtime.database.transaction(ours.scope) as tx:
            row = await store.find(tx, UUID(old))
            assert row
            row.finished_at = utc_now() - store.KEPT - timedelta(seconds=1)
            waiting = await store.find(tx, UUID(fresh))
            assert waiting
            waiting.status = "queued"
        strange, nobodys = tmp_path / "asr-jobs" / "lost+found", tmp_path / "asr-jobs" / old
        needed, young = tmp_path / "asr-jobs" / fresh, tmp_path / "asr-jobs" / str(UUID(int=1))
        for path in (strange, nobodys, needed, young):
            path.write_bytes(b"sound")
        yesterday_s = time.time() - 2 * 24 * 3600
        for path in (strange, nobodys, needed):
            os.utime(path, (yesterday_s, yesterday_s))
        async with (
            opened_jobs(app_url) as jobs,
            ours.runtime.database.transaction(system_scope("test")) as tx,
        ):
            await jobs.enqueue(tx, PURGE, PurgeJobs())
        await until_so(lambda: not nobodys.exists())
        assert (await ours.client.get(f"/asr/jobs/{old}")).status_code == 404
        assert (await ours.job(fresh))["status"] == "queued"
        assert set(ours.uploads) == {strange, needed, young}


@pytest.mark.timeout(60)
async def test_an_upload_without_room_is_said_and_an_upload_that_is_lost_fails(
    app_url: str, embedded_superuser_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bank(embedded_superuser_url, tmp_path) as ours:
        for form in ({"async": "true"}, {}):
            with files_of_at_most(1 << 20):
                answer = await ours.client.post(
                    "/asr/transcribe", files={"file": ("a.wav", speech(60))}, data=form
                )
            assert (answer.status_code, answer.json()["code"]) == (503, "disk_full")
        assert ours.uploads == []
        assert (await ours.client.get("/asr/jobs")).json()["jobs"] == []
        monkeypatch.setattr("app.asr.jobs.MOST_TRIES", 1)
        monkeypatch.setattr(JobFiles, "keep", keep_nothing)
        job = await ours.until_over(await ours.queue(b"sound"))
        assert (job["status"], job["error"]) == ("failed", "The upload is not there any more")


def keep_nothing(*_: object) -> None:
    """The disk of another replica."""


@contextmanager
def files_of_at_most(size: int) -> Generator[None]:
    """Of this process: to it, the disk is full beyond that."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@asynccontextmanager
async def opened_jobs(app_url: str) -> AsyncGenerator[Jobs]:
    jobs = Jobs(app_url, Metrics("test"), Tracing(None, "test"))
    await jobs.open()
    try:
        yield jobs
    finally:
        await jobs.close()


async def run_again(ours: Bank, app_url: str, job_id: str) -> None:
    """As the rescue does for a job whose worker is taken for dead."""
    async with opened_jobs(app_url) as jobs, ours.runtime.database.transaction(ours.scope) as tx:
        await jobs.enqueue(tx, TRANSCRIBE, TranscribeUpload(UUID(job_id)))
