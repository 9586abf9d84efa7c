"""An operator stops Parley while somebody talks to it."""

import asyncio
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.core.audio.decode import DecodeLimits, decode_audio
from tests.api.twilio_place import CALLER, heard_s
from tests.browser_peer import OFFER, BrowserPeer, browser
from tests.fakes.twilio_api import ACCOUNT, NUMBER, TOKEN, TwilioApi
from tests.scenarios.operator import Running, serving

GREETING = "Good morning. What can I do for you today?"
BEHAVIOR = {"goodbye": "We close now.", "silence": {"enabled": False}}
RATE = 16_000
LIMITS = DecodeLimits(max_duration_s=120, deadline_s=60)

pytestmark = pytest.mark.timeout(300)


def client_of(running: Running) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {running.token}"}
    return httpx.AsyncClient(base_url=running.url, headers=headers, timeout=60)


async def agent(client: httpx.AsyncClient) -> str:
    fields = {"name": "Desk", "greeting": GREETING, "behavior": BEHAVIOR}
    made = await client.post("/bot/api/agents", json=fields)
    assert made.status_code == 201, made.text
    return made.json()["id"]


async def exit_status(running: Running) -> int:
    return await asyncio.to_thread(running.process.wait, 120)


@asynccontextmanager
async def talking(client: httpx.AsyncClient, agent_id: str) -> AsyncGenerator[BrowserPeer]:
    """A browser that has heard the beginning of the greeting."""
    async with browser() as peer:
        offer = {"sdp": await peer.offer(), "type": "offer", "agent_id": agent_id}
        answer = await client.post("/bot/api/offer", json=offer)
        assert answer.status_code == 200, answer.text
        await peer.accept(answer.json()["sdp"])
        await peer.heard_something()
        yield peer


async def stopping(running: Running, client: httpx.AsyncClient, agent_id: str) -> httpx.Response:
    """What the first offer is told that is refused."""
    running.process.send_signal(signal.SIGTERM)
    offer = {"sdp": OFFER, "type": "offer", "agent_id": agent_id}
    answer = await client.post("/bot/api/offer", json=offer)
    while answer.is_success:
        answer = await client.post("/bot/api/offer", json=offer)
    return answer


async def reason(peer: BrowserPeer) -> str:
    """Why the call is over, once it is."""
    count = 1
    while (told := await peer.told("server-message", count))["data"]["type"] != "call-ended":
        count += 1
    return told["data"]["reason"]


async def record(data_dir: Path) -> tuple[dict[str, Any], bytes]:
    """Of the only call, as the next start finds it."""
    with serving(data_dir) as running:
        async with client_of(running) as client:
            [call] = (await client.get("/bot/api/calls")).json()
            audio = await client.get(f"/bot/api/calls/{call['id']}/audio")
        assert running.stop() == 0
    assert audio.status_code == 200
    return call, audio.content


def check_recording(call: dict[str, Any], audio: bytes) -> None:
    """It lasts as long as the call at least, and the agent is heard in it."""
    sound = decode_audio(BytesIO(audio), sample_rate=RATE, limits=LIMITS)
    assert sound.size / RATE > call["duration_sec"] - 1
    assert np.abs(sound).max() > 0.05


async def test_calls_end_by_themselves_or_with_a_goodbye_and_new_ones_are_told_why(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, env={"PARLEY_DRAIN_S": "20"}) as running:
        async with client_of(running) as client:
            agent_id = await agent(client)
            async with talking(client, agent_id) as peer:
                refused = await stopping(running, client, agent_id)
                assert refused.status_code == 503
                assert "being stopped" in refused.json()["error"]
                assert int(refused.headers["Retry-After"]) > 0
                assert await reason(peer) == "shutdown"
        assert await exit_status(running) == 0
    call, audio = await record(tmp_path)
    assert (call["status"], call["ended_reason"]) == ("completed", "shutdown")
    assert [turn["text"] for turn in call["transcript"]] == [GREETING, "We close now."]
    check_recording(call, audio)


async def test_who_stops_it_twice_does_not_wait(tmp_path: Path) -> None:
    with serving(tmp_path, env={"PARLEY_DRAIN_S": "3600"}) as running:
        async with client_of(running) as client:
            agent_id = await agent(client)
            async with talking(client, agent_id):
                await stopping(running, client, agent_id)
                running.process.send_signal(signal.SIGTERM)
                assert await exit_status(running) == 0
    call, audio = await record(tmp_path)
    assert (call["status"], call["ended_reason"]) == ("completed", "shutdown")
    check_recording(call, audio)


async def test_a_telephone_call_is_said_goodbye_to_and_the_next_is_busy(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    async with TwilioApi().serving() as twilio:
        env = {
            "PARLEY_DRAIN_S": "20",
            "PARLEY_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "PARLEY_TWILIO_API_URL": twilio.url,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_PHONE_NUMBER": NUMBER,
        }
        with serving(tmp_path, "--port", port, env=env) as running:
            async with client_of(running) as client:
                asked = {"agent_id": await agent(client), "to": CALLER}
                own = (await client.get("/bot/api/whoami")).json()["organization"]
                path = f"/auth/organizations/{own['id']}/phone-numbers/{NUMBER}"
                rings = await client.put(path, json={"agent_id": asked["agent_id"]})
                assert rings.status_code == 200, rings.text
                started = await client.post("/bot/api/calls/start", json=asked)
                assert started.status_code == 201, started.text
                call = twilio.calls[started.json()["call_sid"]]
                await heard_s(await call.stream(), 1)
                assert (await stopping(running, client, asked["agent_id"])).status_code == 503
                voice_url = f"{running.url}/bot/api/calls/twilio-voice"
                refused = await twilio.ring(voice_url, to=NUMBER, caller=CALLER)
                await refused.over.wait()
                assert refused.rejected == "busy"
                await call.over.wait()
            assert await exit_status(running) == 0
    kept, audio = await record(tmp_path)
    assert (kept["status"], kept["ended_reason"]) == ("completed", "shutdown")
    assert [turn["text"] for turn in kept["transcript"]] == [GREETING, "We close now."]
    check_recording(kept, audio)
