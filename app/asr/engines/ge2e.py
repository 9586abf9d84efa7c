"""GE2E speaker encoder: what a voice is like, as a vector; near vectors are one speaker.

Features and averaging are those the network was trained with. Decides nothing about who speaks.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.asr.voices import VoiceModel
from app.core.audio.convert import Samples
from app.inference.onnx import OnnxModel, OnnxRuntime

SAMPLE_RATE = 16000
MEL_COUNT = 40
FRAME_SAMPLES = 160
FFT_SAMPLES = 400
WINDOW_FRAMES = 160
WINDOW_SAMPLES = WINDOW_FRAMES * FRAME_SAMPLES
"""1.6 s: the length of speech that the network was trained on."""

ENCODED_SIZE = 256
EMBEDDING_SIZE = 192
BATCH_WINDOWS = 32
"""Windows in one call of the network; more are no faster and need more memory."""

WINDOWS_PER_S = 1.3
MIN_COVERAGE = 0.75
LEVEL = 10 ** (-30 / 20)
"""Root mean square that quieter sound is raised to."""

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Whitening:
    """Learned on real speakers: takes away what voices share, keeps what tells them apart."""

    mean: Vectors
    matrix: Vectors

    def __call__(self, encoded: Vectors) -> Vectors:
        return normalized(((encoded - self.mean) @ self.matrix).astype(np.float32, copy=False))


class Ge2eEncoder(VoiceModel):
    def __init__(self, network: OnnxModel, whitening: Whitening, memory_bytes: int) -> None:
        self._network = network
        self._whitening = whitening
        self._filters = _mel_filters()
        self.memory_bytes = memory_bytes

    @property
    def device(self) -> str:
        return self._network.device

    def close(self) -> None:
        self._network.close()

    def embed(self, samples: Samples) -> Vectors:
        """The speaker of some speech, in 192 dimensions: the answer to `speaker_embedding`."""
        return self._whitening(self.encode(samples))

    def embed_windows(self, windows: Iterable[Samples]) -> Vectors:
        """One row of 192 for each window of 1.6 s or less. Lengths that recur are cheap."""
        encoded = self._encoded(self._mel(levelled(window))[:WINDOW_FRAMES] for window in windows)
        return self._whitening(encoded)

    def encode(self, samples: Samples) -> Vectors:
        """The 256 dimensions of the publisher: the mean of windows that overlap by half."""
        starts = window_starts(samples.size)
        padded = np.pad(levelled(samples), (0, max(0, starts[-1] + WINDOW_SAMPLES - samples.size)))
        frames = self._mel(padded)
        first_frames = [start // FRAME_SAMPLES for start in starts]
        windows = (frames[first : first + WINDOW_FRAMES] for first in first_frames)
        return normalized(np.mean(self._encoded(windows), axis=0))

    def _encoded(self, windows: Iterable[Vectors]) -> Vectors:
        """A row for each, in their order, though those of one length go through together."""
        found: list[Vectors] = []
        waiting: dict[int, list[tuple[int, Vectors]]] = defaultdict(list)

        def run(batch: list[tuple[int, Vectors]]) -> None:
            vectors = self._network.run({"mels": np.stack([frames for _, frames in batch])})[0]
            for (row, _), vector in zip(batch, vectors, strict=True):
                found[row] = vector
            batch.clear()

        for row, frames in enumerate(windows):
            found.append(frames[:0])
            batch = waiting[len(frames)]
            batch.append((row, frames))
            if len(batch) == BATCH_WINDOWS:
                run(batch)
        for batch in filter(None, waiting.values()):
            run(batch)
        return np.stack(found) if found else np.zeros((0, ENCODED_SIZE), np.float32)

    def _mel(self, samples: Samples) -> Vectors:
        """Power, not its logarithm, in 40 bands every 10 ms."""
        padded = np.pad(samples, FFT_SAMPLES // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, FFT_SAMPLES)[::FRAME_SAMPLES]
        spectrum = np.fft.rfft(frames * _hann(), axis=1)
        power = spectrum.real**2 + spectrum.imag**2
        return (power @ self._filters).astype(np.float32)


def load_ge2e(folder: Path, runtime: OnnxRuntime) -> Ge2eEncoder:
    """One thread: windows are many and small, and the lanes already run several calls at once."""
    graph, weights, learned = (
        folder / name for name in ("encoder.onnx", "weights.bin", "whitening.npz")
    )
    with np.load(learned) as arrays:
        whitening = Whitening(mean=arrays["mean"], matrix=arrays["matrix"])
    memory_bytes = weights.stat().st_size + whitening.matrix.nbytes
    return Ge2eEncoder(runtime.open(graph, threads=1), whitening, memory_bytes)


def window_starts(sample_count: int) -> list[int]:
    """Where the windows of one utterance begin; a last one with too little sound is left out."""
    frame_count = -(-(sample_count + 1) // FRAME_SAMPLES)
    step = round(SAMPLE_RATE / WINDOWS_PER_S / FRAME_SAMPLES)
    steps = max(1, frame_count - WINDOW_FRAMES + step + 1)
    starts = [frame * FRAME_SAMPLES for frame in range(0, steps, step)]
    if len(starts) > 1 and (sample_count - starts[-1]) / WINDOW_SAMPLES < MIN_COVERAGE:
        starts.pop()
    return starts


def levelled(samples: Samples) -> Samples:
    """Quiet sound raised to the level of the training; loud sound and silence are left alone."""
    root_mean_square = float(np.sqrt(np.mean(np.square(samples)))) if samples.size else 0.0
    if not 0 < root_mean_square < LEVEL:
        return samples
    return samples * np.float32(LEVEL / root_mean_square)


def normalized(vectors: Vectors) -> Vectors:
    """Of length one; the zero vector, which silence may give, stays zero."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)


def _hann() -> NDArray[np.float64]:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT_SAMPLES) / FFT_SAMPLES)


def _mel_filters() -> NDArray[np.float64]:
    """Triangles of equal area on Slaney's mel scale, (bins, bands)."""
    edges_hz = _hz_from_mel(np.linspace(0, _mel_from_hz(SAMPLE_RATE / 2), MEL_COUNT + 2))
    bins_hz = np.fft.rfftfreq(FFT_SAMPLES, 1 / SAMPLE_RATE)[:, None]
    rising = (bins_hz - edges_hz[:-2]) / np.diff(edges_hz)[:-1]
    falling = (edges_hz[2:] - bins_hz) / np.diff(edges_hz)[1:]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return triangles * 2 / (edges_hz[2:] - edges_hz[:-2])


_BREAK_HZ, _BREAK_MEL, _LOG_STEP = 1000.0, 15.0, np.log(6.4) / 27


def _mel_from_hz(frequency_hz: float) -> float:
    """Linear below 1 kHz, logarithmic above."""
    if frequency_hz < _BREAK_HZ:
        return frequency_hz * 3 / 200
    return float(_BREAK_MEL + np.log(frequency_hz / _BREAK_HZ) / _LOG_STEP)


def _hz_from_mel(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    above = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mels, _BREAK_MEL) - _BREAK_MEL))
    return np.where(mels < _BREAK_MEL, mels * 200 / 3, above)
