"""What the live sockets do when a client, a model or the server does what it should not."""

import asyncio
import json
import socket as sockets
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from app.api import backlog, live_session
from app.api import sockets as sockets_of_api
from app.api.compat.deepgram_session import DeepgramSession
from app.core.errors import InternalError
from app.inference.model_store import ModelMissing
from tests.unit.api.live_sockets import Place, say, serving, silence, speech

MIB = 1024 * 1024
MOST_STREAMS = 6


@pytest.fixture
async def place() -> AsyncGenerator[Place]:
    async with serving(most_streams=MOST_STREAMS) as place:
        yield place


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "PATIENCE_S", 0.2)
    monkeypatch.setattr(live_session, "PATIENCE_S", 0.2)
    monkeypatch.setattr(sockets_of_api, "SENDING_S", 0.5)


async def told(socket: ClientConnection) -> tuple[list[Any], int, str]:
    """All messages, and how it was closed."""
    async with asyncio.timeout(30):
        messages = [json.loads(message) async for message in _until_closed(socket)]
    return messages, socket.close_code or 0, socket.close_reason or ""


async def _until_closed(socket: ClientConnection) -> AsyncGenerator[str | bytes]:
    while True:
        try:
            yield await socket.recv()
        except ConnectionClosed:
            return


async def everything_given_back(place: Place) -> None:
    """No session is held, and every stream can be had again."""
    async with asyncio.timeout(10):
        await place.open_sockets.none.wait()
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not names & {"read a live session", "send to a live session", "look at a sentence"}
    opened = [await place.stream() for _ in range(MOST_STREAMS)]
    for socket in opened:
        await socket.send('{"type": "dance"}')
        assert "dance" in json.loads(await socket.recv())["message"]
    for socket in opened:
        await socket.close()


@pytest.mark.usefixtures("impatient")
async def test_sound_that_comes_faster_than_it_is_heard(place: Place) -> None:
    place.streams.gate.clear()
    sent_bytes = 0

    async def pour(socket: ClientConnection) -> None:
        nonlocal sent_bytes
        frame = speech(0.5) + silence(0.6)
        while sent_bytes < 64 * MIB:
            await socket.send(frame)
            sent_bytes += len(frame)

    async with place.stream() as socket, asyncio.TaskGroup() as group:
        pouring = group.create_task(pour(socket))
        messages, code, reason = await told(socket)
        pouring.cancel()
    assert [message["type"] for message in messages] == ["warning", "error"]
    assert messages[0]["code"] == "backpressure"
    assert code == 1013
    assert "faster than it is heard" in reason
    assert sent_bytes < 32 * MIB  # the rest never left the client
    await everything_given_back(place)


@pytest.mark.usefixtures("impatient")
async def test_a_recording_that_is_sent_at_once_is_all_heard(place: Place) -> None:
    """Four times what may wait."""
    async with place.stream() as socket:
        await say(socket, [1.0] * 40)
        await socket.send('{"type": "end"}')
        messages, code, _ = await told(socket)
    assert [each["text"] for each in messages if each.get("is_final")] == ["Hello."] * 40
    assert code == 1000
    assert place.meter.counted_s == pytest.approx(64.0)


@pytest.mark.usefixtures("impatient")
async def test_who_reads_nothing_holds_nothing_for_long(place: Place) -> None:
    place.streams.says = "word " * 100_000
    raw = sockets.socket()
    raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    raw.setblocking(False)
    host, _, port = place.url.removeprefix("ws://").partition(":")
    await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
    socket = await place.stream(sock=raw, compression=None, ping_interval=None)
    socket.transport.pause_reading()
    await say(socket, [0.3] * 40)
    async with asyncio.timeout(20):
        await place.open_sockets.none.wait()
    assert 0 < place.meter.counted_s < 40
    socket.transport.abort()
    await everything_given_back(place)


async def test_nothing_is_unpacked(place: Place) -> None:
    """A thousand times as much may be in it."""
    async with place.stream(compression="deflate") as socket:
        assert socket.protocol.extensions == []


async def test_an_answer_to_a_ping_may_wait_behind_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient = partial(uvicorn.Config, ws_ping_interval=0.05, ws_ping_timeout=0.05)
    monkeypatch.setattr(uvicorn, "Config", impatient)
    async with serving() as place, place.stream() as socket:
        socket.transport.pause_reading()
        await asyncio.sleep(0.5)
        socket.transport.resume_reading()
        await socket.send('{"type": "end"}')
        assert await told(socket) == ([{"type": "end"}], 1000, "")


@pytest.mark.inventory("EX-015")
@pytest.mark.parametrize("path", ["stream", "listen"])
@pytest.mark.parametrize(
    "failure",
    [
        RuntimeError("/secret/place"),
        InternalError("a defect of /secret/place"),
        ModelMissing("Model x is not prepared in /secret/place"),
    ],
)
async def test_a_model_that_fails(place: Place, path: str, failure: Exception) -> None:
    place.streams.says = failure
    async with getattr(place, path)() as socket:
        await say(socket, [0.5])
        messages, code, reason = await told(socket)
    (error,) = messages
    assert error["type"].lower() == "error"
    assert code == 1011
    assert reason
    assert "secret" not in f"{messages}{reason}"
    await everything_given_back(place)


@pytest.mark.parametrize("path", ["stream", "listen"])
async def test_a_hang_up_in_the_middle_of_a_sentence(place: Place, path: str) -> None:
    place.streams.gate.clear()
    async with getattr(place, path)() as socket:
        await say(socket, [1.0])
        async with asyncio.timeout(10):
            await place.streams.begun.wait()
        socket.transport.abort()
    async with asyncio.timeout(10):
        await place.streams.cancelled.wait()
    place.streams.gate.set()
    await everything_given_back(place)
    if path == "stream":
        assert place.meter.counted_s > 0.5


@pytest.mark.inventory("EX-015")
async def test_more_streams_than_there_may_be(place: Place) -> None:
    opened = [await place.stream() for _ in range(MOST_STREAMS)]
    for socket in opened:
        await socket.send('{"type": "dance"}')
        await socket.recv()
    async with place.stream() as refused:
        messages, code, _ = await told(refused)
    assert (messages[0]["type"], code) == ("error", 1013)
    async with place.listen() as refused:
        messages, code, _ = await told(refused)
    assert (messages[0]["type"], code) == ("Error", 1011)
    for socket in opened:
        await socket.send('{"type": "end"}')
        assert await told(socket) == ([{"type": "end"}], 1000, "")
    await everything_given_back(place)


async def test_what_comes_after_the_end_is_not_heard(place: Place) -> None:
    async with place.stream() as socket:
        await say(socket, [0.5])
        await socket.send('{"type": "end"}')
        await say(socket, [0.5] * 3)
        messages, code, _ = await told(socket)
    assert len([each for each in messages if each.get("is_final")]) == 1
    assert code == 1000


@pytest.mark.parametrize("path", ["stream", "listen"])
async def test_a_server_that_stops_says_so(place: Place, path: str) -> None:
    place.streams.gate.clear()
    async with getattr(place, path)() as socket:
        await say(socket, [1.0])
        async with asyncio.timeout(10):
            await place.streams.begun.wait()
        place.stop.set()
        messages, code, _ = await told(socket)
    assert code == 1012
    assert not [each for each in messages if each["type"].lower() == "error"]
    async with asyncio.timeout(10):
        await asyncio.wait([place.running])
    assert place.open_sockets.none.is_set()


async def test_a_quota_that_is_used_up_ends_the_stream(place: Place) -> None:
    place.meter.most_s = 10.0
    async with place.stream() as socket:
        await say(socket, [1.0] * 10)
        messages, code, reason = await told(socket)
    assert messages[-1]["code"] == "rate_limited"
    assert (code, reason) == (1008, "No audio is left this month")
    await everything_given_back(place)


async def test_deepgrams_silent_clients_are_let_go(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeepgramSession, "idle_s", 0.3)
    async with place.listen() as socket:
        messages, code, reason = await told(socket)
    assert [each["type"] for each in messages] == ["Error"]
    assert code == 1011
    assert "NET-0001" in reason
    await everything_given_back(place)


async def test_deepgrams_silent_clients_stay_while_they_say_so(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DeepgramSession, "idle_s", 1.0)
    async with place.listen() as socket:
        for _ in range(15):
            await socket.send('{"type": "KeepAlive"}')
            await asyncio.sleep(0.1)
        await socket.send('{"type": "CloseStream"}')
        messages, code, _ = await told(socket)
    assert [each["type"] for each in messages] == ["Metadata"]
    assert code == 1000


async def test_a_reason_that_is_too_long_is_cut_between_letters(place: Place) -> None:
    place.meter.most_s = -1.0
    place.meter.refusal = "ß" * 100
    async with place.stream() as socket:
        await say(socket, [10.0])
        messages, code, reason = await told(socket)
    assert messages[-1]["message"] == "ß" * 100
    assert (code, reason) == (1008, "ß" * 61)


async def test_what_is_asked_for_in_vain_is_told_once(place: Place) -> None:
    async with place.stream() as socket:
        config: dict[str, Any] = {"n_best": 3, "top_k": 3, "ptt_mode": True, "language": "en"}
        config |= {"noise_reduce": False, "diarize": True}
        await socket.send(json.dumps({"type": "config", **config}))
        await socket.send(json.dumps({"type": "channel", "name": "system"}))
        await socket.send(json.dumps({"type": "config", "summarize": "briefly"}))
        await socket.send('{"type": "end"}')
        messages, _, _ = await told(socket)
    assert [each["type"] for each in messages] == ["warning", "warning", "end"]
    assert {each["option"] for each in messages[0]["not_applied"]} == {
        "n_best",
        "top_k",
        "ptt_mode",
    }
    assert [each["option"] for each in messages[1]["not_applied"]] == ["summarize"]
    assert all(each["reason"] for each in messages[0]["not_applied"])


async def test_deepgrams_clients_are_told_what_is_not_known_here(place: Place) -> None:
    async with place.listen("model=nova-3&filler_words=true&tier=&token=t&channels=1") as socket:
        await socket.send('{"type": "CloseStream"}')
        messages, _, _ = await told(socket)
    assert [each["parameter"] for each in messages[-1]["warnings"]] == ["filler_words"]


@pytest.mark.inventory("EX-012")
async def test_a_channel_is_heard_as_the_config_before_it_says(place: Place) -> None:
    """At twice the rate there is half as much to count."""
    async with place.stream() as socket:
        await socket.send('{"type": "config", "sample_rate": 32000}')
        await socket.send('{"type": "channel", "name": "system"}')
        await say(socket, [4.0])
        await socket.send('{"type": "end"}')
        await told(socket)
    assert place.meter.counted_s == pytest.approx(2.3)
