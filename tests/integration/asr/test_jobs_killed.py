"""A Parley that is killed in the middle of a job, and the next one on the same data."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from app.core.settings import process_environment
from tests.api.recordings import SHORT, SHORT_TEXT
from tests.integration.asr.job_world import OVER, speech

SPOKEN_S = 120


@dataclass
class Parley:
    process: Process
    client: httpx.AsyncClient

    async def queue(self, sound: bytes) -> str:
        answer = await self.client.post(
            "/asr/transcribe",
            params={"async": "true"},
            files={"file": ("a", sound)},
            data={"model": "en-tiny"},
        )
        assert answer.status_code == 202, answer.text
        return str(answer.json()["job_id"])

    async def until(self, job_id: str, statuses: set[str], within_s: float) -> dict[str, Any]:
        async with asyncio.timeout(within_s):
            while True:
                job = (await self.client.get(f"/asr/jobs/{job_id}")).raise_for_status().json()
                if job["status"] in statuses:
                    return dict(job)
                await asyncio.sleep(0.1)


@asynccontextmanager
async def serving(data_dir: Path, database_url: str) -> AsyncGenerator[Parley]:
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0", "--data-dir", str(data_dir)]
    environ = process_environment() | {
        "DATABASE_URL": database_url,
        "PARLEY_DRAIN_S": "1",
        "PARLEY_PHRASE_CACHE_MB": "0",  # what is spoken ahead is a job too, and in the way
    }
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, env=environ)
    try:
        url = await _url(process)
        token = (data_dir / "auth" / "admin_token.txt").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
            yield Parley(process, client)
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(60):
            await process.wait()


async def _url(process: Process) -> str:
    assert process.stdout
    url = ""
    async for line in process.stdout:
        name, _, fact = line.decode().partition(":")
        url = fact.split()[0] if name == "URL" else url
        if name == "Models":
            return url
    raise AssertionError("the server ended before it was ready")


def open_jobs(database_url: str) -> set[str]:
    with psycopg.connect(database_url) as connection:
        found = connection.execute(
            "SELECT id::text FROM asr_jobs WHERE status IN ('queued', 'running')"
        )
        return {job_id for (job_id,) in found}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
async def test_a_job_outlives_its_process_and_is_counted_once(
    own_database_url: str, tmp_path: Path, how: signal.Signals
) -> None:
    async with serving(tmp_path, own_database_url) as first:
        jobs = [await first.queue(speech(SPOKEN_S)) for _ in range(2)]
        waiting = await first.queue(SHORT.read_bytes())
        await first.until(jobs[0], {"running"}, within_s=60)
        first.process.send_signal(how)
        await first.process.wait()
    left = open_jobs(own_database_url)
    assert left & {*jobs}
    assert {each.name for each in (tmp_path / "asr-jobs").iterdir()} == left
    async with serving(tmp_path, own_database_url) as second:
        heard = await second.until(waiting, OVER, within_s=120)
        assert heard["result"]["transcript"].lower() == SHORT_TEXT
        for job_id in jobs:
            job = await second.until(job_id, OVER, within_s=180)
            assert (job["status"], job["result"]["duration"]) == ("done", SPOKEN_S)
        assert not list((tmp_path / "asr-jobs").iterdir())
        await asyncio.sleep(1.5)  # counts are written every second
        use = (await second.client.get("/auth/usage")).json()["usage"]
        counted_s = sum(each["amounts"]["audio_s"] for each in use)
        assert counted_s == pytest.approx(2 * SPOKEN_S + 1.9, abs=0.1)
