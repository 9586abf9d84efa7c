"""Writes the trained network as a graph of one text, its tables as bytes, with its words and
labels beside it. Needs no torch."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from app.asr.tags.labels import (
    BEHAVIORS,
    EVALS,
    GENERAL_INTENTS,
    INTERVIEW_ROLES,
    LOAN_INTENTS,
    LOAN_ROLES,
)
from app.inference.graph import Graph

LABELS = {
    "behavior": BEHAVIORS,
    "eval": EVALS,
    "interview_role": INTERVIEW_ROLES,
    "general": GENERAL_INTENTS,
    "loans": LOAN_INTENTS,
    "loan_roles": LOAN_ROLES,
}


@dataclass(frozen=True)
class Weights:
    """By the names of the network; the heads' are divided by their temperatures."""

    pieces: np.ndarray
    meanings: np.ndarray
    look: tuple[np.ndarray, np.ndarray]
    hidden: tuple[np.ndarray, np.ndarray]
    heads: Mapping[str, tuple[np.ndarray, np.ndarray]]

    @classmethod
    def of(cls, state: Mapping[str, Any], temperatures: Mapping[str, float]) -> Self:
        arrays = {name: np.asarray(value, np.float32) for name, value in state.items()}

        def layer(name: str, divided_by: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
            return arrays[f"{name}.weight"].T / divided_by, arrays[f"{name}.bias"] / divided_by

        return cls(
            arrays["pieces.weight"],
            arrays["meanings"],
            layer("look"),
            layer("hidden"),
            {head: layer(f"heads.head_{head}", heat) for head, heat in temperatures.items()},
        )


def export(weights: Weights, words: Sequence[str], target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    graph = Graph()
    pieces = graph.input("pieces", "words", "most", integer=True)
    meanings = graph.input("meanings", "words", integer=True)
    counted = graph.op("Cast", graph.op("Greater", pieces, number(graph, 0)), to=1)
    count = graph.op("ReduceSum", counted, graph.constant([1]), keepdims=1)
    rows = table(graph, weights.pieces, pieces)
    spelled = graph.op("Div", graph.op("ReduceSum", rows, graph.constant([1]), keepdims=0), count)
    word = graph.op("Concat", spelled, table(graph, weights.meanings, meanings), axis=1)
    edged = graph.op("Pad", word, graph.constant([1, 0, 1, 0]))
    threes = graph.op("Concat", *(shifted(graph, edged, place) for place in range(3)), axis=1)
    seen = graph.op("Relu", layer(graph, threes, *weights.look))
    pooled = [
        graph.op(kind, seen, graph.constant([0]), keepdims=1) for kind in ("ReduceMax", "ReduceMean")
    ]
    state = graph.op("Relu", layer(graph, graph.op("Concat", *pooled, axis=1), *weights.hidden))
    for head, values in weights.heads.items():
        likely = graph.op("Softmax", layer(graph, state, *values), axis=1)
        graph.output(likely, head, 1, len(LABELS[head]))
    graph.save(target / "word_tags.onnx")
    (target / "words.txt").write_text("\n".join(words) + "\n", "utf-8")
    labels = {head: LABELS[head] for head in weights.heads}
    (target / "labels.json").write_text(json.dumps(labels, indent=1) + "\n", "utf-8")


def table(graph: Graph, rows: np.ndarray, numbers: str) -> str:
    """Rows of a table that is kept as bytes."""
    scale = np.float32(np.abs(rows).max() / 127)
    small = np.round(rows / scale).astype(np.int8)
    picked = graph.op("Gather", graph.constant(small), numbers, axis=0)
    return graph.op("Mul", graph.op("Cast", picked, to=1), graph.constant(np.array(scale)))


def layer(graph: Graph, value: str, weight: np.ndarray, bias: np.ndarray) -> str:
    return graph.op(
        "Add", graph.op("MatMul", value, graph.constant(weight)), graph.constant(bias)
    )


def shifted(graph: Graph, edged: str, by: int) -> str:
    """All words but two of the edged row of words, from `by` on."""
    end = np.iinfo(np.int64).max if by == 2 else by - 2
    return graph.op(
        "Slice", edged, graph.constant([by]), graph.constant([end]), graph.constant([0])
    )


def number(graph: Graph, value: int) -> str:
    return graph.constant(np.array(value, np.int64))
