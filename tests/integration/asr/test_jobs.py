"""Transcriptions that nobody waits for, in a whole Parley with the real recognizer."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.gateway import FAMILY
from app.api.openapi import document
from tests.api.recordings import LONGER, SHORT, SHORT_TEXT
from tests.api.wall.world import world
from tests.integration.asr.job_world import TINY, bank, banking, speech


@pytest.mark.timeout(150)
async def test_a_recording_is_heard_later_by_its_own_organization_only(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with (
        world(embedded_superuser_url, tmp_path) as parley,
        banking(parley, tmp_path) as ours,
        banking(parley, tmp_path) as theirs,
    ):
        client, stranger = ours.client, theirs.client
        job_id = await ours.queue(SHORT.read_bytes())
        broken_id = await ours.queue(b"no sound at all")
        job = await ours.until_over(job_id)
        assert (job["status"], job["progress"]) == ("done", 1.0)
        assert job["result"]["transcript"].lower() == SHORT_TEXT
        broken = await ours.until_over(broken_id)
        assert (broken["status"], broken["result"]) == ("failed", None)
        assert broken["error"]
        assert ours.uploads == []
        listed = (await client.get("/asr/jobs", params={"limit": 2})).json()
        assert [each["job_id"] for each in listed["jobs"]] == [broken_id, job_id]
        assert (await stranger.get("/asr/jobs")).json()["jobs"] == []
        for method in ("GET", "DELETE"):
            assert (await stranger.request(method, f"/asr/jobs/{job_id}")).status_code == 404
        removed = await client.delete(f"/asr/jobs/{job_id}")
        assert removed.json()["status"] == "deleted"
        assert (await client.get(f"/asr/jobs/{job_id}")).status_code == 404


@pytest.mark.timeout(150)
async def test_a_job_gives_what_waiting_would_have_been_answered_with(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    sound = SHORT.read_bytes()
    async with bank(embedded_superuser_url, tmp_path) as ours:
        for path, form in (
            ("/asr/transcribe/clean", {}),
            ("/asr/transcribe/raw", {}),
            ("/asr/transcribe/long", {"word_timestamps": "true"}),
            *(("/asr/transcribe", {"format": each}) for each in ("srt", "vtt", "text", "segments")),
        ):
            waited = await ours.client.post(path, files={"file": sound}, data=TINY | form)
            job = await ours.until_over(await ours.queue(sound, path, **form))
            assert _timeless(job["result"]) == _timeless(_read(waited)), (path, form)
        pcm = speech(3)[44:]
        waited = await ours.client.post("/asr/transcribe/pcm", content=pcm, params=TINY)
        whole = await ours.client.post(
            "/asr/transcribe/pcm", content=pcm, params=TINY | {"async": "true"}
        )
        for job_id in (whole.json()["job_id"], await ours.queue(pcm, "/asr/transcribe/pcm")):
            job = await ours.until_over(job_id)
            assert _timeless(job["result"]) == _timeless(waited.json())
            assert job["result"]["duration"] == 3


def _read(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    is_json = answer.headers["content-type"].startswith("application/json")
    return answer.json() if is_json else answer.text


def _timeless(answer: Any) -> str:
    """Without what it took."""
    return re.sub(r'"inference_time": "[0-9.]+s"', "", json.dumps(answer))


@pytest.mark.inventory("WH-094")
@pytest.mark.timeout(90)
async def test_a_batch_becomes_a_job_for_each_file_or_none_at_all(
    app_url: str, embedded_superuser_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [
        ("files", ("a.ogg", SHORT.read_bytes())),
        ("files", ("b.txt", b"no sound")),
        ("files", ("a.ogg", LONGER.read_bytes())),
    ]
    form = TINY | {"async": "true"}
    async with bank(embedded_superuser_url, tmp_path) as ours:
        monkeypatch.setattr("app.asr.jobs.MOST_OPEN", 2)
        refused = await ours.client.post("/asr/transcribe/batch", files=files, data=form)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_jobs")
        assert (ours.uploads, (await ours.client.get("/asr/jobs")).json()["jobs"]) == ([], [])
        monkeypatch.setattr("app.asr.jobs.MOST_OPEN", 3)
        answer = await ours.client.post("/asr/transcribe/batch", files=files, data=form)
        assert answer.status_code == 202, answer.text
        queued = answer.json()
        assert queued["total"] == 3
        assert [each["filename"] for each in queued["jobs"]] == ["a.ogg", "b.txt", "a.ogg"]
        first, second, third = [await ours.until_over(each["job_id"]) for each in queued["jobs"]]
        assert first["result"]["transcript"].lower() == SHORT_TEXT
        assert (second["status"], second["result"]) == ("failed", None)
        assert third["result"]["duration"] == pytest.approx(5.1, abs=0.1)
        assert ours.uploads == []


@pytest.mark.timeout(60)
async def test_pages_of_jobs_stay_as_they_were_while_new_ones_come(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with bank(embedded_superuser_url, tmp_path) as ours:
        jobs = [await ours.queue(b"no sound") for _ in range(5)]
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await ours.client.get("/asr/jobs", params={"limit": 2} | cursor)
            page = answer.json()
            seen += [each["job_id"] for each in page["jobs"]]
            await ours.queue(b"no sound")
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert seen == jobs[::-1]
        for wrong in ("x", "x" * 1000, "MjAyNi0wMS0wMXx4"):
            answer = await ours.client.get("/asr/jobs", params={"cursor": wrong})
            assert answer.json()["details"]["field"] == "cursor"


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"async": "maybe"}, "async"),
        ({"async": ["true", "true"]}, "async"),
        ({"webhook_url": "https://example.com/"}, "webhook_url"),
        ({"async": "true", "model": "en-huge"}, "model"),
    ],
)
async def test_what_is_wrong_is_said_before_a_job_is_made(
    app_url: str, embedded_superuser_url: str, tmp_path: Path, fields: dict[str, Any], wrong: str
) -> None:
    async with bank(embedded_superuser_url, tmp_path) as ours:
        for path, name in (("", "file"), ("/pcm", "file"), ("/batch", "files")):
            answer = await ours.client.post(
                f"/asr/transcribe{path}", files={name: ("a", b"sound")}, data=fields
            )
            assert answer.status_code == 400, answer.text
            assert answer.json()["details"]["field"] == wrong
        assert ours.uploads == []


async def test_every_route_that_makes_jobs_says_so_in_its_document() -> None:
    paths = json.loads(document(FAMILY, "test"))["paths"]
    making = {
        path
        for path, each in paths.items()
        if path.startswith("/asr/") and "202" in each.get("post", {}).get("responses", {})
    }
    assert making == {
        *(f"/asr/transcribe{rest}" for rest in ("", "/clean", "/raw", "/long", "/pcm", "/batch")),
        "/asr/transcribe-url",
    }
    for path in making:
        operation = paths[path]["post"]
        form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
        assert {"async", "webhook_url"} <= set(form["properties"])
        answer = operation["responses"]["202"]["content"]["application/json"]["schema"]
        wanted = {"total", "jobs"} if path.endswith("batch") else {"job_id", "status", "status_url"}
        assert set(answer["required"]) == wanted
