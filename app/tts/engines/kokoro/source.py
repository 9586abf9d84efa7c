"""The hum that Kokoro's voice is made of: a tone and eight overtones at the pitch of each half
frame, as the short spectra that the graph `voice` takes. Any part of it can be made alone."""

import numpy as np
from numpy.typing import NDArray

from app.tts.engines.kokoro.voice import BANDS, STEP, WINDOW

Floats = NDArray[np.float32]

HALF_FRAME = 300
"""Samples."""
RATE = 24000
HARMONICS = 9
LOUDNESS = 0.1
VOICED_FROM_HZ = 10
STEPS = HALF_FRAME // STEP

_MARGIN = WINDOW // 2
_ANGLES = 2 * np.pi * np.outer(np.arange(WINDOW), np.arange(BANDS)) / WINDOW
_WAVES = np.concatenate([np.cos(_ANGLES), -np.sin(_ANGLES)], axis=1)
_SPECTRUM = (np.hanning(WINDOW + 1)[:-1, None] * _WAVES).astype(np.float32)


class Hum:
    """`pitch`: of each half frame, in Hz. `mix`: how loud each harmonic is, then a level."""

    def __init__(self, pitch: Floats, mix: Floats) -> None:
        self._pitch = pitch
        self._mix, self._level = mix[:HARMONICS], mix[HARMONICS]
        turns = np.outer(pitch.astype(np.float64), np.arange(1, HARMONICS + 1)) / RATE
        self._turns = np.cumsum(turns % 1, axis=0) * HALF_FRAME

    def spectra(self, first: int, last: int) -> Floats:
        """(1, steps, 22) of half frames from `first` to before `last`: magnitudes, then phases."""
        samples = self._samples(first * HALF_FRAME - _MARGIN, last * HALF_FRAME + _MARGIN)
        windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::STEP]
        real, imaginary = np.split(windows @ _SPECTRUM, 2, axis=1)
        parts = (np.hypot(real, imaginary), np.arctan2(imaginary, real))
        return np.concatenate(parts, axis=1)[None]

    def _samples(self, first: int, last: int) -> Floats:
        """Mirrored beyond the ends."""
        at = np.abs(np.arange(first, last))
        end = len(self._pitch) * HALF_FRAME - 1
        at = end - np.abs(end - at)
        frame = at // HALF_FRAME
        place = np.clip((at + 0.5) / HALF_FRAME - 0.5, 0, len(self._pitch) - 1)
        before = place.astype(np.int64)
        after = np.minimum(before + 1, len(self._pitch) - 1)
        share = (place - before)[:, None]
        turns = self._turns[before] * (1 - share) + self._turns[after] * share
        waves = np.sin((2 * np.pi * (turns % 1)).astype(np.float32))
        tone = np.float32(LOUDNESS) * (waves @ self._mix)
        return np.tanh(tone * (self._pitch[frame] > VOICED_FROM_HZ) + self._level)
