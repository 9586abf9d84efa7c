"""Whisper's log-mel spectrogram, of sound of any length. 16 kHz in, 100 frames a second out."""

import numpy as np
from numpy.typing import NDArray

from app.core.audio.convert import Samples

SAMPLE_RATE = 16000
FFT_SAMPLES = 400
HOP_SAMPLES = 160
FRAMES_PER_S = SAMPLE_RATE // HOP_SAMPLES
EDGE_SAMPLES = FFT_SAMPLES // 2
FLOOR = 1e-10
RANGE_DECADES = 8.0

Spectrogram = NDArray[np.float32]


class LogMel:
    def __init__(self, mels: int) -> None:
        self._window = np.hanning(FFT_SAMPLES + 1)[:-1].astype(np.float32)
        self._filters = mel_filters(mels)

    def spectrogram(self, samples: Samples, frame_count: int) -> Spectrogram:
        """(mels, frame_count) of the sound, followed by silence up to that length."""
        sound_frames = min(frame_count, samples.size // HOP_SAMPLES + 2)
        power = self._power(samples[: frame_count * HOP_SAMPLES], frame_count, sound_frames)
        mel = np.full((frame_count, self._filters.shape[1]), np.log10(FLOOR), np.float32)
        np.log10(np.maximum(power @ self._filters, FLOOR), out=mel[:sound_frames])
        np.maximum(mel, mel.max() - RANGE_DECADES, out=mel)
        return np.ascontiguousarray((mel.T + 4) / 4, np.float32)

    def _power(self, samples: Samples, frame_count: int, sound_frames: int) -> Spectrogram:
        """Frames are centred on their time: the sound is mirrored at the ends of the window."""
        missing = frame_count * HOP_SAMPLES - samples.size
        quiet = np.pad(samples, (0, min(missing, 2 * FFT_SAMPLES)))
        edged = np.pad(quiet, EDGE_SAMPLES, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(edged, FFT_SAMPLES)[::HOP_SAMPLES]
        spectrum = np.fft.rfft(frames[:sound_frames] * self._window, axis=1)
        return (spectrum.real**2 + spectrum.imag**2).astype(np.float32, copy=False)


def mel_filters(mels: int) -> Spectrogram:
    """(frequencies, mels): triangles of equal area on Slaney's scale, linear below 1 kHz."""
    frequencies = np.linspace(0, SAMPLE_RATE / 2, EDGE_SAMPLES + 1)
    corners = _hertz(np.linspace(0, _mel(SAMPLE_RATE / 2), mels + 2))
    widths = np.diff(corners)
    slopes = corners[None, :] - frequencies[:, None]
    rising = -slopes[:, :-2] / widths[:-1]
    falling = slopes[:, 2:] / widths[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (corners[2:] - corners[:-2]))).astype(np.float32)


LINEAR_HZ_PER_MEL = 200 / 3
BREAK_HZ = 1000.0
BREAK_MEL = BREAK_HZ / LINEAR_HZ_PER_MEL
LOG_STEP = np.log(6.4) / 27


def _mel(hertz: float) -> float:
    if hertz < BREAK_HZ:
        return hertz / LINEAR_HZ_PER_MEL
    return BREAK_MEL + float(np.log(hertz / BREAK_HZ) / LOG_STEP)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    above = BREAK_HZ * np.exp(LOG_STEP * (np.maximum(mel, BREAK_MEL) - BREAK_MEL))
    return np.where(mel < BREAK_MEL, mel * LINEAR_HZ_PER_MEL, above)
