"""Calls from browsers through the route: who may, what is refused, and a call that is held."""

import asyncio
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
import pytest

from app.core.audio.decode import DecodeLimits, decode_audio
from tests.api.conftest import LiveServer
from tests.api.people import People, people_of
from tests.browser_peer import OFFER, RATE, BrowserPeer, browser

PATH = "/bot/api/offer"
SPEECH = Path(__file__).parents[1] / "fixtures" / "speech"
CANDIDATE = "candidate:1 1 udp 2122260223 192.0.2.7 51000 typ host"


@pytest.fixture
async def people(server: LiveServer) -> AsyncGenerator[People]:
    async with people_of(server) as people:
        yield people


async def agent_of(client: httpx.AsyncClient, **settings: Any) -> str:
    made = await client.post("/bot/api/agents", json={"name": "Front desk"} | settings)
    assert made.status_code == 201, made.text
    return made.json()["id"]


async def first_agent(client: httpx.AsyncClient) -> str:
    """The demonstration, which answers without a language model."""
    return (await client.get("/bot/api/agents")).json()[0]["id"]


async def offered(
    client: httpx.AsyncClient, offer: dict[str, Any], query: str = ""
) -> httpx.Response:
    """The answer; a machine that is busy says so, and is asked again."""
    async with asyncio.timeout(60):
        while True:
            answer = await client.post(PATH + query, json=offer)
            if answer.status_code != 503:
                return answer
            assert answer.json()["code"] == "calls_refused"
            await asyncio.sleep(1)


async def call(
    client: httpx.AsyncClient, caller: BrowserPeer, body: dict[str, Any], query: str = ""
) -> dict[str, Any]:
    offer = {"sdp": await caller.offer(), "type": "offer"} | body
    answer = await offered(client, offer, query)
    assert answer.status_code == 200, answer.text
    await caller.accept(answer.json()["sdp"])
    await caller.opened()
    return answer.json()


@pytest.mark.inventory("WH-247", "WH-248", "WH-249", "WH-250", "WH-285", "EX-046")
async def test_somebody_talks_with_the_demonstration_in_a_browser(
    admin: httpx.AsyncClient,
) -> None:
    """Hears its greeting, says a name, and is asked the next thing, aloud and in writing."""
    async with browser() as caller:
        answer = await call(admin, caller, {"agent_id": await first_agent(admin)})
        assert answer["type"] == "answer"
        assert re.fullmatch(r"[\w-]{20,}", answer["pc_id"])
        assert answer["not_applied"] == []
        caller.send("client-ready", {"version": "2.1.0", "about": {"library": "test"}})
        await caller.told("bot-ready")
        begun = (await caller.told("server-message"))["data"]
        assert begun["type"] == "call-started"
        record = await admin.get(f"/bot/api/calls/{begun['call_id']}")
        assert record.json()["direction"] == "browser"
        await caller.heard_something()
        await caller.told("bot-stopped-speaking")
        greeting = (await caller.told("bot-transcription"))["data"]["text"]
        assert greeting.endswith("?")
        await caller.say(_spoken("spk2_snt1.ogg"))
        heard = await caller.told("user-llm-text")
        assert "war" in heard["data"]["text"].lower()
        await caller.told("bot-started-speaking", 2)
        await caller.heard_something()
        reply = (await caller.told("bot-transcription", 2))["data"]["text"]
        assert reply
        assert reply != greeting
        interim = [each for each in caller.messages if each["type"] == "user-transcription"]
        assert {each["data"]["final"] for each in interim} == {True, False}
        caller.send("disconnect-bot")
        ended = await caller.told("server-message", 2)
        assert ended["data"] == {"type": "call-ended", "reason": "hung_up"}
        assert (await caller.told("signalling"))["message"] == {"type": "peerLeft"}


@pytest.mark.inventory("WH-251", "WH-252", "WH-253", "WH-254", "EX-044")
async def test_what_a_client_asks_for_may_stand_in_its_request_data(
    admin: httpx.AsyncClient,
) -> None:
    customer = await admin.post("/bot/api/customers", json={"name": "Jane Smith"})
    body = {"requestData": {"agent_id": await first_agent(admin), "theme": "dark"}}
    body["requestData"]["customer_id"] = customer.json()["id"]
    async with browser() as caller:
        query = "?video=1&avatar=simli&avatar_face_id=b9e5fba3"
        answer = await call(admin, caller, body, query)
        assert [each["option"] for each in answer["not_applied"]] == ["avatar"]
        assert "a=recvonly" in answer["sdp"].split("m=video")[1]
        await caller.heard_something()
    async with browser() as caller:
        answer = await call(admin, caller, body)
        assert "a=inactive" in answer["sdp"].split("m=video")[1]


@pytest.mark.inventory("WH-246")
async def test_an_agent_that_wants_to_see_is_shown_pictures_unless_the_call_says_no(
    admin: httpx.AsyncClient,
) -> None:
    agent_id = await agent_of(admin, greeting="Hello.", video_enabled=True)
    for query, direction in (("", "a=recvonly"), ("?video=0", "a=inactive")):
        async with browser() as caller:
            answer = await call(admin, caller, {"agent_id": agent_id}, query)
            assert direction in answer["sdp"].split("m=video")[1]


@pytest.mark.inventory("EX-044")
async def test_a_call_goes_on_over_a_new_connection(admin: httpx.AsyncClient) -> None:
    agent_id = await first_agent(admin)
    async with browser() as first, browser() as second:
        begun = await call(admin, first, {"agent_id": agent_id})
        first.send("client-ready", {"version": "2.1.0"})
        await first.told("bot-stopped-speaking")
        gone_on = await call(admin, second, {"pc_id": begun["pc_id"], "restart_pc": True})
        assert gone_on["pc_id"] == begun["pc_id"]
        second.send("send-text", {"content": "Ada Lovelace"})
        await second.told("bot-transcription")
        assert not [each for each in second.messages if "Welcome" in str(each)]


@pytest.mark.inventory("WH-255", "EX-045")
async def test_candidates_follow_without_credentials_for_whoever_knows_the_call(
    admin: httpx.AsyncClient, client: httpx.AsyncClient
) -> None:
    async with browser() as caller:
        begun = await call(admin, caller, {"agent_id": await first_agent(admin)})
        sent = [
            {"candidate": CANDIDATE},
            {"candidate": CANDIDATE, "sdp_mid": "0", "sdp_mline_index": 0},
            {"candidate": "", "sdp_mid": None, "sdp_mline_index": None},
        ]
        body = {"pc_id": begun["pc_id"], "candidates": sent}
        answer = await client.patch(PATH, json=body)
        assert (answer.status_code, answer.json()) == (200, {"status": "success"})
        unknown = await client.patch(PATH, json=body | {"pc_id": "nobody"})
        assert unknown.status_code == 404
        wrong = await client.patch(PATH, json=body | {"candidates": [{"candidate": "x"}]})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "candidate_invalid")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"sdp": "hello"}, 400, "sdp"),
        ({"sdp": OFFER.replace("opus", "speex")}, 400, "sdp"),
        ({"sdp": OFFER.replace("a=rtcp-mux\r\n", "")}, 400, "sdp"),
        ({"sdp": OFFER + "a=x\r\n" * 20_000}, 413, "sdp"),
        ({"sdp": None}, 400, "sdp"),
        ({"type": "answer"}, 400, "type"),
        ({"agent_id": "seven"}, 400, "agent_id"),
        ({"agent_id": None}, 400, "agent_id"),
        ({"agent_id": str(uuid4())}, 404, ""),
        ({"customer_id": str(uuid4())}, 404, ""),
        ({"pc_id": "x" * 1000}, 400, "pc_id"),
        ({"requestData": 5}, 400, "requestData"),
    ],
)
async def test_an_offer_that_cannot_be_taken_is_refused_with_the_reason(
    admin: httpx.AsyncClient, body: dict[str, Any], status: int, field: str
) -> None:
    good = {"sdp": OFFER, "type": "offer", "agent_id": await first_agent(admin)}
    answer = await offered(admin, good | body)
    assert answer.status_code == status, answer.text
    assert field in answer.json()["error"]


@pytest.mark.inventory("WH-234")
async def test_a_call_needs_a_caller_and_an_agent_of_its_organization(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, people: People
) -> None:
    offer = {"sdp": OFFER, "type": "offer", "agent_id": await first_agent(admin)}
    assert (await offered(client, offer)).status_code == 401
    owner, _ = await people.owner()
    assert (await offered(owner.client, offer)).status_code == 404
    own = offer | {"agent_id": await agent_of(owner.client)}
    assert (await offered(owner.client, own)).status_code == 200


async def test_a_browser_is_told_whom_it_may_ask_to_be_reached(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    """Of this installation, nobody."""
    assert (await client.get("/bot/api/ice-servers")).status_code == 401
    answer = await admin.get("/bot/api/ice-servers")
    assert answer.json() == {"iceServers": []}
    assert answer.headers["cache-control"] == "no-store"


async def test_a_flood_of_offers_is_held_to_a_rate(client: httpx.AsyncClient) -> None:
    async def once() -> int:
        return (await client.post(PATH, json={})).status_code

    async with asyncio.TaskGroup() as group:
        tries = [group.create_task(once()) for _ in range(130)]
    statuses = [each.result() for each in tries]
    assert set(statuses) == {401, 429}
    assert statuses.count(401) <= 120


def _spoken(name: str) -> Any:
    limits = DecodeLimits(60, 60)
    sound = decode_audio(SPEECH / name, sample_rate=RATE, limits=limits)
    return np.concatenate([sound, np.zeros(RATE // 2, np.float32)])
