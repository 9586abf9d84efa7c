"""What CTC graphs are fed with: samples or spectrograms of one utterance. (features, frames)"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.asr.engines.ctc.card import Features
from app.asr.engines.whisper.features import LogMel
from app.core.audio.convert import Samples

FeatureArray = NDArray[np.float32]
Extractor = Callable[[Samples], FeatureArray]

GUARD = 2.0**-24
TINY = 1e-5


def extractor(features: Features) -> Extractor:
    if features.kind == "waveform":
        return standardized
    if features.kind == "whisper-mel":
        mel = LogMel(features.mels)
        return lambda samples: mel.spectrogram(samples, -(-samples.size // features.hop_samples))
    return NemoMel(features)


def standardized(samples: Samples) -> FeatureArray:
    return (samples - samples.mean()) / np.sqrt(samples.var() + 1e-7)


class NemoMel:
    """Pre-emphasis, windows centred on their time, natural logarithm, each mel standardized."""

    def __init__(self, features: Features) -> None:
        self._features = features
        window = np.hanning(features.window_samples)
        left = (features.fft_samples - features.window_samples) // 2
        right = features.fft_samples - features.window_samples - left
        self._window = np.pad(window, (left, right)).astype(np.float32)
        self._filters = _mel_filters(features)

    def __call__(self, samples: Samples) -> FeatureArray:
        features = self._features
        emphasized = samples.copy()
        emphasized[1:] -= features.preemphasis * samples[:-1]
        half = features.fft_samples // 2
        padded = np.pad(emphasized, half)
        views = np.lib.stride_tricks.sliding_window_view(padded, features.fft_samples)
        spectrum = np.fft.rfft(views[:: features.hop_samples] * self._window, axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        mel = np.log(power @ self._filters + GUARD).T
        if features.per_feature:
            deviation = mel.std(axis=1, ddof=1, keepdims=True) if mel.shape[1] > 1 else 0.0
            mel = (mel - mel.mean(axis=1, keepdims=True)) / (deviation + TINY)
        return np.ascontiguousarray(mel, np.float32)


def _mel_filters(features: Features) -> FeatureArray:
    """(frequencies, mels): triangles of equal area on Slaney's scale, linear below 1 kHz."""
    highest_hz = features.sample_rate / 2
    frequencies = np.linspace(0, highest_hz, features.fft_samples // 2 + 1)
    corners = _hertz(np.linspace(0, _mel(highest_hz), features.mels + 2))
    slopes = corners[None, :] - frequencies[:, None]
    widths = np.diff(corners)
    triangles = np.maximum(0, np.minimum(-slopes[:, :-2] / widths[:-1], slopes[:, 2:] / widths[1:]))
    return (triangles * (2 / (corners[2:] - corners[:-2]))).astype(np.float32)


def _mel(hertz: float) -> float:
    return hertz * 3 / 200 if hertz < 1000 else 15 + float(np.log(hertz / 1000)) * 27 / np.log(6.4)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    above = 1000 * np.exp(np.log(6.4) / 27 * (np.maximum(mel, 15) - 15))
    return np.where(mel < 15, mel * 200 / 3, above)
