"""Telephone calls over Twilio, from the first ring to the last word: what is said is heard and
understood, both ways."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from app.bench.twilio_stream import TwilioStream
from app.calls.flows.brain import END, TRANSFER
from tests.api.twilio_place import CALLER, Place, heard_s, place, quiet, voice_url
from tests.fakes.openai_api import Called, Reply
from tests.fakes.twilio_api import new_number


@pytest.fixture
async def here(app_url: str, embedded_superuser_url: str, tmp_path: Path) -> AsyncGenerator[Place]:
    async with place(embedded_superuser_url, tmp_path) as here:
        yield here


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
    number = new_number()
    path = f"/auth/organizations/{here.parley.scope.org_id}/phone-numbers/{number}"
    async with here.parley.client() as client:
        answer = await client.put(path, json={"agent_id": str(agent_id)})
        assert answer.json() == {"phone_number": number, "agent_id": str(agent_id)}
    said = await here.said("Stop please, I have heard enough of this.")
    call = await here.twilio.ring(voice_url(here), to=number, caller=CALLER)
    stream = await call.stream()
    await heard_s(stream, 2)
    stream.say(said)
    await here.answered(stream)
    call.change("")
    await call.over.wait()
    runtime = here.parley.runtime
    async with runtime.database.transaction(here.parley.scope) as tx:
        record = await runtime.calling.calls.records.find_by_provider(tx, call.sid)
    assert record
    assert record.direction == "inbound"
    assert (record.contents.from_number, record.contents.to_number) == (CALLER, number)
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
