"""DTLN: takes noise out of speech at 16 kHz. As many samples come out as went in, in their place.

Two small networks a step of 8 ms: one masks the spectrum, one mends the waveform.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from app.core.audio.convert import Samples
from app.inference.onnx import OnnxModel, OnnxRuntime

SAMPLE_RATE = 16000
FRAME_SAMPLES = 512
STEP_SAMPLES = 128
LATE_SAMPLES = FRAME_SAMPLES - STEP_SAMPLES
"""What overlaps the next frames is not finished yet."""

KEPT_FOR_RECOGNITION = 0.5
"""Of the noisy sound: a recognizer trained on noise hears speech that was cleaned wholly worse."""

_MEMORY = (1, 2, 128, 2)


class Dtln:
    def __init__(self, mask: OnnxModel, wave: OnnxModel) -> None:
        self._mask = mask
        self._wave = wave

    @property
    def memory_bytes(self) -> int:
        return self._mask.memory_bytes + self._wave.memory_bytes

    @property
    def device(self) -> str:
        return self._mask.device

    def close(self) -> None:
        self._mask.close()
        self._wave.close()

    def denoise(self, blocks: Iterable[Samples], kept: float = 0.0) -> Iterator[Samples]:
        """One recording or live stream, in blocks of any size; memory stays flat.

        `kept` is the part of the noisy sound that is mixed in again.
        """
        stream = _Stream(self._mask, self._wave, kept)
        for block in blocks:
            cleaned = stream.push(block)
            if cleaned.size:
                yield cleaned
        rest = stream.flush()
        if rest.size:
            yield rest


class _Stream:
    def __init__(self, mask: OnnxModel, wave: OnnxModel, kept: float) -> None:
        self._mask = mask
        self._wave = wave
        self._kept = np.float32(kept)
        self._mask_memory = np.zeros(_MEMORY, np.float32)
        self._wave_memory = np.zeros(_MEMORY, np.float32)
        self._heard: Samples = np.zeros(LATE_SAMPLES, np.float32)
        self._unfinished: Samples = np.zeros(FRAME_SAMPLES, np.float32)
        self._lead_samples = LATE_SAMPLES

    def push(self, block: Samples) -> Samples:
        heard = np.concatenate((self._heard, block))
        step_count = max(0, (heard.size - LATE_SAMPLES) // STEP_SAMPLES)
        cleaned = np.empty(step_count * STEP_SAMPLES, np.float32)
        for start in range(0, cleaned.size, STEP_SAMPLES):
            frame = heard[start : start + FRAME_SAMPLES]
            step = (1 - self._kept) * self._step(frame) + self._kept * frame[:STEP_SAMPLES]
            cleaned[start : start + STEP_SAMPLES] = step
        self._heard = heard[cleaned.size :].copy()
        return self._without_lead(cleaned)

    def flush(self) -> Samples:
        """What is still inside. The stream has ended."""
        inside = self._heard.size - self._lead_samples
        silence = np.zeros(FRAME_SAMPLES + STEP_SAMPLES, np.float32)
        return self.push(silence)[:inside]

    def _step(self, frame: Samples) -> Samples:
        spectrum = np.fft.rfft(frame)
        magnitude = np.abs(spectrum).astype(np.float32).reshape(1, 1, -1)
        feeds = {"input_2": magnitude, "input_3": self._mask_memory}
        mask, self._mask_memory = self._mask.run(feeds)
        masked = np.fft.irfft(mask.ravel() * spectrum).astype(np.float32)
        feeds = {"input_4": masked.reshape(1, 1, -1), "input_5": self._wave_memory}
        mended, self._wave_memory = self._wave.run(feeds)
        self._unfinished += mended.ravel()
        finished = self._unfinished[:STEP_SAMPLES].copy()
        self._unfinished[:-STEP_SAMPLES] = self._unfinished[STEP_SAMPLES:]
        self._unfinished[-STEP_SAMPLES:] = 0
        return finished

    def _without_lead(self, cleaned: Samples) -> Samples:
        """The first samples stand for the silence before the sound began."""
        skipped = min(self._lead_samples, cleaned.size)
        self._lead_samples -= skipped
        return cleaned[skipped:]


def load_dtln(folder: Path, runtime: OnnxRuntime) -> Dtln:
    """One thread and the CPU: a step is so small that more of either makes it slower."""
    return Dtln(
        mask=runtime.open(folder / "model_1.onnx", threads=1, device="cpu"),
        wave=runtime.open(folder / "model_2.onnx", threads=1, device="cpu"),
    )
