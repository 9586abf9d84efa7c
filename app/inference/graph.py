"""Builds ONNX graphs. Knows no model."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

MICROSOFT = "com.microsoft"
OPSETS = [helper.make_opsetid("", 20), helper.make_opsetid(MICROSOFT, 1)]
IR_VERSION = 10

Array = NDArray[Any]


class Graph:
    """Values are known by names that the graph gives them; inputs and outputs by their own."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []
        self.values: list[Any] = []
        self._count = 0

    def input(self, name: str, *shape: int | str, integer: bool = False) -> str:
        kind = TensorProto.INT64 if integer else TensorProto.FLOAT
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def output(self, value: str, name: str, *shape: int | str) -> None:
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def constant(self, array: Array | list[int]) -> str:
        name = self.name()
        values = np.asarray(array, np.int64) if isinstance(array, list) else array
        self._constants.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
        return name

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        return self.ops(kind, 1, *inputs, domain=domain, **attributes)[0]

    def ops(
        self, kind: str, outputs: int, *inputs: str, domain: str = "", **attributes: Any
    ) -> list[str]:
        names = [self.name() for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, domain=domain, **attributes))
        return names

    def save(self, path: Path) -> None:
        """The same calls give the same bytes."""
        graph = helper.make_graph(
            self.nodes,
            path.stem,
            self._inputs,
            self._outputs,
            self._constants,
            value_info=self.values,
        )
        model = helper.make_model(graph, opset_imports=OPSETS, ir_version=IR_VERSION)
        path.write_bytes(model.SerializeToString(deterministic=True))

    def name(self) -> str:
        self._count += 1
        return f"v{self._count}"
