"""Fisher's linear discriminants, for labels that few people have: what varies little is noise
there, and what remains is told apart no better than its spread allows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_models.recipes.voice.clips import SEED
from onnx_models.recipes.voice.regression import Floats, Regression, standardized

DIRECTIONS = 200
SHRINKAGE = 1 / 3
"""Of the spread within a label, what is taken as the same in all directions."""
SPARE, ROUNDS = 32, 3


def discriminate(columns: NDArray[Any], targets: NDArray[Any], weights: Floats) -> Regression:
    """Every label as likely as any other. The same rows give the same weights."""
    found, x = standardized(columns)
    directions = _widest(x, min(DIRECTIONS, *x.shape))
    narrow = (x @ directions).astype(np.float64)
    shares = weights / weights.sum()
    members = np.eye(int(targets.max()) + 1)[targets] * shares[:, None]
    heard = members.sum(axis=0) > 0
    centres = members.T @ narrow
    centres[heard] /= members.sum(axis=0)[heard, None]
    away = narrow - centres[targets]
    within = (away * shares[:, None]).T @ away
    even = np.eye(len(within)) * np.trace(within) / len(within)
    matrix = np.linalg.solve((1 - SHRINKAGE) * within + SHRINKAGE * even, centres.T)
    offset = -(centres.T * matrix).sum(axis=0) / 2
    matrix = (directions @ matrix).astype(np.float32)
    return Regression(found.mean, found.spread, matrix, offset.astype(np.float32))


def _widest(x: Floats, count: int) -> Floats:
    """Directions in which rows vary most, found by chance that is seeded, and by repetition."""
    chance = np.random.default_rng(SEED)
    basis = chance.standard_normal((x.shape[1], count + SPARE)).astype(np.float32)
    for _ in range(ROUNDS):
        basis, _ = np.linalg.qr(x.T @ (x @ basis))
    _, _, turned = np.linalg.svd(x @ basis, full_matrices=False)
    return (basis @ turned.T)[:, :count]
