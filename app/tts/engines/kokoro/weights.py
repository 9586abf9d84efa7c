"""Kokoro's weights out of the published int8 graph, widened to float32."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

Floats = NDArray[np.float32]

LAYERS = {
    "Conv",
    "Conv_quant",
    "ConvTranspose",
    "MatMul_quant",
    "Gemm_MatMul_quant",
    "MatMul",
    "LSTM_quant",
}
"""Last parts of the names of the nodes that hold matrices."""


@dataclass(frozen=True, slots=True)
class Lstm:
    """Both directions, as ONNX has them: (2, gates, inputs), (2, gates, states), (2, biases)."""

    inputs: Floats
    states: Floats
    bias: Floats


class Weights:
    """Layers by their places in the published graph, such as `decoder/generator/conv_post`."""

    def __init__(self, path: Path) -> None:
        graph = onnx.load_model_from_string(path.read_bytes()).graph
        self._constants = {each.name: each for each in graph.initializer}
        self._nodes: dict[str, Any] = {}
        for node in graph.node:
            place, _, kind = node.name.removeprefix("/").rpartition("/")
            if kind in LAYERS:
                self._nodes[place.replace("decoder/decoder", "decoder")] = node

    def __contains__(self, place: str) -> bool:
        return place in self._nodes

    def array(self, name: str) -> Floats:
        """One that the publisher kept in float32, by its own name."""
        return numpy_helper.to_array(self._constants[name]).astype(np.float32)

    def matrix(self, place: str) -> Floats:
        """Of a linear layer (inputs, outputs) or a convolution (outputs, inputs, width)."""
        node = self._nodes[place]
        if node.op_type in ("Conv", "ConvTranspose"):
            return self.array(node.input[1])
        return self._widened(node.input[1], node.input[3])

    def bias(self, place: str) -> Floats:
        name = place.replace("/", ".").replace("decoder.", "decoder.decoder.", 1)
        name = re.sub(r"(cnn|asr_res)(\.\d)?\.\1\.", r"\1.", name)
        name = re.sub(r"^encoder\.(F0|N)", r"encoder.predictor.\1", name)
        return self.array(f"{name}.bias")

    def embedding(self, name: str) -> Floats:
        return self._widened(f"{name}.weight_quantized")

    def hum(self) -> Floats:
        """How loud each harmonic is in the hum, and its constant level behind them."""
        node = self._nodes["decoder/generator/m_source/l_linear"]
        level = self.array("decoder.decoder.generator.m_source.l_linear.bias")
        return np.concatenate([self.array(node.input[1]).reshape(-1), level])

    def lstm(self, place: str) -> Lstm:
        inputs, states, bias = self._nodes[place].input[1:4]
        return Lstm(
            self._widened(inputs).transpose(0, 2, 1),
            self._widened(states).transpose(0, 2, 1),
            self.array(bias),
        )

    def _widened(self, name: str, zero_name: str = "") -> Floats:
        values = numpy_helper.to_array(self._constants[name]).astype(np.float32)
        if zero_name:
            values -= self.array(zero_name)
        scale = self.array(name.removesuffix("_quantized") + "_scale")
        # One for each direction of an LSTM, for each column, or for all.
        return values * (scale[:, None, None] if values.ndim == 3 and scale.ndim == 1 else scale)
