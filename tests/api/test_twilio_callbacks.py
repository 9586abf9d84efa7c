"""Telephone calls over Twilio that nobody talks in: how they are asked for, and what Twilio tells
of them."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.calls.sessions.domain import CallQuery
from tests.api.twilio_place import CALLER, Place, place, voice_url
from tests.api.wired import wired
from tests.fakes.twilio_api import NUMBER
from tests.fakes.vendor import said as fault_of


@pytest.fixture
async def here(app_url: str, embedded_superuser_url: str, tmp_path: Path) -> AsyncGenerator[Place]:
    async with place(embedded_superuser_url, tmp_path) as here:
        yield here


@pytest.mark.inventory("WH-268")
@pytest.mark.parametrize(
    ("outcome", "state"), [("busy", "busy"), ("no-answer", "no_answer"), ("failed", "failed")]
)
async def test_the_record_says_why_nobody_talked(here: Place, outcome: str, state: str) -> None:
    here.twilio.outcome = outcome
    here.twilio.tells_twice = True
    call_id, call = await here.start(await here.agent())
    await call.over.wait()
    assert (await here.call(call_id)).state == state
    assert set(call.answers) == {204}


async def test_a_call_that_is_called_off_does_not_ring_on(here: Place) -> None:
    here.twilio.outcome = "queued"
    call_id, call = await here.start(await here.agent())
    async with here.parley.client() as client:
        answer = await client.post(f"/bot/api/calls/{call_id}/end")
    assert answer.status_code == 200, answer.text
    async with asyncio.timeout(20):
        await call.changed.wait()
    assert here.twilio.asked[-1].body == {"Status": ["completed"]}
    assert (await here.call(call_id)).state == "cancelled"


@pytest.mark.inventory("WH-267")
async def test_what_is_wrong_with_what_is_asked_is_said_with_its_field(here: Place) -> None:
    agent = str(await here.agent())
    path = "/bot/api/calls/start"
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({}, 400, "agent_id"),
        ({"agent_id": "x", "to": CALLER}, 400, "agent_id"),
        ({"agent_id": str(uuid4()), "to": CALLER}, 404, "Agent not found"),
        ({"agent_id": agent}, 422, "customer_id"),
        ({"agent_id": agent, "to": "911"}, 422, "to"),
        ({"agent_id": agent, "phone_number": "+1 (415) call me"}, 422, "phone_number"),
        ({"agent_id": agent, "to": CALLER, "phone_number": NUMBER}, 400, "phone_number"),
        ({"agent_id": agent, "to_number": NUMBER, "phone_number": CALLER}, 400, "to_number"),
        ({"agent_id": agent, "to_number": "911"}, 422, "to_number"),
        ({"agent_id": agent, "to": CALLER, "colour": "red"}, 400, "colour"),
        ({"agent_id": agent, "customer_id": str(uuid4())}, 404, "Customer not found"),
    ]
    async with here.parley.client() as client:
        for body, status, said in wrong:
            answer = await client.post(path, json=body)
            assert answer.status_code == status, (body, answer.text)
            assert said in answer.json()["error"], (body, answer.text)
    assert here.twilio.calls == {}


async def test_a_customer_is_called_at_the_number_that_is_known(here: Place) -> None:
    here.twilio.outcome = "queued"
    agent = str(await here.agent())
    scope, runtime = here.parley.scope, here.parley.runtime
    async with runtime.database.transaction(scope) as tx:
        details = {"name": "Ada", "phone_number": CALLER}
        customer = await runtime.calling.customers.create(tx, details)
    async with here.parley.client() as client:
        body = {"agent_id": agent, "customer_id": str(customer.id)}
        by_id = (await client.post("/bot/api/calls/start", json=body)).json()
        body = {"agent_id": agent, "phone_number": "+1 415 555-0100"}
        by_number = (await client.post("/bot/api/calls/start", json=body)).json()
        body = {"agent_id": agent, "to_number": CALLER}
        as_others_say = (await client.post("/bot/api/calls/start", json=body)).json()
    for started in (by_id, by_number, as_others_say):
        assert started["status"] == "queued"
        assert started["call_id"] == started["id"]
        assert started["customer_id"] == str(customer.id)
        assert here.twilio.calls[started["call_sid"]].first("To") == CALLER


async def test_a_call_that_twilio_refuses_is_on_record_as_failed(here: Place) -> None:
    agent_id = await here.agent()
    fault = {"code": 21215, "message": "Geo permission is not enabled.", "status": 400}
    here.twilio.scripted.append(fault_of(400, fault))
    async with here.parley.client() as client:
        body = {"agent_id": str(agent_id), "to": CALLER}
        answer = await client.post("/bot/api/calls/start", json=body)
    assert answer.status_code == 422
    assert answer.json()["details"] == {"field": "to"}
    runtime = here.parley.runtime
    async with runtime.database.transaction(here.parley.scope) as tx:
        (record,) = await runtime.calling.calls.records.list(tx, CallQuery(agent_id=agent_id))
    assert (record.state, record.ended_reason) == ("failed", "not_placed")


async def test_without_an_account_at_twilio_it_is_said_what_is_missing(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with wired(embedded_superuser_url, tmp_path) as parley:
        agent = await parley.runtime.calling.agents.create(parley.scope, {"name": "Front desk"})
        async with parley.client() as client:
            body = {"agent_id": str(agent.id), "to": CALLER}
            answer = await client.post("/bot/api/calls/start", json=body)
            assert answer.status_code == 503
            assert "TWILIO_ACCOUNT_SID is not set" in answer.json()["error"]
            answer = await client.post("/bot/api/calls/twilio-voice", data={"CallSid": "CA1"})
            assert answer.status_code == 403


@pytest.mark.inventory("WH-268", "WH-269")
async def test_callbacks_are_twilio_s_or_nobody_s(here: Place) -> None:
    here.twilio.outcome = "queued"
    call_id, call = await here.start(await here.agent())
    for path, fields in (
        ("twilio-status", {"CallSid": call.sid, "CallStatus": "busy"}),
        ("twilio-amd", {"CallSid": call.sid, "AnsweredBy": "fax"}),
        ("twilio-voice", {"CallSid": call.sid, "From": CALLER, "To": NUMBER}),
    ):
        query = {"organization": str(here.parley.scope.org_id), "call": str(call_id)}
        for headers in ({}, {"X-Twilio-Signature": "bm9ib2R5"}):
            async with here.parley.client() as client:
                answer = await client.post(
                    f"/bot/api/calls/{path}", params=query, data=fields, headers=headers
                )
            assert answer.status_code == 403, path
    assert (await here.call(call_id)).state == "queued"


async def test_callbacks_may_be_signed_with_the_key_of_the_account_s_webhooks(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    key = {"PARLEY_TWILIO_WEBHOOK_KEY": "shared key of this test"}
    async with place(embedded_superuser_url, tmp_path, **key) as here:
        here.twilio.webhook_key = "shared key of this test"
        here.twilio.outcome = "busy"
        call_id, call = await here.start(await here.agent())
        await call.over.wait()
        assert (await here.call(call_id)).state == "busy"


async def test_late_callbacks_do_not_undo_what_is_known(here: Place) -> None:
    here.twilio.outcome = "no-answer"
    call_id, call = await here.start(await here.agent())
    await call.over.wait()
    url = call.first("StatusCallback")
    for status in ("ringing", "busy", "completed"):
        answer = await here.twilio.tell(call, url, {"CallStatus": status})
        assert answer.status_code == 204
    assert (await here.call(call_id)).state == "no_answer"
    answer = await here.twilio.tell(call, url, {"CallStatus": "exploded"})
    assert answer.status_code == 400
    unknown = url.replace(str(call_id), str(uuid4()))
    assert (await here.twilio.tell(call, unknown, {"CallStatus": "busy"})).status_code == 404


async def test_a_number_that_rings_nowhere_is_rejected(here: Place) -> None:
    call = await here.twilio.ring(voice_url(here), to="+14155550123", caller=CALLER)
    await call.over.wait()
    assert (call.rejected, call.streams) == ("rejected", [])
