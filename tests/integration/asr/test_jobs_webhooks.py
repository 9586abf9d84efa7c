"""Who asked for it is told that a job is over: signed, again where it failed, nowhere forbidden."""

import asyncio
import hmac
import json
import logging
import time
from collections import Counter
from pathlib import Path

import pytest

from app.core.http import OutboundLimits
from tests.api.recordings import SHORT, SHORT_TEXT
from tests.integration.asr.job_world import REACHES_LOOPBACK, Bank, bank, in_turn, site, until_so
from tests.integration.core.http.internet import Seen, Site, answer, redirect

TOKEN = "tok-3c1f90aa"


async def until_asked(receiver: Site, **times: int) -> None:
    """Until each path was asked so many times."""

    def is_asked() -> bool:
        asked = Counter(seen.target.partition("?")[0] for seen in receiver.requests)
        return all(asked[f"/{path}"] >= count for path, count in times.items())

    await until_so(is_asked)


async def secret_of(ours: Bank) -> bytes:
    """What `./parley orgs webhook-secret` prints."""
    async with ours.runtime.database.transaction(ours.scope) as tx:
        return await ours.runtime.organizations.signing_secret(tx)


def is_signed(seen: Seen, secret: bytes) -> bool:
    """The receiver's recipe, as docs/transcription_jobs.md tells it."""
    parts = dict(part.split("=", 1) for part in seen.headers["x-parley-signature"].split(","))
    expected = hmac.new(secret, parts["t"].encode() + b"." + seen.body, "sha256").hexdigest()
    return hmac.compare_digest(expected, parts["v1"]) and abs(time.time() - int(parts["t"])) < 300


async def sleeps(*_: object) -> None:
    await asyncio.sleep(4)


@pytest.mark.timeout(150)
async def test_the_webhook_is_signed_and_comes_again_until_it_is_taken(
    app_url: str,
    embedded_superuser_url: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.asr.job_webhooks.LIMITS", OutboundLimits(total_s=2, max_redirects=0))
    caplog.set_level(logging.INFO)
    flaky = in_turn(answer(status="500 Broken"), answer(status="404 Not yet"))
    async with (
        bank(embedded_superuser_url, tmp_path, **REACHES_LOOPBACK) as ours,
        site(ok=answer(), flaky=flaky, slow=sleeps, moved=redirect("/ok")) as receiver,
    ):
        base = await ours.allow(receiver)
        paths = ("ok", "slow", "moved", "flaky")
        urls = {path: f"{base}/{path}?token={TOKEN}" for path in paths}
        jobs = {
            path: await ours.queue(SHORT.read_bytes(), webhook_url=url)
            for path, url in urls.items()
        }
        for job_id in jobs.values():
            job = await ours.until_over(job_id)
            assert job["status"] == "done"
        await until_asked(receiver, ok=1, slow=1, moved=1, flaky=2)
        receiver.replies["/flaky"] = receiver.replies["/slow"] = answer()
        receiver.replies["/moved"] = answer()
        await until_asked(receiver, slow=2, moved=2, flaky=3)
        secret = await secret_of(ours)
        assert all(is_signed(seen, secret) for seen in receiver.requests)
        assert not any(is_signed(seen, b"another") for seen in receiver.requests)
        taken = next(seen for seen in receiver.requests if seen.target.startswith("/ok"))
        told = json.loads(taken.body)
        assert told.pop("created_at") < told.pop("finished_at")
        assert told == {
            "event": "transcription.done",
            "job_id": jobs["ok"],
            "status": "done",
            "status_url": f"/asr/jobs/{jobs['ok']}",
            "error": None,
        }
        assert SHORT_TEXT.encode() not in taken.body.lower()
        written = caplog.text
        assert TOKEN not in written
        assert secret.decode() not in written


@pytest.mark.timeout(90)
async def test_a_failure_is_told_too_and_a_receiver_that_is_gone_is_asked_once(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with (
        bank(embedded_superuser_url, tmp_path, **REACHES_LOOPBACK) as ours,
        site(ok=answer(), gone=answer(status="410 Gone")) as receiver,
    ):
        base = await ours.allow(receiver)
        job_id = await ours.queue(b"no sound", webhook_url=f"{base}/gone")
        assert (await ours.until_over(job_id))["status"] == "failed"
        await until_asked(receiver, gone=1)
        told = json.loads(receiver.requests[0].body)
        assert (told["event"], told["job_id"]) == ("transcription.failed", job_id)
        assert told["error"] == (await ours.job(job_id))["error"]
        await ours.queue(b"no sound", webhook_url=f"{base}/ok")
        await until_asked(receiver, ok=1)
        await asyncio.sleep(8)  # longer than a second try takes to come
        assert [seen.target for seen in receiver.requests] == ["/gone", "/ok"]


@pytest.mark.timeout(90)
async def test_a_webhook_reaches_nothing_that_is_not_allowed(
    app_url: str, embedded_superuser_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        bank(embedded_superuser_url, tmp_path, **REACHES_LOOPBACK) as ours,
        site(ok=answer()) as inside,
    ):
        for url in ("file:///etc/passwd", "nonsense", "https://a:b@example.com/", "x" * 3000):
            refused = await ours.client.post(
                "/asr/transcribe",
                files={"file": ("a", SHORT.read_bytes())},
                data={"async": "true", "webhook_url": url},
            )
            assert refused.status_code == 400, url
            assert refused.json()["details"]["field"] == "webhook_url"
        url = f"http://127.0.0.1:{inside.port}/ok"
        job_id = await ours.queue(SHORT.read_bytes(), webhook_url=url)
        assert (await ours.until_over(job_id))["status"] == "done"
        await until_so(lambda: "outbound connection refused" in caplog.text)
        await ours.allow(inside)
        await asyncio.sleep(8)  # longer than a second try takes to come
        assert inside.connections == 0
