"""A call as it was at the caller's end: the caller on the left, the agent on the right, on one
clock; and what can be measured in that. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.audio.convert import Samples

AUDIBLE = 0.01
PAUSE_S = 0.9
"""A caller who is silent for longer has finished."""

Place = NDArray[np.intp]


class Track:
    def __init__(self) -> None:
        self._parts: list[Samples] = []
        self.end = 0

    def add(self, sound: Samples, place: int) -> None:
        """What comes before its time is not played over what was: silence is passed over then, and
        sound waits."""
        if place > self.end:
            self._parts.append(np.zeros(place - self.end, np.float32))
            self.end = place
        if place < self.end and not is_audible(sound):
            sound = sound[self.end - place :]
        self._parts.append(sound)
        self.end += sound.size

    @property
    def whole(self) -> Samples:
        return np.concatenate([np.zeros(0, np.float32), *self._parts])


class Tape:
    """`began_s`: the moment of its first sample."""

    def __init__(self, rate: int, began_s: float) -> None:
        self.rate = rate
        self._began_s = began_s
        self._said, self._heard = Track(), Track()

    def said(self, sound: Samples, now_s: float) -> None:
        """Its last sample is of this moment."""
        self._said.add(sound, self._place(now_s) - sound.size)

    def heard(self, sound: Samples, now_s: float) -> None:
        """Its first sample can be heard now."""
        self._heard.add(sound, self._place(now_s))

    @property
    def stereo(self) -> Samples:
        """(2, n)"""
        tracks = self._said.whole, self._heard.whole
        size = max(track.size for track in tracks)
        return np.stack([np.pad(track, (0, size - track.size)) for track in tracks])

    def _place(self, at_s: float) -> int:
        return max(0, round((at_s - self._began_s) * self.rate))


@dataclass(frozen=True, slots=True)
class Exchange:
    """In seconds of the tape. `answered_s` to `silent_s`: from the first to the last audible sample
    of the answer; none where there was no answer. `is_cut_in`: the agent was heard before the
    caller had finished."""

    ended_s: float
    answered_s: float | None
    silent_s: float | None
    is_cut_in: bool

    @property
    def waited_s(self) -> float | None:
        return None if self.answered_s is None else self.answered_s - self.ended_s

    @property
    def span_s(self) -> float | None:
        if self.answered_s is None or self.silent_s is None:
            return None
        return self.silent_s - self.answered_s


def exchanges(stereo: Samples, rate: int) -> list[Exchange]:
    """Whatever the caller said, and what was heard until the caller spoke again."""
    said, heard = audible(stereo[0]), audible(stereo[1])
    spoken = list(_runs(said, round(PAUSE_S * rate)))
    until = [begin for begin, _ in spoken[1:]] + [stereo.shape[1]]
    return [
        _exchange(heard, begin, end, next_begin, rate)
        for (begin, end), next_begin in zip(spoken, until, strict=True)
    ]


def _exchange(heard: Place, begin: int, end: int, until: int, rate: int) -> Exchange:
    before = heard[(heard >= begin) & (heard <= end)]
    after = heard[(heard > end) & (heard < until)]
    first, last = (int(after[0]) / rate, int(after[-1]) / rate) if after.size else (None, None)
    return Exchange(end / rate, first, last, bool(before.size))


def _runs(places: Place, pause: int) -> Iterator[tuple[int, int]]:
    """First and last of those that no pause divides."""
    if places.size:
        for run in np.split(places, np.flatnonzero(np.diff(places) > pause) + 1):
            yield int(run[0]), int(run[-1])


def audible(sound: Samples) -> Place:
    return np.flatnonzero(np.abs(sound) > AUDIBLE)


def is_audible(sound: Samples) -> bool:
    return bool(np.any(np.abs(sound) > AUDIBLE))
