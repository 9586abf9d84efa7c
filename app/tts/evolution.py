"""CMA-ES (Hansen 2016): finds the least of a function of some ten numbers that has no gradient and
is noisy, by asking for its value at samples of a normal distribution that it bends to fit. Pure.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


class Evolution:
    """`ask` for a generation, `tell` its values in the same order, until the budget is spent."""

    def __init__(self, start: Vector, step: float, seed: int) -> None:
        size = len(start)
        self.mean = start.astype(np.float64)
        self.step = step
        self.population = 4 + int(3 * np.log(size))
        self._random = np.random.default_rng(seed)
        parents = self.population // 2
        ranked = np.log(parents + 0.5) - np.log(np.arange(1, parents + 1))
        self._weights = ranked / ranked.sum()
        mass = 1 / np.square(self._weights).sum()
        self._mass = mass
        self._path_rate = (4 + mass / size) / (size + 4 + 2 * mass / size)
        self._step_rate = (mass + 2) / (size + mass + 5)
        self._rank_one = 2 / ((size + 1.3) ** 2 + mass)
        self._rank_many = min(
            1 - self._rank_one, 2 * (mass - 2 + 1 / mass) / ((size + 2) ** 2 + mass)
        )
        self._damping = 1 + 2 * max(0, np.sqrt((mass - 1) / (size + 1)) - 1) + self._step_rate
        self._usual_length = np.sqrt(size) * (1 - 1 / (4 * size) + 1 / (21 * size**2))
        self._covariance = np.eye(size)
        self._path = np.zeros(size)
        self._step_path = np.zeros(size)
        self._generation = 0
        self._asked = np.zeros((0, size))

    def ask(self) -> list[Vector]:
        """Each is a point whose value is wanted."""
        spread, axes = np.linalg.eigh(self._covariance)
        self._scales = np.sqrt(np.maximum(spread, 1e-14))
        self._axes = axes
        normal = self._random.standard_normal((self.population, len(self.mean)))
        self._asked = (normal * self._scales) @ axes.T
        return list(self.mean + self.step * self._asked)

    def tell(self, values: Sequence[float]) -> None:
        size = len(self.mean)
        self._generation += 1
        best = self._asked[np.argsort(values)[: len(self._weights)]]
        moved = self._weights @ best
        self.mean = self.mean + self.step * moved

        whitened = self._axes @ ((self._axes.T @ moved) / self._scales)
        keep = np.sqrt(self._step_rate * (2 - self._step_rate) * self._mass)
        self._step_path = (1 - self._step_rate) * self._step_path + keep * whitened
        length = float(np.linalg.norm(self._step_path))
        settled = np.sqrt(1 - (1 - self._step_rate) ** (2 * self._generation))
        is_steady = length / settled < (1.4 + 2 / (size + 1)) * self._usual_length

        keep = np.sqrt(self._path_rate * (2 - self._path_rate) * self._mass)
        self._path = (1 - self._path_rate) * self._path + is_steady * keep * moved
        missed = (1 - is_steady) * self._path_rate * (2 - self._path_rate)
        self._covariance = (
            (1 - self._rank_one - self._rank_many + self._rank_one * missed) * self._covariance
            + self._rank_one * np.outer(self._path, self._path)
            + self._rank_many * (best.T * self._weights) @ best
        )
        self.step *= float(
            np.exp(self._step_rate / self._damping * (length / self._usual_length - 1))
        )
