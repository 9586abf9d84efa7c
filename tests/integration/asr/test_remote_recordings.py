"""Recordings that are named by their address: heard now or as a job, and what may go wrong."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.recordings import SHORT, SHORT_TEXT
from tests.integration.asr.job_world import REACHES_LOOPBACK, TINY, Bank, bank, site, speech
from tests.integration.core.http.internet import answer, redirect

NAMED = {"content_disposition": 'attachment; filename="../../etc/passwd"'}


async def endless(_: Any, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"sound")
        await asyncio.sleep(0.05)
        await writer.drain()


async def broken_off(_: Any, writer: asyncio.StreamWriter) -> None:
    writer.write(answer(bytes(5000))[:900])
    await writer.drain()


async def heard(ours: Bank, url: str, **fields: str) -> httpx.Response:
    return await ours.client.post("/asr/transcribe-url", data=TINY | {"url": url} | fields)


async def said_later(ours: Bank, url: str) -> dict[str, Any]:
    queued = await heard(ours, url, **{"async": "true"})
    assert queued.status_code == 202, queued.text
    return await ours.until_over(queued.json()["job_id"])


@pytest.mark.inventory("EX-005")
@pytest.mark.timeout(120)
async def test_a_recording_is_fetched_from_where_the_rules_allow(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    sound = SHORT.read_bytes()
    async with (
        bank(embedded_superuser_url, tmp_path, **REACHES_LOOPBACK) as ours,
        site(
            plain=answer(sound, **NAMED),
            moved=redirect("/plain"),
            packed=answer(gzip.compress(sound), content_encoding="gzip"),
        ) as there,
    ):
        refused = await heard(ours, f"http://127.0.0.1:{there.port}/plain")
        assert (refused.status_code, refused.json()["code"]) == (400, "outbound_blocked")
        assert there.connections == 0
        base = await ours.allow(there)
        for path in ("plain", "moved", "packed"):
            answered = await heard(ours, f"{base}/{path}")
            assert answered.status_code == 200, answered.text
            assert answered.json()["transcript"].lower() == SHORT_TEXT
        srt = await heard(ours, f"{base}/plain", format="srt")
        job = await said_later(ours, f"{base}/moved")
        assert (job["status"], job["progress"]) == ("done", 1.0)
        assert job["result"]["transcript"].lower() == SHORT_TEXT
        queued = await heard(ours, f"{base}/plain", format="srt", **{"async": "1"})
        captions = await ours.until_over(queued.json()["job_id"])
        assert captions["result"] == srt.text
        assert await ours.counted() == [("/asr/transcribe-url", pytest.approx(6 * 1.9, abs=0.2))]
        assert ours.uploads == []


@pytest.mark.timeout(150)
async def test_what_is_wrong_there_is_said_of_the_url_now_and_by_the_job(
    app_url: str, embedded_superuser_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.asr.remote.FETCH_S", 1)
    replies = {
        "page": answer(b"<!doctype html><p>Sign in", content_type="text/html"),
        "empty": answer(),
        "missing": answer(status="404 Not Found"),
        "round": redirect("/round"),
        "away": redirect("http://169.254.169.254/latest/meta-data"),
        "file": redirect("file:///etc/passwd"),
        "large": answer(bytes((1 << 20) + 1)),
        "bomb": answer(gzip.compress(bytes(50 << 20)), content_encoding="gzip"),
        "endless": endless,
        "broken_off": broken_off,
    }
    settings = REACHES_LOOPBACK | {"PARLEY_MAX_UPLOAD_MB": "1"}
    async with (
        bank(embedded_superuser_url, tmp_path, **settings) as ours,
        site(**replies) as there,
    ):
        base = await ours.allow(there)
        for path in (*replies, "nowhere"):
            url = f"{base}/{path}" if path in replies else "http://127.0.0.1:1/a.wav"
            refused = await heard(ours, url)
            assert refused.status_code in (400, 415), (path, refused.text)
            assert refused.json()["details"]["field"] == "url", path
            job = await said_later(ours, url)
            assert (job["status"], job["error"]) == ("failed", refused.json()["error"]), path
        for url in ("nonsense", "file:///etc/passwd", "http://a:b@example.com/", "ftp://x/y"):
            refused = await heard(ours, url, **{"async": "true"})
            assert refused.status_code == 400, url
            assert refused.json()["details"]["field"] == "url", url
        assert await ours.counted() == []


@pytest.mark.timeout(90)
async def test_a_job_is_cancelled_while_it_fetches(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with (
        bank(embedded_superuser_url, tmp_path, **REACHES_LOOPBACK) as ours,
        site(endless=endless, plain=answer(speech(3))) as there,
    ):
        base = await ours.allow(there)
        stuck = [await heard(ours, f"{base}/endless", **{"async": "true"}) for _ in range(2)]
        for queued in stuck:
            job_id = queued.json()["job_id"]
            await ours.until(job_id, lambda job: job["status"] == "running")
            assert (await ours.client.delete(f"/asr/jobs/{job_id}")).status_code == 200
        assert (await said_later(ours, f"{base}/plain"))["status"] == "done"
