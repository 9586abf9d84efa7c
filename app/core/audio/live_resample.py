"""Sample rates of live sound: what comes out is a millisecond or two late, whatever the blocks.

Of files `resample` makes a little better sound, but of 20 ms blocks it makes it 100 ms late.
"""

from functools import lru_cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from app.core.audio.convert import Samples

HALF_WIDTH = 16
"""Samples of the lower rate on each side of an output sample that have a part in it."""
PASSED = 0.92
"""Of the lower rate's band; what is above would fold back into it."""
BETA = 8.0
MOST_PHASES = 1024
"""Places between two samples that have a filter of their own. Rates that would need more, such as
44,101 Hz, take the one before: a thousandth of a sample early, 50 dB below the sound."""


class LiveResampler:
    """One mono signal in blocks of any sizes, which make no difference to what comes out."""

    def __init__(self, from_rate: int, to_rate: int) -> None:
        divisor = gcd(from_rate, to_rate)
        self._up, self._down = to_rate // divisor, from_rate // divisor
        self._half = HALF_WIDTH * max(1, -(-self._down // self._up))
        self._phases = min(self._up, MOST_PHASES)
        self._filters = _filters(self._phases, min(1.0, self._up / self._down), self._half)
        self._heard: Samples = np.zeros(self._half - 1, np.float32)
        self._first = 0
        """Input sample, counted from the first, whose place in `_heard` is `_half - 1`."""
        self._next = 0
        """Output sample that is due, counted from the first."""

    @property
    def late_samples(self) -> int:
        """Of the input, that must be heard before the sound at a moment comes out."""
        return 0 if self._up == self._down else self._half

    def push(self, block: Samples) -> Samples:
        if self._up == self._down:
            return block
        self._heard = np.concatenate((self._heard, block))
        ready = self._first + self._heard.size - (2 * self._half - 1)
        last = max(self._next, -(-ready * self._up // self._down) if ready > 0 else 0)
        places = np.arange(self._next, last, dtype=np.int64) * self._down
        made = self._made(places)
        self._next = last
        self._forget()
        return made

    def flush(self) -> Samples:
        """What is still inside. The signal has ended."""
        return self.push(np.zeros(self.late_samples, np.float32))

    def _made(self, places: NDArray[np.int64]) -> Samples:
        if not places.size:
            return np.zeros(0, np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(self._heard, 2 * self._half)
        rows = windows[places // self._up - self._first]
        phases = places % self._up * self._phases // self._up
        return np.einsum("ij,ij->i", rows, self._filters[phases])

    def _forget(self) -> None:
        keep_from = min(self._next * self._down // self._up, self._first + self._heard.size)
        gone = max(0, keep_from - self._first)
        self._heard = self._heard[gone:].copy()
        self._first += gone


@lru_cache(maxsize=32)
def _filters(phases: int, passed: float, half: int) -> Samples:
    """A row for each place that an output sample can have between two of the input. `passed`: of
    the input's band, what the output has room for."""
    distances = np.arange(1 - half, half + 1) - (np.arange(phases) / phases)[:, None]
    cutoff = PASSED * passed
    inside = np.clip(1 - (distances / half) ** 2, 0, None)
    taps = cutoff * np.sinc(cutoff * distances) * np.i0(BETA * np.sqrt(inside)) / np.i0(BETA)
    return (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)
