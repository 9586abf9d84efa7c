"""Telephone calls over Twilio: a real Parley, real models, and Twilio as it documents itself, whose
telephone hears and speaks real sound in real time."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from app.calls.flows.brain import END, TRANSFER
from app.calls.sessions import admission
from app.calls.sessions.domain import Call, CallQuery
from app.core.audio.convert import float_from_int16, int16_from_float
from app.core.audio.g711 import decode_mulaw, encode_mulaw
from app.core.audio.live_resample import LiveResampler
from app.core.audio.wav import wav_bytes
from tests.api.wired import Wired, wired
from tests.fakes.openai_api import MODEL, Called, OpenAiApi, Reply
from tests.fakes.twilio_api import ACCOUNT, NUMBER, TOKEN, TwilioApi, TwilioCall
from tests.fakes.twilio_stream import TwilioStream
from tests.fakes.vendor import said as fault_of

CALLER = "+14155550100"
RATE = 8000
SET_UP = {
    "TWILIO_ACCOUNT_SID": ACCOUNT,
    "TWILIO_AUTH_TOKEN": TOKEN,
    "TWILIO_PHONE_NUMBER": NUMBER,
}


@dataclass
class Place:
    parley: Wired
    twilio: TwilioApi
    model: OpenAiApi

    async def agent(self, **settings: Any) -> UUID:
        behavior = {"silence": {"enabled": False}} | settings.pop("behavior", {})
        fields = {"name": "Front desk", "greeting": "Good morning from Parley."} | settings
        fields["behavior"] = behavior
        return (await self.parley.runtime.agents.create(self.parley.scope, fields)).id

    async def start(self, agent_id: UUID, to: str = CALLER) -> tuple[UUID, TwilioCall]:
        async with self.parley.client() as client:
            asked = {"agent_id": str(agent_id), "to": to}
            answer = await client.post("/bot/api/calls/start", json=asked)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"]), self.twilio.calls[answer.json()["call_sid"]]

    async def call(self, call_id: UUID) -> Call:
        runtime = self.parley.runtime
        async with runtime.database.transaction(self.parley.scope) as tx:
            return await runtime.calls.records.get(tx, call_id)

    async def call_that(self, call_id: UUID, holds: Callable[[Call], bool]) -> Call:
        async with asyncio.timeout(20):
            while True:
                if holds(call := await self.call(call_id)):
                    return call
                await asyncio.sleep(0.05)

    async def turns(self, call_id: UUID) -> list[tuple[str, str]]:
        runtime = self.parley.runtime
        async with runtime.database.transaction(self.parley.scope) as tx:
            turns = await runtime.calls.records.turns(tx, call_id)
        return [(turn.role, turn.text) for turn in turns]

    async def said(self, text: str) -> bytes:
        """As a telephone carries it, with the silence that ends a turn."""
        async with self.parley.client() as client:
            answer = await client.post("/v1/audio/speech", json=_speech(text))
        resampler = LiveResampler(24_000, RATE)
        spoken = np.frombuffer(answer.content, "<i2")
        sound = resampler.push(float_from_int16(spoken))
        return encode_mulaw(int16_from_float(sound)) + b"\xff" * (RATE // 4)

    async def answered(self, stream: TwilioStream) -> None:
        """Until the model was asked for an answer, and that was heard."""
        async with asyncio.timeout(60):
            while True:
                if self.model.asked:
                    break
                await asyncio.sleep(0.05)
        await quiet(stream, after_s=len(stream.heard) / RATE + 0.3)

    async def understood(self, stream: TwilioStream) -> str:
        """What was heard at the telephone, in words."""
        async with self.parley.client() as client:
            wav = wav_bytes(float_from_int16(decode_mulaw(bytes(stream.heard))), RATE)
            answer = await client.post("/asr/transcribe", files={"file": ("call.wav", wav)})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["transcript"]).casefold()


def _speech(text: str) -> dict[str, str]:
    return {"model": "tts-1", "input": text, "voice": "am_michael", "response_format": "pcm"}


def voice_url(here: Place) -> str:
    return f"{here.parley.live.url}/bot/api/calls/twilio-voice"


@asynccontextmanager
async def place(database_url: str, data_dir: Path, **settings: str) -> AsyncGenerator[Place]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with TwilioApi().serving() as twilio, OpenAiApi().serving() as model:
        own = {
            "PARLEY_PORT": str(port),
            "PARLEY_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "PARLEY_TWILIO_API_URL": twilio.url,
            "VARIANT": "en-tiny",
            "PARLEY_PHRASE_CACHE_MB": "0",
            "LLM_PROVIDER": "local",
            "LOCAL_LLM_URL": f"{model.url}/v1",
            "LOCAL_LLM_MODEL": MODEL,
        }
        async with wired(database_url, data_dir, **own, **SET_UP, **settings) as parley:
            yield Place(parley, twilio, model)


@pytest.fixture(autouse=True)
def busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What else runs on it is no matter here."""
    monkeypatch.setattr(admission, "MOST_LAG_S", 60)


@pytest.fixture
async def here(app_url: str, embedded_superuser_url: str, tmp_path: Path) -> AsyncGenerator[Place]:
    async with place(embedded_superuser_url, tmp_path) as here:
        yield here


async def quiet(stream: TwilioStream, *, after_s: float) -> None:
    """Waits until the telephone has been silent for a second, but not before it heard so much."""
    async with asyncio.timeout(30):
        while True:
            levels = np.abs(decode_mulaw(bytes(stream.heard)).astype(np.int32))
            loud = np.flatnonzero(levels > 200)
            last = loud[-1] if loud.size else 0
            if last > after_s * RATE and levels.size - last > RATE:
                return
            await asyncio.sleep(0.1)


@pytest.mark.inventory("WH-256", "WH-267", "WH-268", "WH-285", "EX-047")
async def test_an_agent_calls_somebody_and_they_talk(here: Place) -> None:
    here.twilio.tells_twice = True
    question = await here.said("I would like to open a bank account.")
    call_id, call = await here.start(await here.agent())
    stream = await call.stream()
    await quiet(stream, after_s=0.5)
    stream.say(question)
    await here.answered(stream)
    call.change("")
    await call.over.wait()
    record = await here.call_that(call_id, lambda call: call.state.is_over)
    assert (record.state, record.direction) == ("completed", "outbound")
    assert record.provider_id == call.sid
    assert record.contents.to_number == CALLER
    assert record.contents.metadata == {"answered_by": "human"}
    assert record.ended_reason == "hung_up"
    turns = await here.turns(call_id)
    assert [role for role, _ in turns] == ["agent", "user", "agent"]
    assert "bank account" in turns[1][1].casefold()
    assert turns[2][1] == f"You said: {turns[1][1]}"
    heard = await here.understood(stream)
    assert "good morning" in heard
    assert heard.count("bank account") == 1
    assert set(call.answers) == {204}
    assert len(call.answers) == 10


@pytest.mark.inventory("WH-256", "EX-047")
async def test_who_calls_a_number_of_ours_is_answered_by_its_agent_and_can_interrupt_it(
    here: Place,
) -> None:
    counted = "one, two, three, four, five, six, seven, "
    agent_id = await here.agent(greeting=f"Let me count: {counted * 5} done.")
    path = f"/auth/organizations/{here.parley.scope.org_id}/phone-numbers/{NUMBER}"
    async with here.parley.client() as client:
        answer = await client.put(path, json={"agent_id": str(agent_id)})
        assert answer.json() == {"phone_number": NUMBER, "agent_id": str(agent_id)}
    said = await here.said("Stop please, I have heard enough of this.")
    call = await here.twilio.ring(voice_url(here), to=NUMBER, caller=CALLER)
    stream = await call.stream()
    await asyncio.sleep(4)
    stream.say(said)
    await here.answered(stream)
    call.change("")
    await call.over.wait()
    runtime = here.parley.runtime
    async with runtime.database.transaction(here.parley.scope) as tx:
        record = await runtime.calls.records.find_by_provider(tx, call.sid)
    assert record
    assert record.direction == "inbound"
    assert (record.contents.from_number, record.contents.to_number) == (CALLER, NUMBER)
    await here.call_that(record.id, lambda call: call.state.is_over)
    (_, greeting), (role, words), *_ = await here.turns(record.id)
    assert greeting.startswith("Let me count")
    assert "done" not in greeting
    assert role == "user"
    assert "heard enough" in words


@pytest.mark.inventory("EX-047")
async def test_an_agent_hangs_up_after_its_last_word_was_heard(here: Place) -> None:
    goodbye = Reply("It was a pleasure. Goodbye.", [Called(END, {"reason": "said goodbye"})])
    here.model.replies.append(goodbye)
    thanks = await here.said("That is all, thank you.")
    call_id, call = await here.start(await here.agent())
    stream = await call.stream()
    await quiet(stream, after_s=0.5)
    stream.say(thanks)
    async with asyncio.timeout(30):
        await call.over.wait()
    record = await here.call_that(call_id, lambda call: call.state.is_over)
    assert record.ended_reason == "agent_hung_up"
    assert (await here.understood(stream)).rstrip(".").endswith("goodbye")


async def test_an_agent_hands_the_call_on(here: Place) -> None:
    one_moment = Reply("One moment please.", [Called(TRANSFER, {"to": "+1 415 555 0142"})])
    here.model.replies.append(one_moment)
    wish = await here.said("I want to talk to a person.")
    call_id, call = await here.start(await here.agent())
    stream = await call.stream()
    await quiet(stream, after_s=0.5)
    stream.say(wish)
    async with asyncio.timeout(30):
        await call.over.wait()
    assert call.dialled == ["+14155550142"]
    assert "one moment" in await here.understood(stream)
    record = await here.call_that(call_id, lambda call: call.state.is_over)
    assert record.ended_reason == "transferred"


async def test_keys_are_heard(here: Place) -> None:
    call_id, call = await here.start(await here.agent())
    stream = await call.stream()
    await quiet(stream, after_s=0.5)
    for key in "1234#":
        await stream.press(key)
    await here.answered(stream)
    call.change("")
    await here.call_that(call_id, lambda call: call.state.is_over)
    _, *turns = await here.turns(call_id)
    assert turns == [("user", "1234"), ("agent", "You said: 1234")]


@pytest.mark.inventory("WH-269")
async def test_an_answering_machine_is_hung_up_on(here: Place) -> None:
    here.twilio.answered_by = "machine_start"
    here.twilio.tells_twice = True
    call_id, call = await here.start(await here.agent())
    assert call.first("MachineDetection") == "Enable"
    async with asyncio.timeout(20):
        await call.over.wait()
    record = await here.call_that(call_id, lambda call: call.state.is_over)
    assert record.contents.metadata == {"answered_by": "machine_start"}
    assert len(call.streams) == 1


@pytest.mark.inventory("WH-269")
async def test_an_answering_machine_is_left_the_message_of_the_agent(here: Place) -> None:
    here.twilio.answered_by = "machine_end_beep"
    here.twilio.tells_twice = True
    voicemail = "This is Parley. Please call us back tomorrow."
    _, call = await here.start(await here.agent(behavior={"voicemail": voicemail}))
    assert call.first("MachineDetection") == "DetectMessageEnd"
    async with asyncio.timeout(40):
        await call.over.wait()
    assert len(call.streams) == 2
    heard = await here.understood(call.streams[1])
    assert "call us back tomorrow" in heard
    assert "good morning" not in heard


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
        customer = await runtime.customers.create(tx, details)
    async with here.parley.client() as client:
        body = {"agent_id": agent, "customer_id": str(customer.id)}
        by_id = (await client.post("/bot/api/calls/start", json=body)).json()
        body = {"agent_id": agent, "phone_number": "+1 415 555-0100"}
        by_number = (await client.post("/bot/api/calls/start", json=body)).json()
    for started in (by_id, by_number):
        assert started["status"] == "queued"
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
        (record,) = await runtime.calls.records.list(tx, CallQuery(agent_id=agent_id))
    assert (record.state, record.ended_reason) == ("failed", "not_placed")


async def test_without_an_account_at_twilio_it_is_said_what_is_missing(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with wired(embedded_superuser_url, tmp_path) as parley:
        agent = await parley.runtime.agents.create(parley.scope, {"name": "Front desk"})
        async with parley.client() as client:
            body = {"agent_id": str(agent.id), "to": CALLER}
            answer = await client.post("/bot/api/calls/start", json=body)
            assert answer.status_code == 503
            assert "TWILIO_ACCOUNT_SID is not set" in answer.json()["error"]
            answer = await client.post("/bot/api/calls/twilio-voice", data={"CallSid": "CA1"})
            assert answer.status_code == 403


@pytest.mark.inventory("WH-268", "WH-269", "WH-316")
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


@pytest.mark.inventory("WH-256")
@pytest.mark.parametrize("ticket", ["none", "wrong", "used"])
async def test_a_stream_needs_a_ticket_which_is_good_once(here: Place, ticket: str) -> None:
    _, call = await here.start(await here.agent())
    stream = await call.stream()
    parameters = {
        "none": {},
        "wrong": stream.parameters | {"ticket": "line_guessed"},
        "used": stream.parameters,
    }[ticket]
    async with connect(f"{here.parley.live.url.replace('http', 'ws')}/ws/twilio") as second:
        await TwilioStream(second.send, parameters=parameters).start()
        with pytest.raises(ConnectionClosed) as closed:
            await second.recv()
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 1008
    call.change("")
    await call.over.wait()


@pytest.mark.inventory("EX-047")
async def test_nonsense_on_the_socket_ends_neither_the_call_nor_the_process(here: Place) -> None:
    call_id, call = await here.start(await here.agent())
    stream = await call.stream()
    await quiet(stream, after_s=0.5)
    media = {"track": "inbound", "chunk": "7", "timestamp": "1", "payload": "%%%"}
    for text in (
        "",
        "{",
        "[]",
        '{"event": "start"}',
        '{"event": "later"}',
        json.dumps({"event": "media", "media": media}),
        json.dumps({"event": "media", "media": media | {"chunk": "-9" * 50}}),
        json.dumps({"event": "media", "media": media | {"payload": "/" * 100_000}}),
        "x" * 1_000_000,
    ):
        await stream.send(text)
    await stream.press("5")
    await stream.press("#")
    await here.answered(stream)
    call.change("")
    await call.over.wait()
    record = await here.call_that(call_id, lambda call: call.state.is_over)
    assert record.state == "completed"
    assert ("user", "5") in await here.turns(call_id)
