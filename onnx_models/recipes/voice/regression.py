"""Multinomial logistic regression on standardized columns, and the temperature of its odds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.special import log_softmax, softmax

Floats = NDArray[np.float32]
LEAST_SPREAD = 1e-4
STEPS = 60


@dataclass(frozen=True, slots=True)
class Regression:
    mean: Floats
    spread: Floats
    matrix: Floats
    """(columns, labels)"""
    offset: Floats

    def logits(self, columns: NDArray[Any]) -> Floats:
        return self.standard(columns) @ self.matrix + self.offset

    def standard(self, columns: NDArray[Any]) -> Floats:
        return (columns.astype(np.float32) - self.mean) / self.spread


def standardized(columns: NDArray[Any]) -> tuple[Regression, Floats]:
    """What knows the mean and the spread of the columns and nothing else yet; the columns with a
    mean of 0 and a spread of 1."""
    wide = columns.astype(np.float32)
    spread = np.maximum(wide.std(axis=0), LEAST_SPREAD)
    nothing = np.zeros(0, np.float32)
    found = Regression(wide.mean(axis=0), spread, nothing, nothing)
    return found, found.standard(wide)


def learn(columns: NDArray[Any], targets: NDArray[Any], weights: Floats, l2: float) -> Regression:
    """The same rows give the same weights. Labels without a row get odds of nothing."""
    labels = int(targets.max()) + 1
    found, x = standardized(columns)
    wanted = np.eye(labels, dtype=np.float32)[targets]
    shares = weights / weights.sum()

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        table = flat.reshape(-1, labels).astype(np.float32)
        logs = log_softmax(x @ table[:-1] + table[-1], axis=1)
        away = (np.exp(logs) - wanted) * shares[:, None]
        slope = np.concatenate((x.T @ away + l2 * table[:-1], away.sum(axis=0)[None]))
        cost = -float((shares * (logs * wanted).sum(axis=1)).sum())
        return cost + l2 / 2 * float((table[:-1] ** 2).sum()), slope.reshape(-1).astype(np.float64)

    start = np.zeros((x.shape[1] + 1) * labels)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    table = best.x.reshape(-1, labels).astype(np.float32)
    return Regression(found.mean, found.spread, table[:-1], table[-1])


def fit_temperature(logits: Floats, targets: NDArray[Any], weights: Floats) -> float:
    """What the logits are divided by, so that the odds are as likely as they say."""

    def cost(log_temperature: float) -> float:
        logs = log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float((weights * logs[np.arange(targets.size), targets]).sum() / weights.sum())

    return float(np.exp(minimize_scalar(cost, bounds=(-3, 3), method="bounded").x))


def odds(logits: Floats, temperature: float) -> Floats:
    return softmax(logits / np.float32(temperature), axis=1)
