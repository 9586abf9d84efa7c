"""How often the heads are right, about whom they are wrong, and whether they know it. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onnx_models.recipes.voice.table import LABELS, Floats, Table

BINS = 10
LENGTHS_S = ((0.0, 1.0), (1.0, 1.5), (1.5, 2.5), (2.5, 9.0))
FEW = 10


@dataclass(frozen=True, slots=True)
class Answers:
    """The odds of every row of a table, by a head that never heard its speaker."""

    table: Table
    category: str
    odds: Floats


@dataclass(frozen=True, slots=True)
class Bounds:
    """Below which a head is not sure."""

    threshold: float
    shortest_s: float


def report(answers: Answers, bounds: Bounds) -> dict[str, Any]:
    table, targets = answers.table, answers.table.targets(answers.category)
    guesses, confidence = answers.odds.argmax(axis=1), answers.odds.max(axis=1)
    right = guesses == targets
    heard = table.seconds >= bounds.shortest_s
    sure = (confidence >= bounds.threshold) & heard
    return {
        "rows": int(targets.size),
        "recall": _recall(right, targets),
        "confusion (clean)": _confusion(answers, targets, guesses),
        "groups": {name: _group(rows, right, targets, sure) for name, rows in _groups(table)},
        "ece": _ece(right[heard], confidence[heard], table.weights(answers.category)[heard]),
        "uncertain": _rounded(1 - sure.mean()),
        "right where sure": _rounded(right[sure].mean()) if sure.any() else None,
        "right where not sure": _rounded(right[~sure].mean()) if not sure.all() else None,
    }


def _groups(table: Table) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    texts = table.texts
    for name in ("condition", "corpus", "gender", "age", "accent"):
        for value in np.unique(texts[name]):
            if value:
                yield f"{name} {value}", texts[name] == value
    for shortest_s, longest_s in LENGTHS_S:
        name = f"{shortest_s:g} to {longest_s:g} s"
        yield name, (table.seconds >= shortest_s) & (table.seconds < longest_s)


def _group(
    rows: NDArray[np.bool_],
    right: NDArray[np.bool_],
    targets: NDArray[np.int64],
    sure: NDArray[np.bool_],
) -> Mapping[str, float] | None:
    if rows.sum() < FEW:
        return None
    both = rows & sure
    return {
        "rows": int(rows.sum()),
        "recall": _recall(right[rows], targets[rows]),
        "uncertain": _rounded(1 - sure[rows].mean()),
        "right where sure": _rounded(right[both].mean()) if both.any() else 0.0,
    }


def _recall(right: NDArray[np.bool_], targets: NDArray[np.int64]) -> float:
    """Of the labels that occur, on average."""
    return _rounded(np.mean([right[targets == label].mean() for label in np.unique(targets)]))


def _confusion(
    answers: Answers, targets: NDArray[np.int64], guesses: NDArray[np.int64]
) -> dict[str, list[int]]:
    """A row is what was said, in per cent of it what was guessed."""
    clean = answers.table.texts["condition"] == "clean"
    rows: dict[str, list[int]] = {}
    for place, label in enumerate(LABELS[answers.category]):
        of_label = guesses[clean & (targets == place)]
        if of_label.size:
            counts = np.bincount(of_label, minlength=len(LABELS[answers.category]))
            rows[label] = np.rint(100 * counts / of_label.size).astype(int).tolist()
    return rows


def _ece(right: NDArray[np.bool_], confidence: Floats, weights: Floats) -> float:
    """How far odds are from shares that were right, on average."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    away = [
        abs(float((weights * (right - confidence))[bins == each].sum())) for each in range(BINS)
    ]
    return _rounded(sum(away) / float(weights.sum()))


def _rounded(value: Any) -> float:
    return round(float(value), 3)
