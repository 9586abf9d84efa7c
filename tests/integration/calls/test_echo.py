"""A caller without headphones: what the agent says comes back through the microphone."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.asr.text.folding import key
from app.calls.sessions import admission
from app.calls.sessions.domain import CallAsked
from app.core.aio import Supervisor, TaskScope
from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.clock import utc_now
from app.core.metrics import Metrics
from app.core.scope import OrgScope
from app.realtime.transports.signalling import check_offer
from app.realtime.transports.webrtc import Peers, Reach
from app.runtime import Runtime
from tests.api.recordings import SHORT
from tests.api.wall.world import world
from tests.browser_peer import RATE, BrowserPeer, browser

ECHO = 0.1
"""-20 dB."""
SAID = "in being comparatively modern"
GREETING = (
    "Good morning, and thank you for calling the harbour office. The ferry leaves at half past "
    "nine from the northern pier, and comes back in the afternoon when the tide is high."
)
GRAPH: dict[str, Any] = {
    "name": "notes",
    "languages": ["en"],
    "start": "ask",
    "slots": {"note": {"capture": {"kind": "text"}}},
    "states": {
        "ask": {"asks": "note", "say": {"en": ["What shall I note?"]}, "next": [{"to": "bye"}]},
        "bye": {
            "say": {"en": ["I have noted all of it, and somebody will call you back. Goodbye."]},
            "ends": "noted",
        },
        "sorry": {"say": {"en": ["Please call again."]}, "ends": "nothing noted"},
    },
    "unclear": {"to": "sorry"},
    "silent": {"to": "sorry"},
}


@pytest.mark.inventory("WH-282")
async def test_an_agent_is_not_interrupted_by_its_own_voice(
    app_url: str, embedded_superuser_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And hears who speaks through it."""
    monkeypatch.setattr(admission, "MOST_LAG_S", 60)  # what else runs here is no matter
    async with world(embedded_superuser_url, tmp_path, VARIANT="en-tiny") as parley:
        runtime = parley.runtime
        scope = OrgScope((await parley.organization()).id, "test")
        behavior = {"silence": {"enabled": False}}
        fields = {"name": "Notes", "greeting": GREETING, "graph": GRAPH, "behavior": behavior}
        agent = await runtime.calling.agents.create(scope, fields)
        async with runtime.database.transaction(scope) as tx:
            asked = CallAsked(direction="browser")
            call_id = (await runtime.calling.calls.records.add(tx, agent, asked)).id
        async with browser(echo=ECHO) as caller, asyncio.timeout(180):
            await _hold(runtime, scope, call_id, caller)
        async with runtime.database.transaction(scope) as tx:
            turns = await runtime.calling.calls.records.turns(tx, call_id)
        assert [turn.role for turn in turns] == ["agent", "user", "agent"]
        opening, note, goodbye = turns
        assert (opening.text, opening.is_cut) == (f"{GREETING} What shall I note?", False)
        assert key(note.text) == key(SAID)
        assert (goodbye.text.endswith("Goodbye."), goodbye.is_cut) == (True, False)


async def _hold(runtime: Runtime, scope: OrgScope, call_id: Any, caller: BrowserPeer) -> None:
    async with Supervisor(Metrics("0")) as supervisor, TaskScope() as tasks:
        peers = Peers(Reach(), supervisor, ("parley", "0"), utc_now)
        offered = check_offer(await caller.offer())
        peer, answer = await peers.connect(scope.org_id, offered, has_video=False)
        await caller.accept(answer)
        await caller.opened()
        holding = tasks.spawn("call", runtime.calling.calls.hold(scope, call_id, peer))
        await caller.told("bot-stopped-speaking")
        speech = decode_audio(SHORT, sample_rate=RATE, limits=DecodeLimits(60, 60))
        await caller.say(np.concatenate([np.zeros(RATE, np.float32), speech]))
        await holding
