"""The head as an ONNX graph, of weights in an .npz.

PYTHONPATH=. python -m onnx_models.recipes.ctc.graph weights.npz head.onnx
"""

from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from app.inference.graph import Graph

HIDDEN, REACH = 256, 5
DILATIONS = (1, 1, 2, 2, 4)
"""Of each convolution: the last frame of what one letter depends on is 0.4 s away."""

Weights = Mapping[str, NDArray[np.float16]]


@click.command()
@click.argument("weights", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
def main(weights: Path, target: Path) -> None:
    """Write the graph."""
    write(dict(np.load(weights)), target)


def write(weights: Weights, target: Path) -> None:
    """Weights stay float16, which onnxruntime widens once when it loads the graph."""
    graph = Graph()

    def weight(name: str) -> str:
        return graph.op("Cast", graph.constant(weights[name]), to=TensorProto.FLOAT)

    def linear(x: str, name: str) -> str:
        return graph.op("Add", graph.op("MatMul", x, weight(f"{name}.w")), weight(f"{name}.b"))

    def normed(x: str, name: str) -> str:
        return graph.op(
            "LayerNormalization", x, weight(f"{name}.w"), weight(f"{name}.b"), axis=-1, epsilon=1e-5
        )

    width = len(weights["enter.w"])
    states = graph.input("states", "batch", width, "frames")
    x = linear(graph.op("Transpose", states, perm=[0, 2, 1]), "enter")
    for at, dilation in enumerate(DILATIONS):
        y = graph.op("Transpose", normed(x, f"norm{at}"), perm=[0, 2, 1])
        y = graph.op(
            "Conv", y, weight(f"conv{at}.w"), weight(f"conv{at}.b"),
            pads=[REACH // 2 * dilation] * 2, dilations=[dilation],
        )  # fmt: skip
        y = graph.op("Transpose", graph.op("Relu", y), perm=[0, 2, 1])
        x = graph.op("Add", x, y)
    scores = linear(normed(x, "last"), "leave")
    graph.output(scores, "scores", "batch", "frames", weights["leave.b"].size)
    graph.save(target)


if __name__ == "__main__":
    main()
