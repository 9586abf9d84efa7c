"""The heads of one model as one ONNX graph, and what the product must know of them beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import TensorProto

from app.inference.graph import Graph
from onnx_models.recipes.voice.regression import Regression


@dataclass(frozen=True, slots=True)
class FittedHead:
    category: str
    labels: tuple[str, ...]
    regression: Regression
    temperature: float
    threshold: float
    shortest_s: float


def write_graph(heads: Sequence[FittedHead], sizes: tuple[int, ...], target: Path) -> None:
    """pooled (b, *sizes) -> of each category the odds of its labels. The matrices are kept in 16
    bits; mean, spread and temperature are in them and in the offsets."""
    graph = Graph()
    pooled = graph.input("pooled", "batch", *sizes)
    columns = graph.op("Reshape", pooled, graph.constant([-1, int(np.prod(sizes))]))
    for head in heads:
        found = head.regression
        narrow = (found.matrix / found.spread[:, None] / head.temperature).astype(np.float16)
        offset = found.offset / head.temperature - found.mean @ narrow.astype(np.float32)
        matrix = graph.op("Cast", graph.constant(narrow), to=TensorProto.FLOAT)
        product = graph.op("MatMul", columns, matrix)
        logits = graph.op("Add", product, graph.constant(offset.astype(np.float32)))
        odds = graph.op("Softmax", logits, axis=-1)
        graph.output(odds, head.category, "batch", len(head.labels))
    graph.save(target)


def write_card(heads: Sequence[FittedHead], target: Path) -> None:
    """In TOML, as app/asr/engines/whisper/voice.py reads it."""
    lines = ["# Made by onnx_models/recipes/voice."]
    for head in heads:
        labels = ", ".join(f'"{label}"' for label in head.labels)
        lines += [
            "",
            f"[{head.category}]",
            f"labels = [{labels}]",
            f'uncertain = "{head.category.upper()}_UNCERTAIN"',
            f"threshold = {head.threshold:.3f}",
            f"shortest_s = {head.shortest_s}",
        ]
    target.write_text("\n".join(lines) + "\n", "utf-8")
