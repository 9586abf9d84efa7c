"""Columns of scores as letters and words; and the best path through them, without any search."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from app.asr.engines.ctc.card import Vocabulary

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word, or an event, and the frames it was heard in."""

    text: str
    start: int
    end: int


class Columns:
    """`labels` are those of words as decoders want them: blank is "", a space " ", letters small
    where the vocabulary has capitals only."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        tokens = vocabulary.tokens
        self._has_small = any(len(token) == 1 and token.islower() for token in tokens)
        self._actions = [
            column
            for column, token in enumerate(tokens)
            if column != vocabulary.blank and token.startswith(vocabulary.actions or ("\0",))
        ]
        gone = set(self._actions)
        self._kept = [column for column in range(len(tokens)) if column not in gone]
        self.labels = [self._label(column) for column in self._kept]
        self.blank = self.labels.index("")
        self._places = {label: place for place, label in enumerate(self.labels) if label}

    def __len__(self) -> int:
        return len(self._vocabulary.tokens)

    def of_words(self, log_probabilities: Scores) -> Scores:
        """Without the columns of events: while one happens no letter is said."""
        kept = log_probabilities[:, self._kept]
        if self._actions:
            silent = log_probabilities[:, [self._vocabulary.blank, *self._actions]]
            kept[:, self.blank] = np.logaddexp.reduce(silent, axis=1)
        return kept

    def best_path(self, log_probabilities: Scores) -> list[Spoken]:
        """Words by the likeliest token of each frame."""
        return list(self._words(_runs(log_probabilities.argmax(axis=1), self.blank), self.labels))

    def raw(self, log_probabilities: Scores) -> str:
        """The same with events where they happened, set apart by spaces."""
        labels = [self._label(column) for column in range(len(self))]
        gone = set(self._actions)
        text = ""
        for column, _, _ in _runs(log_probabilities.argmax(axis=1), self._vocabulary.blank):
            label = labels[column]
            text += f" {label} " if column in gone else label
        return " ".join(text.replace(self._vocabulary.word_start or "\0", " ").split())

    def events(self, log_probabilities: Scores) -> list[Spoken]:
        gone = set(self._actions)
        runs = _runs(log_probabilities.argmax(axis=1), self._vocabulary.blank)
        return [
            Spoken(self._vocabulary.tokens[column], start, end)
            for column, start, end in runs
            if column in gone
        ]

    def certainty(self, word: Spoken, log_probabilities: Scores) -> float:
        """The geometric mean, over the pieces of a word, of the most that each reaches in it."""
        pieces = self._pieces(word.text)
        heard = log_probabilities[word.start : max(word.end, word.start + 1)]
        if not pieces or not heard.size:
            return 0.0
        return float(np.exp(heard[:, pieces].max(axis=0).mean()))

    def _label(self, column: int) -> str:
        vocabulary, token = self._vocabulary, self._vocabulary.tokens[column]
        if column == vocabulary.blank:
            return ""
        if vocabulary.word_start:
            return token.replace(vocabulary.word_start, "▁")
        if token == vocabulary.space:
            return " "
        return token if self._has_small or len(token) > 1 else token.lower()

    def _words(
        self, runs: Iterator[tuple[int, int, int]], labels: Sequence[str]
    ) -> Iterator[Spoken]:
        text, first, last = "", 0, 0
        for column, start, end in runs:
            label = labels[column]
            if label == " " or label.startswith("▁"):
                if text:
                    yield Spoken(text, first, last)
                text, label = "", label[1:]
                first = start
            elif not text:
                first = start
            text, last = text + label, end
        if text:
            yield Spoken(text, first, last)

    def _pieces(self, word: str) -> list[int]:
        """Columns that spell a word, the longest first."""
        rest = f"▁{word}" if self._vocabulary.word_start else word
        pieces: list[int] = []
        while rest:
            fits = (size for size in range(len(rest), 0, -1) if rest[:size] in self._places)
            size = next(fits, 0)
            if not size:
                return []
            pieces.append(self._places[rest[:size]])
            rest = rest[size:]
        return pieces


def log_softmax(scores: Scores) -> Scores:
    shifted = scores - scores.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _runs(columns: NDArray[np.intp], blank: int) -> Iterator[tuple[int, int, int]]:
    """Column, first frame and the frame after the last, without blanks."""
    at = 0
    for column, frames in groupby(columns.tolist()):
        length = sum(1 for _ in frames)
        if column != blank:
            yield column, at, at + length
        at += length
