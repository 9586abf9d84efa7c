"""Punctuation and capitals by our own weights, for words of a recognizer that gives none.

What it was not taught is left to the rules.
"""

from collections.abc import Sequence
from pathlib import Path

from app.asr.text import punctuation
from app.asr.text.marks import LANGUAGES, PauseOdds, features, written
from app.asr.text.words import Word
from app.inference.onnx import OnnxModel, OnnxRuntime

GRAPH = "marks.onnx"


class Marks:
    def __init__(self, graph: OnnxModel) -> None:
        self._graph = graph

    @property
    def memory_bytes(self) -> int:
        return self._graph.memory_bytes

    @property
    def device(self) -> str:
        return self._graph.device

    def close(self) -> None:
        self._graph.close()

    def punctuate(self, words: Sequence[Word], language: str) -> list[Word]:
        """Words that carry punctuation already come back as they are. Blocks."""
        if not words or punctuation.has_punctuation(words):
            return list(words)
        if not can_mark(language):
            return punctuation.punctuate(words, language)
        told = features([word.text for word in words])
        marks, casing = self._graph.run({"features": told[None]})
        return written(words, marks[0], casing[0], PauseOdds())


def can_mark(language: str) -> bool:
    return language.partition("-")[0].lower() in LANGUAGES


def load_marks(folder: Path, runtime: OnnxRuntime) -> Marks:
    """On the processor: the work of a sentence is less than the way to another device."""
    return Marks(runtime.open(folder / GRAPH, threads=1, device="cpu"))
