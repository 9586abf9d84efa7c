"""What can be measured of speech without a model: loudness, pitch, pace. Pure, at 16 kHz."""

import numpy as np
from numpy.typing import NDArray

from app.core.audio.convert import Samples

SAMPLE_RATE = 16000

_HOP = SAMPLE_RATE // 100
_FRAME = 4 * _HOP
_LOWEST_HZ, _HIGHEST_HZ = 60, 420
_VOICED = 0.5
"""Share of a frame's energy that one period later is the same again."""

_OCTAVE_FAVOUR = 0.9
"""A shorter period is taken where it explains this much of what the best one does."""

_QUIETEST_DB = -90.0
_SYLLABLE_DIP_DB = 2.5
_SYLLABLE_BELOW_LOUDEST_DB = 25

Track = NDArray[np.float64]


def frames(samples: Samples) -> Samples:
    """40 ms every 10 ms."""
    padded = np.pad(samples, (0, max(0, _FRAME - samples.size)))
    return np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::_HOP]


def loudness_db(samples: Samples) -> Track:
    """Of each frame, against full scale."""
    power = np.mean(np.square(frames(samples), dtype=np.float64), axis=1)
    return np.maximum(10 * np.log10(power + 1e-12), _QUIETEST_DB)


def pitch_hz(samples: Samples) -> Track:
    """Of each frame; zero where it has none. By autocorrelation of the windowed frame, whose peaks
    are parabolas through three lags."""
    windowed = frames(samples) * np.hanning(_FRAME)
    size = 2 * _FRAME
    window_alike = np.fft.irfft(np.abs(np.fft.rfft(np.hanning(_FRAME), size)) ** 2)
    alike = np.fft.irfft(np.abs(np.fft.rfft(windowed, size)) ** 2)
    energy = alike[:, :1]
    alike = (alike / np.maximum(energy, 1e-9)) / (window_alike / window_alike[0] + 1e-3)
    first, last = SAMPLE_RATE // _HIGHEST_HZ, SAMPLE_RATE // _LOWEST_HZ
    found = alike[:, first : last + 1]
    before, at, after = found[:, :-2], found[:, 1:-1], found[:, 2:]
    is_peak = (at >= before) & (at > after)
    bend = np.where(is_peak, before - 2 * at + after, -1)
    shift = 0.5 * (before - after) / bend
    heights = np.where(is_peak, at - 0.25 * (before - after) * shift, 0)
    best = heights.max(axis=1, keepdims=True)
    chosen = np.argmax(heights >= _OCTAVE_FAVOUR * best, axis=1)
    lag = first + 1 + chosen + np.take_along_axis(shift, chosen[:, None], axis=1)[:, 0]
    is_voiced = (best[:, 0] > _VOICED) & (loudness_db(samples) > _QUIETEST_DB + 30)
    return np.where(is_voiced, SAMPLE_RATE / np.where(is_voiced, lag, 1), 0.0)


def median_pitch_hz(samples: Samples) -> float:
    """Zero where there is no voice."""
    voiced = pitch_hz(samples)
    voiced = voiced[voiced > 0]
    return float(np.median(voiced)) if voiced.size else 0.0


def syllables_per_s(samples: Samples) -> float:
    """Peaks of loudness in a second of speech, pauses left out: a measure of pace that needs no
    text. Good for comparing one recording with another, not for counting."""
    loud = np.convolve(loudness_db(samples), np.hanning(9) / np.hanning(9).sum(), "same")
    threshold = float(np.percentile(loud, 95)) - _SYLLABLE_BELOW_LOUDEST_DB
    speaking_s = np.count_nonzero(loud > threshold) / 100
    peaks, low, high, is_rising = 0, np.inf, -np.inf, True
    for level in loud:
        if is_rising:
            high = max(high, level)
            if level < high - _SYLLABLE_DIP_DB:
                peaks += high > threshold
                is_rising, low = False, level
        else:
            low = min(low, level)
            if level > low + _SYLLABLE_DIP_DB:
                is_rising, high = True, level
    return peaks / speaking_s if speaking_s else 0.0
