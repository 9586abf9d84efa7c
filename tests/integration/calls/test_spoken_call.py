"""A call with a real voice and a real recognizer, from a caller who speaks."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.asr.domain import TranscriptionRequest
from app.asr.live import Encoding
from app.asr.text.folding import key
from app.calls.sessions import admission
from app.calls.sessions.domain import CallAsked, CallState
from app.calls.sessions.recordings import Recording
from app.core.audio.convert import Samples, float_from_int16, int16_from_float
from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.audio.wav import wav_bytes
from app.core.scope import OrgScope
from app.realtime.events import SessionEvent, StateChanged
from app.realtime.playout import Playout
from app.runtime import Runtime
from tests.api.recordings import SHORT
from tests.api.wall.world import world

SAID = "in being comparatively modern"
GREETING = "Good morning."
QUESTION = "Please tell me your message."
GOODBYE = "Thank you, and goodbye."
GRAPH: dict[str, Any] = {
    "name": "notes",
    "languages": ["en"],
    "start": "ask",
    "slots": {"note": {"capture": {"kind": "text"}}},
    "states": {
        "ask": {"asks": "note", "say": {"en": [QUESTION]}, "next": [{"to": "bye"}]},
        "bye": {"say": {"en": [GOODBYE]}, "ends": "noted"},
        "sorry": {"say": {"en": ["Please call again."]}, "ends": "nothing noted"},
    },
    "unclear": {"to": "sorry"},
    "silent": {"to": "sorry"},
}
LIMITS = DecodeLimits(max_duration_s=60, deadline_s=60)
RATE = 8000
FRAME = 320
FRAME_S = 0.02
MOST_LATE_S = 0.1


class SpeakingLine:
    """A caller who answers the first question in a recorded voice, at the pace of speech."""

    encoding: Encoding = "s16le"
    sample_rate = 16_000

    def __init__(self, sound: bytes) -> None:
        self.playout = Playout(RATE)
        self.typed: Callable[[str], None] = lambda text: None
        self.said: list[bytes] = []
        self.heard: list[Samples] = []
        self._sound = sound
        self._listened = 0
        self._is_open = True

    async def sounds(self) -> AsyncIterator[bytes]:
        due_s, at = asyncio.get_running_loop().time(), 0
        while self._is_open:
            self._listen(asyncio.get_running_loop().time() - due_s)
            is_asked = self._listened >= 2
            frame = self._sound[at : at + 2 * FRAME] if is_asked else b""
            self.said.append(frame.ljust(2 * FRAME, b"\0"))
            yield self.said[-1]
            at += 2 * FRAME if is_asked else 0
            due_s += FRAME_S
            await asyncio.sleep(max(0.0, due_s - asyncio.get_running_loop().time()))

    def _listen(self, late_s: float) -> None:
        """What was missed is a gap, and never a burst."""
        count = round(FRAME_S * RATE)
        is_missed = late_s > MOST_LATE_S
        self.heard.append(np.zeros(count, np.float32) if is_missed else self.playout.take(count))

    def tell(self, event: SessionEvent) -> None:
        self._listened += isinstance(event, StateChanged) and event.state == "listening"

    async def close(self) -> None:
        self._is_open = False

    @property
    def sides(self) -> tuple[Samples, Samples]:
        """What the caller said and heard, frame by frame on one line of time, at 8 kHz."""
        said = float_from_int16(np.frombuffer(b"".join(self.said), "<i2"))
        return said[::2], np.concatenate(self.heard)


@pytest.mark.inventory("WH-270", "WH-272", "WH-280", "WH-283")
async def test_what_was_spoken_on_both_sides_is_on_record(
    app_url: str, embedded_superuser_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admission, "MOST_LAG_S", 60)  # what else runs here is no matter
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
        assert opening.text == f"{GREETING} {QUESTION}"
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
        caller, agent = await tracks_of(recording)
        said, heard = line.sides
        assert abs(later_by(caller, said) - later_by(agent, heard)) <= RATE // 20
        assert (await understood(runtime, caller)).startswith(key(SAID))
        assert {"morning", "message", "goodbye"} <= {
            *re.findall(r"\w+", await understood(runtime, agent))
        }


async def tracks_of(recording: Recording) -> tuple[Samples, Samples]:
    whole = b"".join([piece async for piece in recording.read(0, recording.size)])
    tracks = decode_audio(BytesIO(whole), sample_rate=RATE, channels="split", limits=LIMITS)
    return tracks[0], tracks[1]


async def understood(runtime: Runtime, sound: Samples) -> str:
    request = TranscriptionRequest(language="en")
    return key((await runtime.speech.transcribe(BytesIO(wav_bytes(sound, RATE)), request)).text)


def later_by(recorded: Samples, passed: Samples) -> int:
    """By how many samples what passed lies later in its recording."""
    size = recorded.size + passed.size
    spectra = np.fft.rfft(recorded, size) * np.conj(np.fft.rfft(passed, size))
    alike = np.fft.irfft(spectra, size)
    best = int(np.argmax(alike))
    assert alike[best] > 0.8 * np.linalg.norm(recorded) * np.linalg.norm(passed)
    return best if best < recorded.size else best - size
