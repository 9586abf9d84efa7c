"""Transcriptions that nobody waits for, in a whole Parley with the real recognizer."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.recordings import SHORT, SHORT_TEXT
from tests.api.wall.world import world

OVER = {"done", "failed", "cancelled"}


async def until_over(client: httpx.AsyncClient, job_id: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            job = (await client.get(f"/asr/jobs/{job_id}")).json()
            if job["status"] in OVER:
                return dict(job)


async def queue(client: httpx.AsyncClient, sound: bytes) -> str:
    answer = await client.post(
        "/asr/transcribe", params={"async": "true"}, files={"file": ("a.ogg", sound)}
    )
    assert answer.status_code == 202, answer.text
    job = answer.json()
    assert job["status_url"] == f"/asr/jobs/{job['job_id']}"
    return str(job["job_id"])


@pytest.mark.timeout(150)
async def test_a_recording_is_heard_later_by_its_own_organization_only(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with world(embedded_superuser_url, tmp_path) as parley:
        ours, theirs = await parley.organization(), await parley.organization()
        async with (
            parley.client(token=ours.key) as client,
            parley.client(token=theirs.key) as stranger,
        ):
            job_id = await queue(client, SHORT.read_bytes())
            broken_id = await queue(client, b"no sound at all")
            job = await until_over(client, job_id)
            assert (job["status"], job["progress"]) == ("done", 1.0)
            assert job["result"]["transcript"].lower() == SHORT_TEXT
            broken = await until_over(client, broken_id)
            assert (broken["status"], broken["result"]) == ("failed", None)
            assert broken["error"]
            assert not list((tmp_path / "asr-jobs").iterdir())
            listed = (await client.get("/asr/jobs", params={"limit": 2})).json()
            assert [each["job_id"] for each in listed["jobs"]] == [broken_id, job_id]
            for method in ("GET", "DELETE"):
                assert (await stranger.request(method, f"/asr/jobs/{job_id}")).status_code == 404
            removed = await client.delete(f"/asr/jobs/{job_id}")
            assert removed.json()["status"] == "deleted"
            assert (await client.get(f"/asr/jobs/{job_id}")).status_code == 404
