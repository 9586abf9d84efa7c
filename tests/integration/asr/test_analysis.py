"""What is said of a conversation with its transcript: a whole Parley with the real recognizer, and
a model of Anthropic's protocol over a socket."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.llm.analysis.sales import PRACTICES
from app.tenancy.usage import days_ago
from tests.api.recordings import LONGER, SHORT
from tests.api.wall.world import world
from tests.fakes.anthropic_api import KEY, MODEL, AnthropicApi, Reply, error
from tests.fakes.vendor import Answer, Asked, said
from tests.integration.asr.job_world import TINY, Bank, bank, banking, speech

WORDS = "block books"
"""Said in the recording."""
SOUND = LONGER.read_bytes()
PRACTICE: dict[str, Any] = {
    "score": 6,
    "comment": "Fine.",
    "evidence": [{"segment": 0, "quote": WORDS}, {"segment": 0, "quote": "never said"}],
}
COACHED: dict[str, Any] = {
    **dict.fromkeys(PRACTICES, PRACTICE),
    "buyer_outcome": "undecided",
    "highlights": [],
    "summary": "About printing.",
}
BEHAVIORS = {"behaviors": [{"segment": 0, "behavior": "other"}]}


class Analyst(AnthropicApi):
    """Answers what it is asked for."""

    def answer(self, asked: Asked) -> Answer:
        told = task_of(asked)
        if "one label for each" in told:
            self.replies = [Reply((json.dumps(BEHAVIORS),))]
        elif "Coach the seller" in told:
            self.replies = [Reply((json.dumps(COACHED),))]
        elif "JSON" in told:
            self.replies = [Reply(('{"empathy": 7}',))]
        return super().answer(asked)


def task_of(asked: Asked) -> str:
    return str(asked.body["messages"][0]["content"][0]["text"])


@asynccontextmanager
async def analysing(url: str, data_dir: Path) -> AsyncGenerator[tuple[Bank, Analyst]]:
    async with Analyst().serving() as claude, bank(url, data_dir, **of(claude)) as ours:
        yield ours, claude


def of(claude: AnthropicApi) -> dict[str, str]:
    return {
        "LLM_PROVIDER": "claude",
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": claude.url,
        "ANTHROPIC_MODEL": MODEL,
    }


async def transcribed(ours: Bank, path: str = "/asr/transcribe", **fields: str) -> dict[str, Any]:
    answer = await ours.client.post(path, files={"file": ("a", SOUND)}, data=TINY | fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def tokens_of(ours: Bank) -> dict[str, int]:
    """Where tokens were counted for the key, and how many."""
    await ours.runtime.usage.flush()
    async with ours.runtime.database.transaction(ours.scope) as tx:
        sums = await ours.runtime.usage.sums(tx, since=days_ago(1))
    return {each.endpoint: each.amounts.llm_tokens for each in sums if each.amounts.llm_tokens}


@pytest.mark.inventory("WH-057", "WH-083", "WH-084", "WH-177", "WH-178")
@pytest.mark.timeout(150)
async def test_a_transcript_comes_with_what_is_said_of_it(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with analysing(embedded_superuser_url, tmp_path) as (ours, claude):
        body = await transcribed(ours, summarize="sales_coaching")
        assert body["num_speakers"] == 1
        assert "not_applied" not in body
        assert body["summary"] == "About printing."
        assert body["analysis"]["overall_score"] == 6
        (evidence,) = body["analysis"]["practices"]["closing"]["evidence"]
        segment = body["segments"][0]
        assert evidence == {
            "segment": 0,
            "speaker": segment["speaker"],
            "start": segment["start"],
            "end": segment["end"],
            "quote": WORDS,
        }
        details = body["analysis_details"]
        assert details["model"] == f"claude {MODEL}"
        assert details["computed"]["speakers"][0]["speaker"] == "SPEAKER_00"
        assert details["computed"]["words"] == 14
        for asked in claude.asked:
            assert f"| [0] SPEAKER_00 0:00: {segment['text']}" in task_of(asked)
        assert details["tokens"] > 100
        assert await tokens_of(ours) == {"/asr/transcribe": details["tokens"]}


@pytest.mark.inventory("WH-177", "WH-190")
@pytest.mark.timeout(150)
async def test_every_route_that_hears_a_recording_can_be_asked(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    wanted = {"summarize": "Score empathy as JSON."}
    async with analysing(embedded_superuser_url, tmp_path) as (ours, claude):
        long = await transcribed(ours, "/asr/transcribe/long", **wanted)
        batch = await ours.client.post(
            "/asr/transcribe/batch",
            files=[("files", ("a", SOUND)), ("files", ("b", SHORT.read_bytes()))],
            data=TINY | wanted,
        )
        pcm = await ours.client.post(
            "/asr/transcribe/pcm", content=speech(3)[44:], params=TINY | wanted
        )
        answers = [long, *(each["result"] for each in batch.json()["results"]), pcm.json()]
        assert [each["analysis"] for each in answers] == [{"empathy": 7}] * 4
        asked = len(claude.asked)
        for path in ("/asr/transcribe/clean", "/asr/transcribe/raw"):
            assert "summary" not in await transcribed(ours, path, **wanted)
        assert "summary" not in await transcribed(ours, format="segments", **wanted)
        assert "summary" not in await transcribed(ours, summarize="false")
        assert len(claude.asked) == asked, "nobody would have seen the answer"


@pytest.mark.timeout(150)
async def test_a_transcript_is_not_lost_with_the_model(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with analysing(embedded_superuser_url, tmp_path) as (ours, claude):
        claude.scripted = [said(401, error("authentication_error", "invalid x-api-key"))]
        body = await transcribed(ours, summarize="true")
        assert WORDS in body["transcript"]
        assert (body["summary"], body["analysis"]) == (None, None)
        assert body["summary_error"]["error"]
        assert "analysis_details" not in body
        claude.scripted = [said(401, error("authentication_error", "invalid x-api-key"))]
        job = await ours.until_over(await ours.queue(SOUND, summarize="true"))
        assert job["status"] == "done"
        assert WORDS in job["result"]["transcript"]
        assert job["result"]["summary_error"] == body["summary_error"]
        assert await tokens_of(ours) == {}


@pytest.mark.timeout(150)
async def test_a_stored_transcript_can_be_asked_about(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with (
        Analyst().serving() as claude,
        world(embedded_superuser_url, tmp_path, **of(claude)) as parley,
        banking(parley, tmp_path) as ours,
        banking(parley, tmp_path) as theirs,
    ):
        job_id = await ours.queue(SOUND, summarize="Score empathy as JSON.", diarize="false")
        job = await ours.until_over(job_id)
        assert job["result"]["analysis"] == {"empathy": 7}
        assert job["result"]["num_speakers"] == 1
        path = f"/asr/jobs/{job_id}/analysis"
        told = (await ours.client.post(path, json={"summarize": "What was it?"})).json()
        assert (told["summary"], told["analysis"]) == ("Good morning.", None)
        assert job["result"]["segments"][0]["text"] in task_of(claude.asked[-1])
        counted = await tokens_of(ours)
        assert counted["/asr/jobs/{job_id}/analysis"] == told["analysis_details"]["tokens"]
        assert counted["/asr/transcribe"] == job["result"]["analysis_details"]["tokens"]
        stranger = await theirs.client.post(path, json={"summarize": "true"})
        assert stranger.status_code == 404
        for wrong in ({"summarize": " "}, {"summarize": "false"}, {}, {"summarize": 1}):
            assert (await ours.client.post(path, json=wrong)).status_code == 400, wrong
        asked = len(claude.asked)
        broken = await ours.until_over(await ours.queue(b"no sound at all"))
        empty = f"/asr/jobs/{broken['job_id']}/analysis"
        answer = await ours.client.post(empty, json={"summarize": "true"})
        assert (answer.status_code, answer.json()["code"]) == (409, "transcript_missing")
        assert len(claude.asked) == asked
        claude.scripted = [said(401, error("authentication_error", "invalid x-api-key"))]
        failed = await ours.client.post(path, json={"summarize": "What was it?"})
        assert failed.status_code >= 500
