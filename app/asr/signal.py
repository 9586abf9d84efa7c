"""How loud speech is, and making it as loud as it should be. Pure: arrays in, arrays out.

The level counts only what is loud enough to be speech, so pauses do not make a voice seem quiet.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.audio.chunk import Rechunker, samples_in
from app.core.audio.convert import Samples

METER_MS = 100
LIMITER_MS = 5
SILENCE_DB = -70.0


@dataclass(frozen=True, slots=True)
class GainRules:
    """Decibels of full scale. Nothing is made louder by more than `max_gain_db`."""

    target_db: float = -20.0
    ceiling_db: float = -1.0
    max_gain_db: float = 30.0
    gate_db: float = 10.0
    """What is quieter than the mean by more than this counts as a pause."""
    release_db_per_s: float = 60.0
    """How fast the limiter lets go after a peak."""


class LevelMeter:
    """Reads a recording in blocks of any size and remembers one number for each 100 ms."""

    def __init__(self, sample_rate: int) -> None:
        self._chunker = Rechunker(samples_in(METER_MS, sample_rate))
        self._powers: list[float] = []

    def push(self, block: Samples) -> None:
        self._powers += [_power(frame) for frame in self._chunker.push(block)]

    def level_db(self, rules: GainRules) -> float | None:
        """None where there is nothing but silence."""
        rest = self._chunker.flush()
        if rest is not None:
            self._powers.append(_power(rest))
        powers = np.array(self._powers)
        powers = powers[powers > _power_of_db(SILENCE_DB)]
        if not powers.size:
            return None
        gate = powers.mean() * _power_of_db(-rules.gate_db)
        return float(10 * np.log10(powers[powers >= gate].mean()))


def gain_db(level_db: float | None, rules: GainRules) -> float:
    """What brings the level to the target. Silence stays as it is."""
    if level_db is None:
        return 0.0
    return min(rules.max_gain_db, rules.target_db - level_db)


def amplify(
    blocks: Iterable[Samples], gain_db: float, sample_rate: int, rules: GainRules
) -> Iterator[Samples]:
    """Louder by the gain, with peaks held below the ceiling instead of cut off."""
    frame_samples = samples_in(LIMITER_MS, sample_rate)
    limiter = _Limiter(frame_samples, rules)
    chunker = Rechunker(frame_samples)
    factor = np.float32(_amplitude_of_db(gain_db))
    for block in blocks:
        frames = chunker.push(block)
        if frames:
            yield limiter.push(np.stack(frames) * factor).ravel()
    rest = chunker.flush()
    rest_samples = 0 if rest is None else rest.size
    padded = np.zeros((1 if rest_samples else 0, frame_samples), np.float32)
    if rest is not None:
        padded[0, :rest_samples] = rest * factor
    ending = limiter.finish(padded).ravel()
    yield ending[: ending.size - padded.size + rest_samples]


def normalize_gain(samples: Samples, sample_rate: int, rules: GainRules) -> Samples:
    """A whole recording at once."""
    meter = LevelMeter(sample_rate)
    meter.push(samples)
    wanted_db = gain_db(meter.level_db(rules), rules)
    return np.concatenate(list(amplify([samples], wanted_db, sample_rate, rules)))


class _Limiter:
    """Holds one frame back, so that the gain is already down when a peak arrives.

    Gains are those of the edges between frames, and straight lines in between: an edge has the
    lower of what its two frames need, so that no sample of either goes above the ceiling.
    """

    def __init__(self, frame_samples: int, rules: GainRules) -> None:
        self._ceiling = _amplitude_of_db(rules.ceiling_db)
        self._release_db = rules.release_db_per_s * LIMITER_MS / 1000
        self._held: Samples = np.zeros((0, frame_samples), np.float32)
        self._edge_db = 0.0
        self._slope = np.arange(frame_samples, dtype=np.float32) / np.float32(frame_samples)

    def push(self, frames: Samples) -> Samples:
        """All frames but the last, which waits for what follows it."""
        frames = np.concatenate((self._held, frames))
        self._held = frames[-1:].copy()
        return self._limited(frames[:-1], self._needed_db(frames)[1:])

    def finish(self, frames: Samples) -> Samples:
        frames = np.concatenate((self._held, frames))
        needed_db = self._needed_db(frames)
        return self._limited(frames, np.append(needed_db, 0.0)[1:])

    def _needed_db(self, frames: Samples) -> NDArray[np.float64]:
        peaks = np.maximum(np.abs(frames).max(axis=1, initial=0), 1e-9)
        return np.minimum(0, 20 * np.log10(self._ceiling / peaks))

    def _limited(self, frames: Samples, next_db: NDArray[np.float64]) -> Samples:
        if not len(frames):
            return frames
        edges_db = np.minimum(self._needed_db(frames), next_db)
        edges_db = np.append(min(self._edge_db, self._needed_db(frames)[0]), edges_db)
        rising = np.arange(edges_db.size) * self._release_db
        edges_db = np.minimum.accumulate(edges_db - rising) + rising
        self._edge_db = float(edges_db[-1])
        edges = (10 ** (edges_db / 20)).astype(np.float32)
        gains = edges[:-1, None] + np.diff(edges)[:, None] * self._slope
        return np.multiply(frames, gains, dtype=np.float32)


def _power(samples: Samples) -> float:
    return float(np.mean(np.square(samples, dtype=np.float64)))


def _power_of_db(decibels: float) -> float:
    return 10 ** (decibels / 10)


def _amplitude_of_db(decibels: float) -> float:
    return 10 ** (decibels / 20)
