"""A voice and an ear for the tests: those of the Parley under test, asked over its own API."""

from dataclasses import dataclass
from difflib import SequenceMatcher
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np

from app.core.audio.convert import Samples
from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.audio.wav import wav_bytes

RATE = 48_000
LIMITS = DecodeLimits(max_duration_s=120, deadline_s=120)


@dataclass(frozen=True)
class Speech:
    parley: httpx.AsyncClient
    folder: Path

    async def file(self, *parts: str | float) -> Path:
        """A WAV of sentences, and of silences in seconds."""
        sounds = [
            np.zeros(int(RATE * part), np.float32)
            if isinstance(part, float)
            else await self._said(part)
            for part in parts
        ]
        path = self.folder / f"{len(list(self.folder.iterdir()))}.wav"
        path.write_bytes(wav_bytes(np.concatenate(sounds), RATE))
        return path

    async def words_in(self, sound: bytes) -> str:
        answer = await self.parley.post("/asr/transcribe", files={"file": ("sound", sound)})
        assert answer.status_code == 200, answer.text
        return answer.json()["transcript"]

    async def _said(self, text: str) -> Samples:
        asked = {"text": text, "voice": "am_michael"}
        answer = await self.parley.post("/tts/synthesize", json=asked)
        assert answer.status_code == 200, answer.text
        return decode_audio(BytesIO(answer.content), sample_rate=RATE, limits=LIMITS)


def alike(one: str, other: str) -> float:
    """How much of two texts is the same, from 0 to 1: letters and digits, since ears err in where
    a word ends."""
    letters = ["".join(filter(str.isalnum, text.lower())) for text in (one, other)]
    return SequenceMatcher(None, *letters, autojunk=False).ratio()
