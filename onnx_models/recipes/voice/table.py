"""What was heard, as rows to learn from: their labels, their weights, their folds. Pure but for
reading."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from onnx_models.recipes.voice.clips import AGES, EMOTIONS, GENDERS, SEED

LABELS = {
    "emotion": tuple(dict.fromkeys(EMOTIONS.values())),
    "gender": tuple(GENDERS.values()),
    "age": tuple(AGES),
}
TEXTS = ("condition", "corpus", "speaker", "emotion", "gender", "age", "accent")
FOLDS = 5
Floats = NDArray[np.float32]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Table:
    """`texts` has a column for each of TEXTS; '' is what nobody knows."""

    pooled: NDArray[np.float16]
    seconds: Floats
    texts: dict[str, NDArray[np.str_]]

    @classmethod
    def read(cls, paths: Sequence[Path]) -> Self:
        parts: list[Any] = [np.load(path) for path in paths]
        return cls(
            np.concatenate([part["pooled"] for part in parts]),
            np.concatenate([part["seconds"] for part in parts]),
            {name: np.concatenate([part[name] for part in parts]) for name in TEXTS},
        )

    @property
    def columns(self) -> NDArray[np.float16]:
        return self.pooled.reshape(self.seconds.size, -1)

    def select(self, rows: Any) -> "Table":
        texts = {name: column[rows] for name, column in self.texts.items()}
        return Table(self.pooled[rows], self.seconds[rows], texts)

    def labelled(self, category: str) -> "Table":
        return self.select(np.isin(self.texts[category], LABELS[category]))

    def at_most(self, count: int) -> "Table":
        """So many rows of each speaker, by chance that is seeded."""
        speakers = self.texts["speaker"]
        shuffled = np.random.default_rng(SEED).permutation(speakers.size)
        seen: Counter[str] = Counter()
        kept: list[int] = []
        for row in shuffled:
            seen[speakers[row]] += 1
            if seen[speakers[row]] <= count:
                kept.append(row)
        return self.select(np.sort(kept))

    def targets(self, category: str) -> Whole:
        places = {label: place for place, label in enumerate(LABELS[category])}
        return np.array([places[label] for label in self.texts[category]])

    def weights(self, category: str) -> Floats:
        """Every label as much as any other, in it every corpus that has it, and in that every
        speaker by the root of what was recorded of them: what tells the corpora apart must not
        tell the labels."""
        texts = self.texts
        weights = np.sqrt(1 / _counts(texts["speaker"]))
        for column in (np.char.add(texts[category], texts["corpus"]), texts[category]):
            weights = weights / _sums(column, weights)
        return (weights / weights.mean()).astype(np.float32)

    def folds(self, by: str = "speaker") -> Iterator[tuple[Whole, Whole]]:
        """Rows to learn from and rows to ask about, of others. The speakers of each corpus are
        dealt out in turn; by corpus, each is left out once."""
        column = self.texts[by]
        names = np.unique(column)
        if by == "speaker":
            np.random.default_rng(SEED).shuffle(names)
            names = np.array(sorted(names, key=lambda name: name.split("/")[0]))
        fold_of = {name: place % FOLDS for place, name in enumerate(names)}
        if by != "speaker":
            fold_of = {name: place for place, name in enumerate(names)}
        folds = np.array([fold_of[name] for name in column])
        for fold in np.unique(folds):
            yield np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)


def _counts(column: NDArray[np.str_]) -> Floats:
    return _sums(column, np.ones(column.size))


def _sums(column: NDArray[np.str_], weights: Any) -> Any:
    """Of each row, the weight of all rows that say the same."""
    _, places = np.unique(column, return_inverse=True)
    return np.bincount(places, weights)[places]
