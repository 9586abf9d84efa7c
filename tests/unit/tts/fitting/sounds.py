"""Made-up voices whose vectors and sounds are known, and things that are no voice."""

import numpy as np

from app.core.audio.convert import Samples
from app.tts.voice_vectors import Pack, Vector

RATE = 16000
BANDS = 12


def syllables(
    pitch_hz: float, length_s: float, *, colour: int = 0, rate: int = RATE, per_s: float = 4.0
) -> Samples:
    """Buzz of one pitch that swells and fades; every second second is quieter, as pauses are.
    `colour`: which harmonics are strong."""
    t = np.arange(round(length_s * rate)) / rate
    strengths = np.random.default_rng(colour).uniform(0.1, 1, BANDS)
    buzz = sum(
        strength * np.sin(2 * np.pi * pitch_hz * (k + 1) * t)
        for k, strength in enumerate(strengths)
    )
    swell = np.clip(np.sin(np.pi * per_s * t) ** 2, 1e-3, None)
    pause = np.where((t % 3) < 2.5, 1.0, 1e-3)
    return (0.05 * buzz * swell * pause).astype(np.float32)


class Choir:
    """Voices of a small world: the timbre half of a pack says how strong each harmonic is, the
    prosody half how high the pitch. `spoken` counts."""

    def __init__(self, count: int) -> None:
        random = np.random.default_rng(7)
        self.spoken = 0
        self.names = [f"v{place}" for place in range(count)]
        self.packs = random.normal(0, 0.3, (count, 510, 256)).astype(np.float32) * 0.01
        self.packs[:, :, :BANDS] += random.normal(0, 1, (count, 1, BANDS))
        self.packs[:, :, 128] += np.linspace(-0.6, 0.6, count)[:, None]

    def say(self, pack: Pack, phrase: int) -> Samples:
        self.spoken += 1
        row = pack[20 + phrase]
        t = np.arange(24000) / 24000
        pitch_hz = 150 * 2 ** float(row[128])
        swell = np.clip(np.sin(2 * np.pi * (2 + 0.1 * phrase) * t) ** 2, 1e-2, None)
        return (0.05 * swell * self._buzz(row, pitch_hz, t)).astype(np.float32)

    def _buzz(self, row: Vector, pitch_hz: float, t: np.ndarray) -> np.ndarray:
        parts = (
            np.exp(0.5 * float(row[k])) * np.sin(2 * np.pi * pitch_hz * (k + 1) * t)
            for k in range(BANDS)
        )
        return sum(parts, np.zeros_like(t))

    def embed(self, samples: Samples) -> Vector:
        """Strengths of harmonics, as they are heard."""
        power = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
        places = _pitch_hz(power) * np.arange(1, BANDS + 1) / _step(power)
        strengths = [power[int(place) - 12 : int(place) + 13].max() for place in places]
        return _unit(np.log(np.array(strengths) + 1e-6))


def _pitch_hz(power: np.ndarray) -> float:
    """The one whose harmonics are strongest together."""
    tried = np.arange(80, 300, 0.5)
    places = np.outer(tried, np.arange(1, BANDS + 1)) / _step(power)
    return float(tried[np.argmax(np.log(power[places.astype(int)] + 1e-4).sum(axis=1))])


def _step(power: np.ndarray) -> float:
    return RATE / 2 / (power.size - 1)


def _unit(vector: np.ndarray) -> Vector:
    moved = vector - vector.mean()
    return (moved / np.linalg.norm(moved)).astype(np.float32)
