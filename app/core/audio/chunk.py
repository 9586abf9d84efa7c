"""Cutting sound into pieces of one length. Works on the last axis, so on mono and on channels."""

from collections.abc import Iterator

import numpy as np

from app.core.audio.convert import Samples


def samples_in(chunk_ms: int, sample_rate: int) -> int:
    """Samples of a chunk. A length that is not a whole number of samples would drift: refused."""
    samples, rest = divmod(chunk_ms * sample_rate, 1000)
    if samples < 1 or rest:
        raise ValueError(f"{chunk_ms} ms at {sample_rate} Hz is not a whole number of samples")
    return samples


def chunks(samples: Samples, chunk_ms: int, sample_rate: int) -> Iterator[Samples]:
    """Views of `chunk_ms` each; the last one may be shorter."""
    size = samples_in(chunk_ms, sample_rate)
    for start in range(0, samples.shape[-1], size):
        yield samples[..., start : start + size]


class Rechunker:
    """Blocks of any size in, frames of exactly `frame_samples` out. Keeps no view of a block."""

    def __init__(self, frame_samples: int) -> None:
        if frame_samples < 1:
            raise ValueError("a frame holds at least one sample")
        self._frame_samples = frame_samples
        self._rest: Samples | None = None

    def push(self, block: Samples) -> list[Samples]:
        joined = block if self._rest is None else np.concatenate([self._rest, block], axis=-1)
        whole, rest = divmod(joined.shape[-1], self._frame_samples)
        frames = [
            joined[..., start : start + self._frame_samples].copy()
            for start in range(0, whole * self._frame_samples, self._frame_samples)
        ]
        self._rest = joined[..., -rest:].copy() if rest else None
        return frames

    def flush(self) -> Samples | None:
        """What is left over, shorter than a frame, or None. Afterwards a new signal may begin."""
        rest, self._rest = self._rest, None
        return rest
