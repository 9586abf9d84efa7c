"""Writes what was trained as a graph of one text, its tables as bytes, and the labels."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from linear import Linear, Rarity

from app.asr.tags.ngrams import ROWS
from app.inference.graph import Graph

FLOAT = 1


@dataclass(frozen=True)
class Trained:
    rarity: Rarity
    models: Mapping[str, Linear]
    temperatures: Mapping[str, float]

    @property
    def table(self) -> np.ndarray:
        """Of all heads side by side."""
        tables = [self.models[head].table / heat for head, heat in self.temperatures.items()]
        return np.concatenate(tables, axis=1)

    @property
    def bias(self) -> np.ndarray:
        biases = [self.models[head].bias / heat for head, heat in self.temperatures.items()]
        return np.concatenate(biases).astype(np.float32)


def export(trained: Trained, labels: Mapping[str, Sequence[str]], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    graph = Graph()
    table = trained.table
    scale = np.maximum(np.abs(table).max(0) / 127, 1e-9).astype(np.float32)
    small = np.round(table / scale).astype(np.int8)
    parts = [
        block(graph, "phrases", trained.rarity.phrases, small[:ROWS]),
        block(graph, "runs", trained.rarity.runs, small[ROWS:]),
    ]
    summed = graph.op("Mul", graph.op("Add", *parts), graph.constant(scale))
    scores = graph.op("Add", summed, graph.constant(trained.bias))
    begin = 0
    for head in trained.temperatures:
        end = begin + len(labels[head])
        edges = [graph.constant([edge]) for edge in (begin, end, 1)]
        likely = graph.op("Softmax", graph.op("Slice", scores, *edges), axis=1)
        graph.output(likely, head, 1, len(labels[head]))
        begin = end
    graph.save(target / "word_tags.onnx")
    named = {head: list(labels[head]) for head in trained.temperatures}
    (target / "labels.json").write_text(json.dumps(named, indent=1) + "\n", "utf-8")


def block(graph: Graph, name: str, rarity: np.ndarray, table: np.ndarray) -> str:
    """The sum of the rows of a text, weighed as `linear.py` does: (1, columns)."""
    ids = graph.input(name, name, integer=True)
    counts = graph.input(f"{name}_counts", name)
    one = graph.constant(np.array(1, np.float32))
    often = graph.op("Add", graph.op("Log", counts), one)
    rare = graph.op(
        "Cast", graph.op("Gather", graph.constant(rarity.astype(np.float16)), ids), to=FLOAT
    )
    raw = graph.op("Mul", often, rare)
    length = graph.op("ReduceL2", raw, graph.constant([0]), keepdims=1)
    values = graph.op("Unsqueeze", graph.op("Div", raw, length), graph.constant([0]))
    rows = graph.op("Cast", graph.op("Gather", graph.constant(table), ids, axis=0), to=FLOAT)
    return graph.op("MatMul", values, rows)
