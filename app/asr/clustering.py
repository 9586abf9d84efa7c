"""Groups vectors of voices into speakers, whose number may be unknown. Pure: no sound, no time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Labels = NDArray[np.intp]

MAX_CLUSTERED = 1200
"""Vectors that are compared with each other, at a cost that grows with its square."""

MAX_STRAY_GROUPS = 50
MIN_SPREAD_VECTORS = 20
MAX_BY_SPREAD = 10
CLEAR_DROP = 2.0
"""Of the variance from one direction to the next. One speaker alone gave at most 1.85."""

REFINEMENTS = 3


@dataclass(frozen=True, slots=True)
class SpeakerCount:
    """How many speakers there may be; the same `least` and `most` say how many there are."""

    least: int = 1
    most: int = 10

    def __post_init__(self) -> None:
        if not 1 <= self.least <= self.most:
            raise ValueError("1 <= least <= most must hold")

    @classmethod
    def exactly(cls, speakers: int) -> "SpeakerCount":
        return cls(speakers, speakers)


@dataclass(frozen=True, slots=True)
class ClusterRules:
    """What is too little to be a speaker."""

    min_vectors: int = 4
    min_share: float = 0.03
    """A group with fewer vectors than this, or a smaller share of them, is no speaker."""

    def needed_of(self, total: int) -> int:
        """Of few vectors, a tenth is enough."""
        needed = max(self.min_vectors, round(self.min_share * total))
        return min(needed, -(-total // 10))


def find_speakers(
    vectors: Vectors, count: SpeakerCount, least_likeness: float, rules: ClusterRules
) -> Vectors:
    """A centre of length one for each speaker; none where there are no vectors.

    Their number is the one that the spread of the vectors shows, where it shows one clearly; else
    groups whose mean cosine is below `least_likeness` are different speakers.
    """
    if not len(vectors):
        return vectors
    sample = vectors[_evenly(len(vectors), MAX_CLUSTERED)]
    merges = _merges(sample)
    needed = rules.needed_of(len(sample))
    guess = _count_by_spread(sample)
    if guess is None:
        groups = 1 + sum(merge.likeness < least_likeness for merge in merges)
        guess = int(_large(_cut(merges, len(sample), groups), needed).max()) + 1
    wanted = min(len(sample), max(count.least, min(count.most, guess)))
    labels = _groups(merges, len(sample), wanted, needed)
    return _refined(sample, _centres(sample[labels >= 0], labels[labels >= 0]))


def nearest(vectors: Vectors, centres: Vectors) -> Labels:
    return np.argmax(vectors @ centres.T, axis=1)


@dataclass(frozen=True, slots=True)
class _Merge:
    first: int
    second: int
    likeness: float


def _evenly(count: int, most: int) -> Labels:
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, most).round().astype(np.intp)


def _merges(vectors: Vectors) -> list[_Merge]:
    """Average linkage by chains of nearest neighbours, most alike first. Names are row numbers."""
    size = len(vectors)
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -np.inf)
    weight = np.ones(size)
    alive = np.ones(size, bool)
    merges: list[_Merge] = []
    chain: list[int] = []
    while len(merges) < size - 1:
        if not chain:
            chain.append(int(np.argmax(alive)))
        here = chain[-1]
        there = int(np.argmax(likeness[here]))
        if len(chain) > 1 and likeness[here, there] <= likeness[here, chain[-2]]:
            there = chain[-2]
            del chain[-2:]
            merges.append(_Merge(here, there, float(likeness[here, there])))
            _join(likeness, weight, here, there)
            alive[there] = False
        else:
            chain.append(there)
    return sorted(merges, key=lambda merge: -merge.likeness)


def _join(likeness: Vectors, weight: NDArray[np.float64], kept: int, gone: int) -> None:
    """The likeness of two groups to a third is the mean over their members."""
    total = weight[kept] + weight[gone]
    joined = (weight[kept] * likeness[kept] + weight[gone] * likeness[gone]) / total
    likeness[kept] = likeness[:, kept] = joined
    likeness[gone] = likeness[:, gone] = -np.inf
    likeness[kept, kept] = -np.inf
    weight[kept] = total


def _cut(merges: list[_Merge], size: int, group_count: int) -> Labels:
    parents = list(range(size))

    def root(row: int) -> int:
        while parents[row] != row:
            parents[row] = parents[parents[row]]
            row = parents[row]
        return row

    for merge in merges[: size - group_count]:
        parents[root(merge.second)] = root(merge.first)
    _, labels = np.unique([root(row) for row in range(size)], return_inverse=True)
    return labels


def _count_by_spread(vectors: Vectors) -> int | None:
    """Speakers lie in one direction fewer than they are, and spread far more there than elsewhere.

    None where no such drop stands out: one speaker, or several who are alike or seldom heard.
    """
    if len(vectors) < MIN_SPREAD_VECTORS:
        return None
    centred = (vectors - vectors.mean(axis=0)).astype(np.float64)
    rising = np.linalg.eigvalsh(centred.T @ centred)
    spread = rising[::-1][: MAX_BY_SPREAD + 1] + 1e-9
    drops = spread[:-1] / spread[1:]
    steepest = int(np.argmax(drops))
    return steepest + 2 if drops[steepest] >= CLEAR_DROP else None


def _groups(merges: list[_Merge], size: int, wanted: int, needed: int) -> Labels:
    """A group for each speaker, numbered from 0; -1 for what is too little to be anyone."""
    for group_count in range(wanted, min(size, wanted + MAX_STRAY_GROUPS) + 1):
        found = _large(_cut(merges, size, group_count), needed)
        if found.max() + 1 == wanted:
            return found
    return _cut(merges, size, wanted)


def _large(labels: Labels, needed: int) -> Labels:
    """Groups of at least `needed`, or the largest one, renumbered; the others become -1."""
    sizes = np.bincount(labels)
    large = sizes >= min(needed, sizes.max())
    numbers = np.where(large, np.cumsum(large) - 1, -1)
    return numbers[labels]


def _refined(vectors: Vectors, centres: Vectors) -> Vectors:
    """Every vector goes to its nearest centre, and the centres to the middle of their vectors."""
    for _ in range(REFINEMENTS):
        labels = nearest(vectors, centres)
        if len(np.unique(labels)) < len(centres):
            break
        centres = _centres(vectors, labels)
    return centres


def _centres(vectors: Vectors, labels: Labels) -> Vectors:
    sums = np.zeros((labels.max() + 1, vectors.shape[1]), np.float32)
    np.add.at(sums, labels, vectors)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    return sums / np.maximum(lengths, np.float32(1e-9))
