"""Sounds in which nobody says a word: noise, chords with drums, silence. Made by chance."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from app.asr.recognition import SAMPLE_RATE
from app.core.audio.convert import Samples

Chance = np.random.Generator
Wave = NDArray[np.float64]

SHORTEST_S, LONGEST_S = 0.3, 10.0
_CHORDS = ((0, 4, 7), (0, 3, 7), (0, 5, 9), (2, 5, 9), (0, 4, 7, 11))
_HARMONICS = 5


def duration_s(chance: Chance) -> float:
    return float(chance.uniform(SHORTEST_S, LONGEST_S))


def make_noise(chance: Chance, seconds: float) -> Samples:
    """Anything from a hiss to a rumble, half of it in waves, with clicks here and there."""
    count = round(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(chance.standard_normal(count))
    tilt = chance.uniform(0, 1.2)
    sound = np.fft.irfft(spectrum / np.maximum(1, np.arange(spectrum.size)) ** tilt, count)
    if chance.random() < 0.5:
        sound *= 1 + 0.9 * np.sin(2 * np.pi * chance.uniform(0.5, 8) * _times(count))
    clicks = chance.integers(0, count, chance.integers(0, 6))
    sound[clicks] += 5 * sound.std()
    return _at_level(sound, chance.uniform(-45, -10))


def make_music(chance: Chance, seconds: float) -> Samples:
    """A chord a beat over a bass drum, with something like a cymbal in between."""
    count = round(seconds * SAMPLE_RATE)
    beat = round(chance.uniform(0.3, 0.8) * SAMPLE_RATE)
    root_hz = chance.uniform(80, 330)
    sound = np.zeros(count)
    for at in range(0, count, beat):
        chord = root_hz * 2 ** (np.array(_CHORDS[chance.integers(len(_CHORDS))]) / 12)
        struck = _chord(chord, beat) + chance.uniform(0, 2) * _drum(beat)
        struck[beat // 2 :] += chance.uniform(0, 0.5) * _cymbal(chance, beat - beat // 2)
        sound[at : at + beat] += struck[: count - at]
    return _at_level(sound, chance.uniform(-35, -10))


def make_silence(chance: Chance, seconds: float) -> Samples:
    """None at all, the noise of a converter, or the hum of the mains."""
    count = round(seconds * SAMPLE_RATE)
    kind = chance.integers(3)
    if kind == 0:
        return np.zeros(count, np.float32)
    if kind == 1:
        return _at_level(chance.standard_normal(count), chance.uniform(-90, -60))
    hum = np.sin(2 * np.pi * chance.choice((50, 60)) * _times(count))
    return _at_level(hum + 0.1 * chance.standard_normal(count), chance.uniform(-70, -45))


MADE: Mapping[str, Callable[[Chance, float], Samples]] = {
    "made noise": make_noise,
    "made music": make_music,
    "silence": make_silence,
}


def _times(count: int) -> Wave:
    return np.arange(count) / SAMPLE_RATE


def _chord(notes_hz: Wave, count: int) -> Wave:
    times = _times(count)
    tones = [
        np.sin(2 * np.pi * note_hz * harmonic * times) / harmonic
        for note_hz in notes_hz
        for harmonic in range(1, _HARMONICS + 1)
    ]
    return np.sum(tones, axis=0) * np.exp(-3 * times)


def _drum(count: int) -> Wave:
    times = _times(count)
    return np.sin(2 * np.pi * (45 * times + 3 * (1 - np.exp(-30 * times)))) * np.exp(-12 * times)


def _cymbal(chance: Chance, count: int) -> Wave:
    return np.diff(chance.standard_normal(count + 1)) * np.exp(-25 * _times(count))


def _at_level(sound: Wave, level_db: float) -> Samples:
    loudness = max(1e-9, float(np.sqrt(np.mean(sound**2))))
    return np.clip(sound / loudness * 10 ** (level_db / 20), -1, 1).astype(np.float32)
