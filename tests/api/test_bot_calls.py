"""`/bot/api/calls` as clients use it: lists, records, results, recordings, and an end."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.calls.sessions.browsers import Prepared
from app.calls.sessions.domain import CallAsked
from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.clock import utc_now
from app.core.jobs import Jobs
from app.core.scope import OrgScope
from tests.api.wall.world import Organization, World, world
from tests.browser_peer import OFFER
from tests.integration.calls.held import (
    QuickCasting,
    ScriptedLine,
    calls_of,
    held_to_the_end,
    more_jobs,
    new_agent,
)

CALLS = "/bot/api/calls"
NUMBER = "5551234"


@dataclass
class Place:
    parley: World
    organization: Organization
    scope: OrgScope
    client: httpx.AsyncClient
    jobs: Jobs
    data_dir: Path

    async def get(self, path: str = "", expected: int = 200, **query: Any) -> Any:
        answer = await self.client.get(f"{CALLS}{path}", params=query)
        assert answer.status_code == expected, answer.text
        return answer.json()

    async def asked(self, agent_id: UUID | None = None, **fields: Any) -> UUID:
        runtime = self.parley.runtime
        async with runtime.database.transaction(self.scope) as tx:
            agent = await runtime.calling.agents.get(tx, agent_id or self.organization.agent_id)
            asked = CallAsked(direction="outbound", **fields)
            return (await runtime.calling.calls.records.add(tx, agent, asked)).id

    async def held(self) -> str:
        """A call from a browser, to its end."""
        runtime, line = self.parley.runtime, ScriptedLine()
        agent_id = await new_agent(runtime, self.scope)
        calls = calls_of(runtime, QuickCasting(runtime), self.jobs)
        prepared = await calls.prepare(self.scope, agent_id, self.organization.customer_id)
        await held_to_the_end(line, prepared.hold(line), NUMBER)
        page = await self.get(view="summary", agent_id=str(agent_id))
        return str(page["items"][0]["id"])


@asynccontextmanager
async def place(database_url: str, app_url: str, data_dir: Path) -> AsyncGenerator[Place]:
    async with world(database_url, data_dir, VARIANT="en-tiny") as parley, more_jobs(app_url) as j:
        organization = await parley.organization()
        async with parley.client(token=organization.key) as client:
            scope = OrgScope(organization.id, "test")
            yield Place(parley, organization, scope, client, j, data_dir)


@pytest.mark.inventory("WH-270", "WH-336", "EX-030", "EX-031")
async def test_a_call_can_be_read_and_heard_when_it_is_over(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with place(embedded_superuser_url, app_url, tmp_path) as it:
        call_id = await it.held()
        call = await it.get(f"/{call_id}")
        assert (call["direction"], call["status"]) == ("browser", "completed")
        assert call["customer_id"] == str(it.organization.customer_id)
        assert call["duration"] == call["duration_sec"] > 1
        assert call["created_at"] == call["started_at"]
        assert call["recording_path"] == f"{CALLS}/{call_id}/audio"
        _, question, answer = call["transcript"]
        assert (question["role"], question["text"], question["is_cut"]) == ("user", NUMBER, False)
        assert answer["timings"]["turn_over_s"] <= answer["timings"]["first_sound_s"]
        assert answer["start"] < answer["end"] <= call["duration"] + 0.5
        transcript = await it.get(f"/{call_id}/transcript")
        assert transcript == {"call_id": call_id, "transcript": call["transcript"]}

        result = await it.get(f"/{call_id}/result")
        assert isinstance(result.pop("ready"), bool)
        assert result == {
            "session_id": call_id,
            "status": "completed",
            "direction": "browser",
            "duration_sec": call["duration"],
            "started_at": call["started_at"],
            "ended_at": call["ended_at"],
            "disposition": "callback",
            "result": {"phone": NUMBER},
        }
        await assert_can_be_heard(it, call_id, call["duration"])
        ended = await it.client.post(f"{CALLS}/{call_id}/end")
        assert (ended.status_code, ended.json()["code"]) == (409, "call_state_conflict")
        assert (await it.client.delete(f"{CALLS}/{call_id}")).status_code == 204
        await it.get(f"/{call_id}", expected=404)
        assert list((it.data_dir / "recordings").iterdir()) == []


async def test_a_call_goes_on_as_it_began_when_its_agent_is_changed_and_deleted(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with place(embedded_superuser_url, app_url, tmp_path) as it:
        runtime, line = it.parley.runtime, ScriptedLine()
        agent = f"/bot/api/agents/{(agent_id := await new_agent(runtime, it.scope))}"
        calls = calls_of(runtime, QuickCasting(runtime), it.jobs)
        prepared = await calls.prepare(it.scope, agent_id, None)
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(line.play())
            holding = group.create_task(held_whole(prepared, line))
            await line.until("listening", times=2)
            changed = await it.client.patch(agent, json={"graph": None, "system_prompt": "Sing."})
            assert changed.json()["version"] == 2
            assert (await it.client.delete(agent)).status_code == 204
            line.typed(NUMBER)
            await holding
            playing.cancel()
        (call,) = await it.get(agent_id=str(agent_id))
        assert (call["status"], call["agent_version"]) == ("completed", 1)
        assert (call["disposition"], call["result"]) == ("callback", {"phone": NUMBER})
        again = await it.client.post(
            "/bot/api/offer", json={"sdp": OFFER, "type": "offer", "agent_id": str(agent_id)}
        )
        assert again.status_code == 404, again.text


async def held_whole(prepared: Prepared, line: ScriptedLine) -> None:
    await prepared.hold(line)


async def assert_can_be_heard(it: Place, call_id: str, duration: float) -> None:
    whole = await it.client.get(f"{CALLS}/{call_id}/audio")
    assert whole.status_code == 200
    assert whole.headers["content-type"].startswith("audio/ogg")
    assert whole.headers["accept-ranges"] == "bytes"
    limits = DecodeLimits(max_duration_s=60, deadline_s=60)
    sound = decode_audio(BytesIO(whole.content), sample_rate=8000, channels="split", limits=limits)
    assert sound.shape[0] == 2
    assert sound.shape[1] / 8000 == pytest.approx(duration, abs=0.5)
    size = len(whole.content)
    part = await it.client.get(f"{CALLS}/{call_id}/audio", headers={"Range": "bytes=100-299"})
    assert (part.status_code, part.content) == (206, whole.content[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{size}"
    beyond = await it.client.get(f"{CALLS}/{call_id}/audio", headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")

    url = (await it.get(f"/{call_id}/audio/url"))["url"]
    async with it.parley.client() as anybody:
        assert (await anybody.get(url)).content == whole.content
        answer = await anybody.get(url, headers={"Range": "bytes=-10"})
        assert (answer.status_code, answer.content) == (206, whole.content[-10:])
        spoiled = f"{url[:-2]}{'A' if url[-2] != 'A' else 'B'}{url[-1]}"
        assert (await anybody.get(spoiled)).status_code == 400
        assert (await anybody.get(f"{CALLS}/{call_id}/audio")).status_code == 401


@pytest.mark.inventory("WH-266", "EX-029")
async def test_calls_are_listed_the_newest_first_and_found_by_agent_customer_and_date(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with place(embedded_superuser_url, app_url, tmp_path) as it:
        first = str(it.organization.call_id)
        agent_id = await new_agent(it.parley.runtime, it.scope)
        second = str(await it.asked(agent_id, to_number="+14155550100", metadata={"order": 7}))
        third = str(await it.asked(customer_id=it.organization.customer_id))
        bare = await it.get()
        assert [call["id"] for call in bare] == [third, second, first]
        assert bare[1]["transcript"] == []
        assert bare[1]["metadata"] == {"order": 7}
        assert await it.get(limit=1000) == bare
        page = await it.get(view="summary", limit=2, offset=1)
        assert [call["id"] for call in page["items"]] == [second, first]
        assert page["total"] == 3
        assert "transcript" not in page["items"][0]

        async def found(**query: Any) -> list[str]:
            return [call["id"] for call in await it.get(**query)]

        hour = timedelta(hours=1)
        assert await found(agent_id=str(agent_id)) == [second]
        assert await found(customer_id=str(it.organization.customer_id)) == [third, first]
        assert await found(customer_id=str(uuid4())) == []
        assert len(await found(since=(utc_now() - hour).isoformat())) == 3
        assert await found(since=(utc_now() + hour).isoformat()) == []
        assert await found(until=(utc_now() - hour).isoformat()) == []
        assert len(await found(since="2020-01-01", until="2999-01-01T00:00:00Z")) == 3
        assert len(await found(status="queued")) == 3
        for field, value in (("since", "soon"), ("limit", 0), ("status", "odd"), ("view", "odd")):
            wrong = await it.client.get(CALLS, params={field: value})
            assert (wrong.status_code, field in wrong.text) == (400, True)


async def test_a_call_that_nobody_answered_yet_can_be_ended(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with place(embedded_superuser_url, app_url, tmp_path) as it:
        path = f"/{it.organization.call_id}"
        early = await it.client.delete(f"{CALLS}{path}")
        assert (early.status_code, early.json()["code"]) == (409, "call_state_conflict")
        ended = await it.client.post(f"{CALLS}{path}/end")
        assert (ended.status_code, ended.json()["status"]) == (200, "cancelled")
        result = await it.get(f"{path}/result")
        assert (result["ready"], result["duration_sec"]) == (True, 0)
        missing = await it.get(f"{path}/audio", expected=404)
        assert missing["code"] == "recording_not_found"
        await it.get(f"{path}/audio/url", expected=404)
        await it.get(f"/{uuid4()}/result", expected=404)
