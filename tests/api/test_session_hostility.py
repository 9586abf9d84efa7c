"""Clients of voice sessions who mean no good, and many at once: who talks beside them goes on."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
import websockets
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.calls.sessions import admission
from tests.api.voice_talk import FRAME, HERE, Talk, created, silence, speech, talking
from tests.api.wired import Wired, wired
from tests.fakes import speech_vendors
from tests.fakes.vendor import Answer

MANY = 50
QUIET = json.dumps({"type": "audio", "data": base64.b64encode(bytes(FRAME)).decode()})


@pytest.fixture(autouse=True)
def busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What else runs on it is no matter here."""
    monkeypatch.setattr(admission, "MOST_LAG_S", 60)


@pytest.fixture
async def voice() -> AsyncGenerator[speech_vendors.OpenAi]:
    async with speech_vendors.OpenAi().serving() as vendor:
        yield vendor


@pytest.fixture
async def parley(
    own_database_url: str, tmp_path: Path, voice: speech_vendors.OpenAi
) -> AsyncGenerator[Wired]:
    """Who speaks needs no processor: that is not what is short here."""
    own = {
        "PARLEY_DEV_PORTS": "true",
        "VARIANT": "en-tiny",
        "TTS_ENGINE": "openai",
        "TTS_BASE_URL": voice.url,
        "TTS_API_KEY": speech_vendors.KEY,
        "TTS_MODEL": "gpt-4o-mini-tts",
        "TTS_VOICE": "alloy",
        "PARLEY_PHRASE_CACHE_MB": "0",
    }
    async with wired(own_database_url, tmp_path, **own) as parley:
        yield parley


@pytest.fixture
async def client(parley: Wired) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=HERE, timeout=60) as client:
        yield client


def address(session_id: str) -> str:
    return f"{HERE}/stream/{session_id}".replace("http", "ws")


async def emptied(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while (await client.get("/status")).json()["active_sessions"]:
            pass


async def test_somebody_who_talks_is_answered_beside_those_who_mean_no_good(
    client: httpx.AsyncClient,
) -> None:
    async with (
        talking(await created(client)) as talk,
        websockets.connect(address(await created(client)), max_queue=1) as deaf,
        websockets.connect(address(await created(client))) as large,
        talking(await created(client)) as flood,
    ):
        async with asyncio.TaskGroup() as group:
            group.create_task(_never_reads(deaf))
            group.create_task(_too_large(large))
            group.create_task(_floods(flood.socket, 1500))
            await talk.until(lambda: talk.sound_ms > 500)
            await talk.socket.send('{"type": "interrupt"}')
            heard_ms = talk.sound_ms
            await talk.say(silence(0.5), speech(), silence(1))
            await talk.until(lambda: talk.sound_ms > heard_ms + 300)
            assert "modern" in talk.of("turn_complete")[-1]["transcript"].lower()
        await flood.until(lambda: len(flood.of("audio_frame")) == 1500)
        deaf.transport.abort()
    await emptied(client)


async def _never_reads(socket: websockets.ClientConnection) -> None:
    """Until nothing more is taken from it."""
    try:
        async with asyncio.timeout(5):
            while True:
                await socket.send(QUIET)
    except (TimeoutError, ConnectionClosed):
        return


async def _too_large(socket: websockets.ClientConnection) -> None:
    """10 MB are refused with a sentence; what no message can need closes the connection."""
    await socket.send(json.dumps({"type": "audio", "data": "A" * 10_000_000}))
    async with asyncio.timeout(60):
        while (told := json.loads(await socket.recv()))["type"] != "error":
            pass
        assert "characters" in told["error"]
        with pytest.raises(ConnectionClosed) as closed:
            await socket.send("A" * 20_000_000)
            while True:
                await socket.recv()
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 1009


async def _floods(socket: websockets.ClientConnection, count: int) -> None:
    for _ in range(count):
        await socket.send(QUIET)


async def test_an_answer_that_is_being_made_is_stopped_before_its_first_sound(
    client: httpx.AsyncClient, voice: speech_vendors.OpenAi
) -> None:
    """And a call is on record as over, whose client vanished in the middle of an answer."""
    session_id = await created(client)
    async with talking(session_id) as talk:
        await talk.until(lambda: talk.sound_ms > 500)
        await talk.socket.send('{"type": "interrupt"}')
        await talk.until(lambda: talk.events[-1].get("status") == "listening")
        heard_ms = talk.sound_ms
        # An answer that is begun before all was heard is made once more.
        voice.scripted = [Answer(200, "audio/pcm", [], hangs=True)] * 20
        await talk.say(silence(0.5), speech(), silence(0.8))
        await talk.until(lambda: _is_answering(talk, voice))
        voice.scripted = []
        voice.left.clear()
        answer = await client.post(f"/api/v1/session/{session_id}/interrupt")
        assert answer.json()["status"] == "interrupted"
        async with asyncio.timeout(10):
            await voice.left.wait()
        await talk.until(lambda: talk.events[-1].get("status") == "listening")
        await asyncio.sleep(1)
        assert talk.sound_ms == heard_ms
        await talk.say(speech(), silence(0.8))
        await talk.until(lambda: talk.sound_ms > heard_ms)
        talk.socket.transport.abort()
    await emptied(client)


def _is_answering(talk: Talk, voice: speech_vendors.OpenAi) -> bool:
    """All that was said."""
    turns = talk.of("turn_complete")
    is_heard = bool(turns) and "modern" in turns[-1]["transcript"].lower()
    return is_heard and talk.of("status")[-1].get("details") == voice.asked[-1].body["input"]


@pytest.mark.inventory("SO-054")
async def test_as_many_as_there_is_room_for_are_heard_and_the_others_are_told_so(
    client: httpx.AsyncClient, voice: speech_vendors.OpenAi
) -> None:
    voice.scripted = [Answer(200, "audio/pcm", [bytes(4800)])] * MANY
    async with AsyncExitStack() as stack:
        answers = await asyncio.gather(*(_connected(client, stack) for _ in range(MANY)))
        connected = [socket for socket in answers if socket]
        assert 10 <= len(connected) < MANY
        assert (await client.get("/status")).json()["active_sessions"] == len(connected)
        await asyncio.gather(*map(_is_heard, connected))
    await emptied(client)
    async with talking(await created(client)):
        pass


async def _connected(
    client: httpx.AsyncClient, stack: AsyncExitStack
) -> websockets.ClientConnection | None:
    """None where there is no room, as an answer to the handshake or soon after it."""
    try:
        socket = await websockets.connect(address(await created(client)), open_timeout=60)
    except InvalidStatus as error:
        response = error.response
        if response.status_code != 503 or "retry-after" not in response.headers:
            raise
        return None
    stack.push_async_callback(socket.close)
    async with asyncio.timeout(60):
        while (told := json.loads(await socket.recv()))["type"] not in ("error", "status"):
            pass
    if told["type"] == "status":
        return socket
    assert "try again" in told["error"]
    return None


async def _is_heard(socket: websockets.ClientConnection) -> None:
    async with asyncio.timeout(60):
        for _ in range(10):
            await socket.send(QUIET)
            while json.loads(await socket.recv())["type"] != "audio_frame":
                pass
