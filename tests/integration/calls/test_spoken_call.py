"""A call with a real voice and a real recognizer, from a caller who speaks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from app.asr.live import Encoding
from app.asr.text.folding import key
from app.calls.sessions.domain import CallAsked, CallState
from app.core.audio.convert import int16_from_float
from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.scope import OrgScope
from app.realtime.events import SessionEvent, StateChanged
from app.realtime.playout import Playout
from tests.api.recordings import SHORT
from tests.api.wall.world import world

SAID = "in being comparatively modern"
GREETING = "Good morning."
GOODBYE = "Thank you, and goodbye."
GRAPH: dict[str, Any] = {
    "name": "notes",
    "languages": ["en"],
    "start": "ask",
    "slots": {"note": {"capture": {"kind": "text"}}},
    "states": {
        "ask": {"asks": "note", "say": {"en": ["What shall I note?"]}, "next": [{"to": "bye"}]},
        "bye": {"say": {"en": [GOODBYE]}, "ends": "noted"},
        "sorry": {"say": {"en": ["Please call again."]}, "ends": "nothing noted"},
    },
    "unclear": {"to": "sorry"},
    "silent": {"to": "sorry"},
}
LIMITS = DecodeLimits(max_duration_s=60, deadline_s=60)
FRAME = 320
FRAME_S = 0.02


class SpeakingLine:
    """A caller who answers the first question in a recorded voice, at the pace of speech."""

    encoding: Encoding = "s16le"
    sample_rate = 16_000

    def __init__(self, sound: bytes) -> None:
        self.playout = Playout(8000)
        self.typed: Callable[[str], None] = lambda text: None
        self._sound = sound
        self._listened = 0
        self._is_open = True

    async def sounds(self) -> AsyncIterator[bytes]:
        due_s, at = asyncio.get_running_loop().time(), 0
        while self._is_open:
            self.playout.take(160)
            is_asked = self._listened >= 2
            yield (self._sound[at : at + 2 * FRAME] if is_asked else b"").ljust(2 * FRAME, b"\0")
            at += 2 * FRAME if is_asked else 0
            due_s += FRAME_S
            await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))

    def tell(self, event: SessionEvent) -> None:
        self._listened += isinstance(event, StateChanged) and event.state == "listening"

    async def close(self) -> None:
        self._is_open = False


@pytest.mark.inventory("WH-270")
async def test_what_was_spoken_on_both_sides_is_on_record(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    samples = decode_audio(SHORT, sample_rate=16_000, limits=LIMITS)
    async with world(embedded_superuser_url, tmp_path, VARIANT="en-tiny") as parley:
        runtime = parley.runtime
        scope = OrgScope((await parley.organization()).id, "test")
        fields = {"name": "Notes", "greeting": GREETING, "graph": GRAPH}
        agent = await runtime.calling.agents.create(scope, fields)
        async with runtime.database.transaction(scope) as tx:
            asked = CallAsked(direction="inbound")
            call_id = (await runtime.calling.calls.records.add(tx, agent, asked)).id
        line = SpeakingLine(int16_from_float(samples).tobytes())
        async with asyncio.timeout(60):
            await runtime.calling.calls.hold(scope, call_id, line)
        async with runtime.database.transaction(scope) as tx:
            call = await runtime.calling.calls.records.get(tx, call_id)
            opening, note, goodbye = await runtime.calling.calls.records.turns(tx, call_id)
        assert (call.state, call.ended_reason) == (CallState.COMPLETED, "agent_hung_up")
        assert opening.text == f"{GREETING} What shall I note?"
        assert key(note.text) == key(SAID)
        assert [key(each.text) for each in note.segments] == [key(SAID)]
        assert (goodbye.text, goodbye.is_cut) == (GOODBYE, False)
        assert call.contents.result == {"note": note.text}
        assert opening.ended_s <= note.at_s < note.ended_s <= goodbye.at_s
        waited = goodbye.timings
        assert waited.voice_ended_s is not None
        assert waited.final_text_s is not None
        assert waited.voice_ended_s < waited.final_text_s
        assert waited.voice_to_voice_s is not None
        assert 0 < waited.voice_to_voice_s < 30
        recording = await runtime.calling.calls.recordings.find(call)
        assert recording.size > 5000
