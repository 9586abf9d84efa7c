"""Sound that waits to be played. A transport takes it, a frame at a time and at its own pace, so
what was heard is known to the sample."""

import asyncio
from collections import deque
from collections.abc import Callable

import numpy as np

from app.core.audio.convert import Samples

_NOTHING: Samples = np.zeros(0, np.float32)


class Playout:
    """Of one call. Not for threads: everything happens on the loop of the call."""

    def __init__(self, sample_rate: int, *, ahead_s: float = 1.0) -> None:
        self.sample_rate = sample_rate
        self.is_held = False
        self.started: Callable[[], None] = lambda: None
        """Called when the first sample after a silence is taken."""
        self.cleared: Callable[[], None] = lambda: None
        """Called when what waits, and what a transport has sent ahead, must never be heard."""
        self._most_waiting = round(ahead_s * sample_rate)
        self._waiting: deque[Samples] = deque()
        self._waiting_samples = 0
        self._taken = 0
        self._ahead = 0
        self._is_silent = True
        self._moved = asyncio.Event()

    @property
    def played_s(self) -> float:
        """Of all sound that was ever given; what was cleared does not count."""
        return (self._taken - self._ahead) / self.sample_rate

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
        while self._waiting_samples or self._ahead:
            self._moved.clear()
            await self._moved.wait()
        self._is_silent = True

    def take(self, count: int) -> Samples:
        """`count` samples, silence where there are no more."""
        frame = np.zeros(count, np.float32)
        sound = self.take_sound(count)
        frame[: sound.size] = sound
        return frame

    def take_sound(self, most: int) -> Samples:
        """Up to `most` samples, without the silence."""
        if self.is_held or not self._waiting:
            self._is_silent = self._is_silent or not self._waiting
            return _NOTHING
        if self._is_silent:
            self._is_silent = False
            self.started()
        pieces: list[Samples] = []
        missing = most
        while missing and self._waiting:
            piece = self._waiting.popleft()
            pieces.append(piece[:missing])
            if piece.size > missing:
                self._waiting.appendleft(piece[missing:])
            missing -= pieces[-1].size
        self._taken += most - missing
        self._waiting_samples -= most - missing
        self._moved.set()
        return np.concatenate(pieces)

    def sent_ahead(self, count: int) -> None:
        """For a transport whose far end buffers: so many of the samples taken wait there."""
        self._ahead = count
        self._moved.set()

    def clear(self) -> None:
        """Nothing of what waits is ever heard."""
        self._waiting.clear()
        self._waiting_samples = 0
        self._taken -= self._ahead
        self._ahead = 0
        self.is_held = False
        self._is_silent = True
        self._moved.set()
        self.cleared()
