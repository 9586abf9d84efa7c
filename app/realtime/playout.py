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
        self.is_idle = False
        """Whether a whole frame was taken last in which nothing is said."""
        self.started: Callable[[], None] = lambda: None
        """Called when the first sample after a silence is taken."""
        self.refused: Callable[[], None] = lambda: None
        """To be called where the far end wants to hear no more of what is being said."""
        self.cleared: Callable[[], None] = lambda: None
        """Called when what waits, and what a transport has sent ahead, must never be heard."""
        self.taken: Callable[[Samples], None] = lambda _: None
        """Called with all that is taken, the silence of whole frames too."""
        self.taken_back: Callable[[int], None] = lambda _: None
        """Called with how many of the samples that were taken last are never heard."""
        self.background: Callable[[int], Samples] | None = None
        """Sound for as long as the line is open: makes so many samples of it."""
        self._aside = _NOTHING
        self._unsaid = 0
        """Samples since the last that counts."""
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

    def murmur(self, sound: Samples) -> None:
        """Mixed into what is taken next, beside all that is said: it never counts as heard."""
        self._aside = np.concatenate([self._aside, sound])

    def take(self, count: int) -> Samples:
        """`count` samples, silence where there are no more."""
        said = self._taken
        frame = _filled(self._take(count), count)
        self.is_idle = self._taken == said
        self.taken(frame)
        return frame

    def take_sound(self, most: int) -> Samples:
        """Up to `most` samples, without the silence."""
        sound = self._take(most)
        self.is_idle = False
        if sound.size:
            self.taken(sound)
        return sound

    def _take(self, most: int) -> Samples:
        said, beside = self._take_said(most), self._take_beside(most)
        self._unsaid = 0 if said.size else self._unsaid + beside.size
        if not beside.size:
            return said
        count = max(said.size, beside.size)
        return _filled(said, count) + _filled(beside, count)

    def _take_said(self, most: int) -> Samples:
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

    def _take_beside(self, most: int) -> Samples:
        beside, self._aside = self._aside[:most], self._aside[most:]
        if not self.background:
            return beside
        return self.background(most) + _filled(beside, most)

    def sent_ahead(self, count: int) -> None:
        """For a transport whose far end buffers: so many of the samples taken wait there."""
        self._ahead = max(0, count - self._unsaid)
        self._moved.set()

    def clear(self) -> None:
        """Nothing of what waits is ever heard."""
        self._waiting.clear()
        self._waiting_samples = 0
        self._aside = _NOTHING
        self.taken_back(self._ahead)
        self._taken -= self._ahead
        self._ahead = 0
        self.is_held = False
        self._is_silent = True
        self._moved.set()
        self.cleared()


def _filled(sound: Samples, count: int) -> Samples:
    """Up to `count`, with silence."""
    return sound if sound.size == count else np.pad(sound, (0, count - sound.size))
