"""Voice sessions on their development port: a real Parley, real models, real speech, and clients as
the document shows them."""

import asyncio
import base64
import json
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import websockets
from websockets.exceptions import InvalidStatus

from app.calls.sessions import admission
from tests.api.voice_talk import HERE, STAMP, Talk, created, silence, speech, spoken, talking
from tests.api.wired import Wired, wired


@pytest.fixture(autouse=True)
def busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What else runs on it is no matter here."""
    monkeypatch.setattr(admission, "MOST_LAG_S", 60)


@pytest.fixture
async def parley(own_database_url: str, tmp_path: Path) -> AsyncGenerator[Wired]:
    own = {"PARLEY_DEV_PORTS": "true", "VARIANT": "en-tiny"}
    async with wired(own_database_url, tmp_path, **own) as parley:
        yield parley


@pytest.fixture
async def client(parley: Wired) -> AsyncGenerator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=HERE, timeout=30) as client:
        yield client


async def voice_stream(session_id: str, audio_stream: AsyncIterator[bytes]) -> None:
    """Word for word the example of the document."""
    uri = f"ws://127.0.0.1:7030/stream/{session_id}"

    async with websockets.connect(uri) as ws:
        # Send audio frames
        async for audio_frame in audio_stream:
            message = {
                "type": "audio",
                "data": base64.b64encode(audio_frame).decode(),
            }
            await ws.send(json.dumps(message))

            # Receive events
            response = await ws.recv()
            event = json.loads(response)
            print(f"Event: {event['type']} - {event.get('text', '')}")  # noqa: T201


@pytest.mark.inventory("SO-004", "SO-016", "SO-017", "SO-019", "SO-048")
async def test_the_example_of_the_document_runs_unchanged(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    session_id = await created(client)
    await voice_stream(session_id, spoken(silence(6), speech(), silence(10)))
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "Event: connected - "
    kinds = {line.split()[1] for line in told}
    assert {"audio_frame", "status", "audio_response", "partial_transcript"} <= kinds
    assert "turn_complete" in kinds
    (final, *_) = [line for line in told if line.startswith("Event: transcript - ")]
    assert "comparatively modern" in final.lower()


@pytest.mark.inventory("SO-006", "SO-007", "SO-008", "SO-009", "SO-010", "SO-011", "SO-012")
@pytest.mark.inventory("SO-013", "SO-014", "SO-015", "SO-020", "SO-021", "SO-022", "SO-023")
@pytest.mark.inventory("SO-024", "SO-025", "SO-026", "SO-027", "SO-029")
async def test_somebody_interrupts_the_greeting_then_talks_and_is_answered(
    client: httpx.AsyncClient,
) -> None:
    session_id = await created(client)
    async with talking(session_id) as talk:
        await talk.until(lambda: talk.sound_ms > 500)
        info = (await client.get(f"/api/v1/session/{session_id}/info")).json()
        assert info["is_speaking_assistant"] is True
        assert (await client.get("/status")).json()["active_sessions"] == 1
        await talk.socket.send('{"type": "interrupt"}')
        await talk.until(lambda: talk.of("status", status="listening"))
        heard_ms = talk.sound_ms
        await asyncio.sleep(1)
        assert talk.sound_ms == heard_ms
        await talk.say(silence(0.5), speech(), silence(1))
        await talk.until(lambda: talk.sound_ms > heard_ms + 300)
        await _check_turn(talk)
        info = (await client.get(f"/api/v1/session/{session_id}/info")).json()
        assert (info["session_id"], info["user_id"]) == (session_id, "user-123")
        assert "comparatively modern" in info["transcript"].lower()
        assert (info["turn_count"], info["is_speaking_user"]) == (1, False)
        assert STAMP.fullmatch(info["created_at"])
        assert info["created_at"] < info["last_activity"]
        answer = await client.post(f"/api/v1/session/{session_id}/interrupt")
        assert answer.json() == {"status": "interrupted", "session_id": session_id}
        await asyncio.sleep(0.2)
        heard_ms = talk.sound_ms
        await asyncio.sleep(1)
        assert talk.sound_ms == heard_ms
    info = (await client.get(f"/api/v1/session/{session_id}/info")).json()
    assert info["is_speaking_assistant"] is False


async def _check_turn(talk: Talk) -> None:
    frames = talk.of("audio_frame")
    assert {frame["is_speech"] for frame in frames} == {True, False}
    assert all(0 <= frame["confidence"] <= 1 for frame in frames)
    assert talk.of("partial_transcript")
    said = " ".join(event["text"] for event in talk.of("transcript"))
    complete = talk.of("turn_complete")[-1]
    assert "comparatively modern" in said.lower()
    assert complete["transcript"] in said
    assert 0 < complete["confidence"] <= 1
    kinds = [(event["type"], event.get("status")) for event in talk.events]
    turn = kinds.index(("turn_complete", None))
    assert ("status", "processing") in kinds[turn:]
    assert ("status", "responding") in kinds[turn:]
    response = talk.of("audio_response")[-1]
    assert len(base64.b64decode(response["data"])) == 32 * response["duration_ms"]


@pytest.mark.inventory("SO-028")
async def test_what_is_wrong_is_named_and_the_session_goes_on(client: httpx.AsyncClient) -> None:
    async with talking(await created(client)) as talk:
        wrong: list[tuple[str | bytes, str]] = [
            ("hello", "JSON"),
            ('{"type": "dance"}', "'dance'"),
            ('{"type": "audio", "data": "?"}', "base64"),
            (json.dumps({"type": "audio", "data": "A" * 300_000}), "characters"),
            (b"\x00\x01", "binary"),
        ]
        for number, (frame, named) in enumerate(wrong, 1):
            await talk.socket.send(frame)
            await talk.until(lambda number=number: len(talk.of("error")) == number)
            assert named in talk.of("error")[-1]["error"]
        await talk.say(silence(0.064))
        await talk.until(lambda: len(talk.of("audio_frame")) == 2)


@pytest.mark.inventory("SO-001", "SO-005", "SO-049")
async def test_who_may_not_connect_is_told_why(parley: Wired, client: httpx.AsyncClient) -> None:
    missing = await client.post("/api/v1/session/create")
    assert missing.status_code == 422
    assert "user_id" in missing.json()["error"]
    session_id = await created(client)
    async with talking(session_id):
        assert await refused(f"{HERE}/stream/{session_id}") == 409
    assert await refused(f"{HERE}/stream/{uuid4()}") == 404
    assert await refused(f"{HERE}/stream/nonsense") in (403, 404)
    assert await refused(f"{parley.live.url}/stream/{session_id}") == 401
    async with asyncio.timeout(10):
        while True:
            if not (await client.get("/status")).json()["active_sessions"]:
                break
            await asyncio.sleep(0.05)
    bearer = {"Authorization": f"Bearer {parley.live.token}"}
    url = f"{parley.live.url}/stream/{session_id}".replace("http", "ws")
    async with websockets.connect(url, additional_headers=bearer) as socket:
        assert json.loads(await socket.recv())["type"] == "connected"


async def refused(url: str) -> int:
    with pytest.raises(InvalidStatus) as refusal:
        async with websockets.connect(url.replace("http", "ws")):
            pass
    response = refusal.value.response
    if response.status_code != 403:
        assert set(json.loads(response.body)) == {"error"}
    return response.status_code
