"""Sample rates, by soxr: the stream of any block sizes is bit for bit the whole at once.

Made for files: 20 ms telephone blocks (8 to 16 kHz) would come out up to 115 ms late.
"""

import numpy as np
import soxr  # pyright: ignore[reportMissingTypeStubs]

from app.core.audio.convert import Samples


class Resampler:
    """One signal, in blocks of (n,) or (channels, n). What comes out is late and uneven."""

    def __init__(self, from_rate: int, to_rate: int, *, channels: int = 1) -> None:
        self.from_rate = from_rate
        self.channels = channels
        same = from_rate == to_rate
        self._soxr = None if same else soxr.ResampleStream(from_rate, to_rate, channels)

    def push(self, block: Samples, *, last: bool = False) -> Samples:
        """What is ready after `block`. The final block, which may be empty, says `last` once."""
        if self._soxr is None:
            return block
        interleaved = np.ascontiguousarray(block.T)
        resampled: Samples = self._soxr.resample_chunk(interleaved, last=last)
        return np.ascontiguousarray(resampled.T)


def resample(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    """A whole signal: (n,) or (channels, n)."""
    channels = 1 if samples.ndim == 1 else samples.shape[0]
    return Resampler(from_rate, to_rate, channels=channels).push(samples, last=True)
