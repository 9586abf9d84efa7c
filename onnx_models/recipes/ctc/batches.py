"""What a step of the training sees: clips of about one length, each in one of its rounds. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onnx_models.recipes.ctc.features import Kept, Round, States

TOKENS = ["_", " ", "'", *"abcdefghijklmnopqrstuvwxyz"]
"""Blank first."""
BATCH_FRAMES = 4000
JITTER_FRAMES = 30
"""Clips whose lengths differ by less than this change places from epoch to epoch."""
MASK_EVERY, LONGEST_MASK = 75, 12
"""Frames: a gap in so many, of up to so many."""
LOST_CHANNELS = 0.08
SEED = 7

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Batch:
    """Rows padded with zeros to the longest; the letters of all rows in line."""

    states: Floats
    frames: NDArray[np.int64]
    letters: NDArray[np.int64]
    letter_counts: NDArray[np.int64]


@dataclass(frozen=True)
class Clips:
    """All rounds of all sets: `clips[n]` is one clip in each of its rounds."""

    rounds: Sequence[Round]
    clips: Sequence[Sequence[tuple[int, Kept]]]

    def states(self, round_and_row: tuple[int, Kept]) -> States:
        number, row = round_and_row
        return self.rounds[number].of(row)


def learned(rounds: Sequence[Round], repeats: dict[str, int]) -> Clips:
    """What may be learned from; the clips of a set are taken `repeats` times in an epoch."""
    by_file: dict[str, list[tuple[int, Kept]]] = {}
    for number, each in enumerate(rounds):
        for row in each.rows:
            if not row.is_set_aside and len(row.text) * 2 < row.frames:
                by_file.setdefault(row.file, []).append((number, row))
    clips = [
        clip for file, clip in by_file.items() for _ in range(repeats.get(file.split("/")[0], 1))
    ]
    return Clips(rounds, clips)


def set_aside(rounds: Sequence[Round], most: int) -> list[tuple[int, Kept]]:
    """Of each set alike; its rounds all hold them unchanged."""
    by_set: dict[str, dict[str, tuple[int, Kept]]] = {}
    for number, each in enumerate(rounds):
        for row in each.rows:
            if row.is_set_aside:
                by_set.setdefault(row.file.split("/")[0], {})[row.file] = (number, row)
    chosen: list[tuple[int, Kept]] = []
    for clips in by_set.values():
        every = list(clips.values())
        chosen += every[:: max(1, len(every) * len(by_set) // most)]
    return chosen


def epoch(clips: Clips, number: int) -> list[list[tuple[int, Kept]]]:
    """The same number gives the same batches."""
    random = np.random.default_rng([SEED, number])
    taken = [clip[random.integers(len(clip))] for clip in clips.clips]
    jitter = random.random(len(taken)) * JITTER_FRAMES
    taken = [taken[at] for at in np.argsort([row.frames for _, row in taken] + jitter)]
    batches: list[list[tuple[int, Kept]]] = [[]]
    longest = 0
    for clip in taken:
        longest = max(longest, clip[1].frames)
        if batches[-1] and (len(batches[-1]) + 1) * longest > BATCH_FRAMES:
            batches.append([])
            longest = clip[1].frames
        batches[-1].append(clip)
    return [batches[at] for at in random.permutation(len(batches))]


def batch(clips: Clips, chosen: Sequence[tuple[int, Kept]]) -> Batch:
    """As many letters as there are; unmasked."""
    frames = np.array([row.frames for _, row in chosen], np.int64)
    width = clips.rounds[0].states.shape[1]
    states = np.zeros((len(chosen), int(frames.max()), width), np.float32)
    for at, clip in enumerate(chosen):
        states[at, : clip[1].frames] = clips.states(clip)
    letters = [[TOKENS.index(letter) for letter in row.text] for _, row in chosen]
    counts = np.array([len(each) for each in letters], np.int64)
    return Batch(states, frames, np.concatenate(letters).astype(np.int64), counts)


def mask(states: Floats, frames: NDArray[np.int64], random: np.random.Generator) -> None:
    """Gaps in time, and channels lost for the whole clip, in place."""
    for row, count in zip(states, frames, strict=True):
        row[:, random.random(row.shape[1]) < LOST_CHANNELS] = 0
        for _ in range(int(count) // MASK_EVERY):
            start = int(random.integers(count))
            row[start : start + int(random.integers(1, LONGEST_MASK + 1))] = 0


def best_path(scores: Floats) -> str:
    """The likeliest token of each frame, repeated ones once, without blanks."""
    tokens = scores.argmax(-1)
    first = np.concatenate(([True], tokens[1:] != tokens[:-1]))
    return "".join(TOKENS[token] for token in tokens[first & (tokens != 0)])
