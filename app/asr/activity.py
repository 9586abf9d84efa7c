"""How likely the sound of a live stream is speech, told without a model: by its energy, or by the
algorithm of WebRTC. Cheap enough for the loop."""

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import Literal, Protocol, cast

import numpy as np
import webrtcvad  # pyright: ignore[reportMissingTypeStubs]

from app.asr.domain import FRAME_MS
from app.core.audio.chunk import Rechunker
from app.core.audio.convert import Samples, int16_from_float

Backend = Literal["energy", "silero", "webrtc"]

_SAMPLES_A_MS = 16
_FRAME_SAMPLES = FRAME_MS * _SAMPLES_A_MS


class Activity(Protocol):
    """Of one live stream at 16 kHz. Sound goes in as it comes, whatever the size of its pieces."""

    async def push(self, samples: Samples) -> list[float]:
        """The probability of speech of each 32 ms that is now complete."""
        ...


class EnergyActivity:
    """Sound that is well above the noise of the line is speech. The noise is what the softest tenth
    of the last three seconds had; `VAD_THRESHOLD` 0.5 is 7 dB above it, 0.7 about 9 dB."""

    _NOISE_MS = 3000
    _NOISE_SHARE = 10
    _SOFTEST_DB, _LOUDEST_DB = -55.0, -30.0
    """Of noise, in full scale: neither digital silence nor somebody who speaks at once."""
    _MARGIN_DB = 7.0
    _SLOPE_DB = 2.5
    _FALL_DB = 5.0
    """A frame at most: what is soft within a word is part of it."""

    def __init__(self) -> None:
        self._chunker = Rechunker(_FRAME_SAMPLES)
        self._levels: deque[float] = deque(maxlen=self._NOISE_MS // FRAME_MS)
        self._above_db = -math.inf

    async def push(self, samples: Samples) -> list[float]:
        return [self._probability(frame) for frame in self._chunker.push(samples)]

    def _probability(self, frame: Samples) -> float:
        level_db = _level_db(frame)
        self._levels.append(level_db)
        noise_db = sorted(self._levels)[len(self._levels) // self._NOISE_SHARE]
        noise_db = min(max(noise_db, self._SOFTEST_DB), self._LOUDEST_DB)
        self._above_db = max(level_db - noise_db, self._above_db - self._FALL_DB)
        return 1 / (1 + math.exp((self._MARGIN_DB - self._above_db) / self._SLOPE_DB))


class WebRtcActivity:
    """The share of the last 80 ms that the detector of WebRTC takes for speech, 10 ms at a time."""

    _STEP_SAMPLES = 10 * _SAMPLES_A_MS
    _STEPS = 8
    _STRICTNESS = 3
    """From 0 to 3."""

    def __init__(self) -> None:
        detector = webrtcvad.Vad(self._STRICTNESS)
        self._is_speech = cast("Callable[[bytes, int], bool]", detector.is_speech)  # pyright: ignore[reportUnknownMemberType]
        self._frames = Rechunker(_FRAME_SAMPLES)
        self._steps = Rechunker(self._STEP_SAMPLES)
        self._voiced: deque[bool] = deque([False] * self._STEPS, maxlen=self._STEPS)

    async def push(self, samples: Samples) -> list[float]:
        return [self._probability(frame) for frame in self._frames.push(samples)]

    def _probability(self, frame: Samples) -> float:
        for step in self._steps.push(frame):
            sound = int16_from_float(step).tobytes()
            self._voiced.append(self._is_speech(sound, 1000 * _SAMPLES_A_MS))
        return sum(self._voiced) / self._STEPS


WITHOUT_MODEL: Mapping[Backend, Callable[[], Activity]] = {
    "energy": EnergyActivity,
    "webrtc": WebRtcActivity,
}


def _level_db(frame: Samples) -> float:
    return 10 * math.log10(float(np.var(frame)) + 1e-12)
