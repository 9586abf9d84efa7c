"""The classifier of words: a weighted sum of sparse features. Learns in numpy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from app.asr.tags.ngrams import ROWS, phrases_of, pieces_of

RATE, BIAS_RATE = 3.0, 0.1
BATCH, EPOCHS = 32, 5

Words = Sequence[str]


@dataclass(frozen=True)
class Rarity:
    """Logarithms of how rare each row is in the texts of the training."""

    phrases: np.ndarray
    runs: np.ndarray

    @classmethod
    def of(cls, texts: Sequence[Words]) -> Self:
        return cls(*(_rarity([part[block] for part in map(_cut, texts)]) for block in (0, 1)))


@dataclass(frozen=True)
class Features:
    """Of each text the rows that it has and how much of each: phrases first, then runs of letters,
    which have the rows from ROWS on. Each of the two has length one."""

    rows: list[np.ndarray]
    values: list[np.ndarray]

    @classmethod
    def of(cls, texts: Sequence[Words], rarity: Rarity) -> Self:
        rows: list[np.ndarray] = []
        values: list[np.ndarray] = []
        for text in texts:
            phrases, runs = _cut(text)
            one, other = _valued(phrases, rarity.phrases), _valued(runs, rarity.runs)
            rows.append(np.concatenate([one[0], other[0] + ROWS]))
            values.append(np.concatenate([one[1], other[1]]))
        return cls(rows, values)


@dataclass
class Linear:
    """`table` has a row for each feature, a column for each label."""

    table: np.ndarray
    bias: np.ndarray

    def scores(self, features: Features, places: Sequence[int] | None = None) -> np.ndarray:
        chosen = range(len(features.rows)) if places is None else places
        rows = np.concatenate([features.rows[place] for place in chosen])
        values = np.concatenate([features.values[place] for place in chosen])
        starts = np.cumsum([0, *(len(features.rows[place]) for place in chosen)])[:-1]
        return np.add.reduceat(self.table[rows] * values[:, None], starts) + self.bias


def learn(
    features: Features, truth: np.ndarray, weights: np.ndarray, labels: int, seed: int
) -> Linear:
    """Each label against the rest, by the squared hinge: descent with ever smaller steps."""
    model = Linear(np.zeros((2 * ROWS, labels), np.float32), np.zeros(labels, np.float32))
    order = np.random.default_rng(seed)
    steps = EPOCHS * -(-len(truth) // BATCH)
    batches = (
        places[start : start + BATCH]
        for places in (order.permutation(len(truth)) for _ in range(EPOCHS))
        for start in range(0, len(places), BATCH)
    )
    for step, batch in enumerate(batches):
        rate = RATE * (1 - step / steps) / len(batch)
        sides = np.where(np.arange(labels) == truth[batch, None], 1, -1).astype(np.float32)
        missing = np.maximum(0, 1 - sides * model.scores(features, batch))
        wrong = -2 * sides * missing * weights[batch, None]
        rows, slopes = _slopes(features, batch, wrong)
        model.table[rows] -= rate * slopes
        model.bias -= rate * BIAS_RATE * wrong.sum(0)
    return model


def likelihoods(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def _slopes(
    features: Features, batch: np.ndarray, wrong: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The rows that the batch has, each once, and which way their weights should go."""
    sizes = [len(features.rows[place]) for place in batch]
    rows = np.concatenate([features.rows[place] for place in batch])
    values = np.concatenate([features.values[place] for place in batch])
    slopes = values[:, None] * np.repeat(wrong, sizes, axis=0)
    order = np.argsort(rows, kind="stable")
    unique, starts = np.unique(rows[order], return_index=True)
    return unique, np.add.reduceat(slopes[order], starts)


def _cut(words: Words) -> tuple[list[int], list[int]]:
    return phrases_of(words), pieces_of(words)


def _valued(numbers: list[int], rarity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, counts = np.unique(numbers, return_counts=True)
    values = (1 + np.log(counts)) * rarity[rows]
    return rows, (values / np.linalg.norm(values)).astype(np.float32)


def _rarity(numbers: list[list[int]]) -> np.ndarray:
    found = np.zeros(ROWS)
    for each in numbers:
        found[np.unique(each)] += 1
    return (np.log((1 + len(numbers)) / (1 + found)) + 1).astype(np.float32)
