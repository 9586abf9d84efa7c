"""Sound that waits to be played. A transport takes it, a frame at a time and at its own pace, so
what was heard is known to the sample."""

import asyncio
from collections import deque
from collections.abc import Callable

import numpy as np

from app.core.audio.convert import Samples


class Playout:
    """Of one call. Not for threads: everything happens on the loop of the call."""

    def __init__(self, sample_rate: int, *, ahead_s: float = 1.0) -> None:
        self.sample_rate = sample_rate
        self.is_held = False
        self.started: Callable[[], None] = lambda: None
        """Called when the first sample after a silence is taken."""
        self._most_waiting = round(ahead_s * sample_rate)
        self._waiting: deque[Samples] = deque()
        self._waiting_samples = 0
        self._taken = 0
        self._is_silent = True
        self._moved = asyncio.Event()

    @property
    def played_s(self) -> float:
        """Of all sound that was ever given; what was cleared does not count."""
        return self._taken / self.sample_rate

    @property
    def given_s(self) -> float:
        """The same, with what still waits."""
        return (self._taken + self._waiting_samples) / self.sample_rate

    async def play(self, sound: Samples) -> None:
        """Waits while more than `ahead_s` is waiting, so that synthesis keeps pace with hearing."""
        while self._waiting_samples >= self._most_waiting:
            self._moved.clear()
            await self._moved.wait()
        if sound.size:
            self._waiting.append(sound)
            self._waiting_samples += sound.size

    async def drained(self) -> None:
        while self._waiting_samples:
            self._moved.clear()
            await self._moved.wait()
        self._is_silent = True

    def take(self, count: int) -> Samples:
        """`count` samples, silence where there are no more."""
        frame = np.zeros(count, np.float32)
        if self.is_held or not self._waiting:
            self._is_silent = self._is_silent or not self._waiting
            return frame
        if self._is_silent:
            self._is_silent = False
            self.started()
        filled = 0
        while filled < count and self._waiting:
            piece = self._waiting.popleft()
            part = piece[: count - filled]
            frame[filled : filled + part.size] = part
            filled += part.size
            if part.size < piece.size:
                self._waiting.appendleft(piece[part.size :])
        self._taken += filled
        self._waiting_samples -= filled
        self._moved.set()
        return frame

    def clear(self) -> None:
        """Nothing of what waits is ever heard."""
        self._waiting.clear()
        self._waiting_samples = 0
        self.is_held = False
        self._is_silent = True
        self._moved.set()
