"""Parts of transformers as ONNX graphs, with float or int8 matrices."""

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto, helper

from app.inference.graph import MICROSOFT, Array, Graph

HEAD_SIZE = 64
LARGEST_WEIGHT = 63
"""Seven bits: with eight, processors without VNNI saturate when they sum two products."""
SMALLEST_SCALE = np.float32(1e-8)


class GraphBuilder(Graph):
    """`int8` says how `linear` keeps its matrices: float32, or int8 with a scale a column."""

    def __init__(self, *, int8: bool) -> None:
        super().__init__()
        self._int8 = int8

    def linear(self, x: str, weight: Array, bias: Array) -> str:
        """`weight` has a row for each output."""
        return self.product(x, self.matrix(weight), bias)

    def matrix(self, weight: Array) -> tuple[str, ...]:
        """Transposed: a column for each output. In int8 with its scales and zero points; else
        kept in the publisher's 16 bits, widened when the graph is loaded."""
        wide = weight.astype(np.float32)
        if not self._int8:
            half = self.constant(weight.astype(np.float16).T)
            return (self.op("Cast", half, to=TensorProto.FLOAT),)
        scales = np.maximum(np.abs(wide).max(axis=1), SMALLEST_SCALE) / np.float32(LARGEST_WEIGHT)
        narrow = np.rint(wide / scales[:, None]).astype(np.int8)
        zeros = np.zeros(len(scales), np.int8)
        return self.constant(narrow.T), self.constant(scales), self.constant(zeros)

    def product(self, x: str, matrix: tuple[str, ...], bias: Array | None = None) -> str:
        added = "" if bias is None else self.constant(bias.astype(np.float32))
        if self._int8:
            return self.op("DynamicQuantizeMatMul", x, *matrix, added, domain=MICROSOFT)
        product = self.op("MatMul", x, *matrix)
        return self.op("Add", product, added) if added else product

    def columns(self, matrix: tuple[str, ...], numbers: str) -> str:
        """The columns of a matrix that `numbers` (rows, n) names, as (rows, n, height)."""
        found = self.op("Gather", matrix[0], numbers, axis=1)
        found = self.op("Transpose", found, perm=[1, 2, 0])
        if not self._int8:
            return found
        wide = self.op("Cast", found, to=TensorProto.FLOAT)
        scales = self.op("Gather", matrix[1], numbers, axis=0)
        return self.op("Mul", wide, self.op("Unsqueeze", scales, self.constant([-1])))

    def layer_norm(self, x: str, gamma: Array, beta: Array) -> str:
        scale, bias = (self.constant(part.astype(np.float32)) for part in (gamma, beta))
        return self.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-5)

    def attention(
        self, *inputs: str, width: int, also: Sequence[str] = (), causal: bool = False
    ) -> list[str]:
        """Inputs and outputs of ONNX Runtime's MultiHeadAttention; empty names are left out.

        What is not asked for in `also` is not made: the keys and values would be copies.
        """
        said, *others = [self.name() for _ in range(1 + len(also))]
        asked = dict(zip(also, others, strict=True))
        outputs = [said, *(asked.get(each, "") for each in ("keys", "values", "looks"))]
        self.nodes.append(
            helper.make_node(
                "MultiHeadAttention",
                inputs,
                outputs,
                domain=MICROSOFT,
                num_heads=width // HEAD_SIZE,
                scale=HEAD_SIZE**-0.5,
                unidirectional=int(causal),
            )
        )
        if "looks" in asked:  # the runtime cannot infer its type
            looks = helper.make_tensor_value_info(asked["looks"], TensorProto.FLOAT, None)
            self.values.append(looks)
        return [said, *others]
