"""Layers of Kokoro's networks. Sound is (1, channels, frames) wherever a comment says nothing."""

import math
from typing import Literal

import numpy as np

from app.inference.graph import MICROSOFT, Graph
from app.tts.engines.kokoro.weights import Floats, Weights

Precision = Literal["int8", "float"]

LARGEST_WEIGHT = 127
EPSILON = 1e-5


class Layers(Graph):
    def __init__(self, weights: Weights, precision: Precision) -> None:
        super().__init__()
        self.weights = weights
        self._int8 = precision == "int8"

    def linear(self, x: str, place: str) -> str:
        """x (..., inputs)."""
        return self.product(x, self.weights.matrix(place), self.weights.bias(place))

    def product(self, x: str, matrix: Floats, bias: Floats) -> str:
        added = self.constant(bias)
        if not self._int8:
            return self.op("Add", self.op("MatMul", x, self.constant(matrix)), added)
        narrow, scales = narrowed(matrix)
        parts = (narrow, scales, np.zeros(len(scales), np.int8))
        constants = [self.constant(part) for part in parts]
        return self.op("DynamicQuantizeMatMul", x, *constants, added, domain=MICROSOFT)

    def conv(self, x: str, place: str, *, dilation: int = 1) -> str:
        """As many frames as it is given."""
        weight, bias = self.weights.matrix(place), self.weights.bias(place)
        width = weight.shape[2]
        if not self._int8 or weight.shape[0] < 16:
            reach = (width - 1) * dilation // 2
            parts = (self.constant(weight), self.constant(bias))
            return self.op(
                "Conv", x, *parts, kernel_shape=[width], dilations=[dilation], pads=[reach, reach]
            )
        return self._narrow_conv(x, weight, bias, dilation)

    def _narrow_conv(self, x: str, weight: Floats, bias: Floats, dilation: int) -> str:
        """One matrix product over the frames that each frame sees, side by side."""
        width = weight.shape[2]
        narrow, scales = narrowed(weight.transpose(2, 1, 0).reshape(-1, len(bias)))
        sound, scale, zero = self.ops("DynamicQuantizeLinear", 3, x)
        sound = self.op("Transpose", sound, perm=[0, 2, 1])
        if width > 1:
            sound = self._seen(sound, zero, width, dilation)
        parts = (narrow, np.zeros(len(scales), np.int8), bias)
        matrix, matrix_zero, added = (self.constant(part) for part in parts)
        product = self.op(
            "MatMulIntegerToFloat",
            *(sound, matrix, scale, self.constant(scales), zero, matrix_zero, added),
            domain=MICROSOFT,
        )
        return self.op("Transpose", product, perm=[0, 2, 1])

    def _seen(self, sound: str, zero: str, width: int, dilation: int) -> str:
        """(1, frames, channels) to (1, frames, width x channels)."""
        reach = (width - 1) * dilation // 2
        padded = self.op("Pad", sound, self.constant([reach, reach]), zero, self.constant([1]))
        starts = [tap * dilation for tap in range(width)]
        shifted = [
            self.op(
                "Slice",
                *(padded, self.constant([start]), self.constant([start - 2 * reach or LAST])),
                self.constant([1]),
            )
            for start in starts
        ]
        return self.op("Concat", *shifted, axis=2)

    def leaky(self, x: str, slope: float) -> str:
        return self.op("LeakyRelu", x, alpha=slope)

    def layer_norm(self, x: str, scale: Floats, bias: Floats, epsilon: float = EPSILON) -> str:
        parts = (self.constant(scale), self.constant(bias))
        return self.op("LayerNormalization", x, *parts, axis=-1, epsilon=epsilon)

    def styled(self, x: str, style: str, place: str) -> str:
        """Instance norm; the style (1, 128) says to what mean and deviation."""
        matrix, bias = self.weights.matrix(place), self.weights.bias(place).copy()
        bias[: len(bias) // 2] += 1
        affine = self.op("MatMul", style, self.constant(matrix))
        affine = self.op("Add", affine, self.constant(bias))
        affine = self.op("Reshape", affine, self.constant([-1]))
        scale, offset = self.ops("Split", 2, affine, axis=0, num_outputs=2)
        return self.op("InstanceNormalization", x, scale, offset, epsilon=EPSILON)

    def styled_block(self, x: str, style: str, place: str, *, doubled: bool = False) -> str:
        """Two convolutions beside a shortcut; `doubled`: twice as many frames."""
        shortcut = self.twice(x) if doubled else x
        if f"{place}/conv1x1" in self.weights:
            shortcut = self._without_bias(shortcut, f"{place}/conv1x1")
        x = self.leaky(self.styled(x, style, f"{place}/norm1/fc"), 0.2)
        x = self._interpolated(x, f"{place}/pool") if doubled else x
        x = self.conv(x, f"{place}/conv1")
        x = self.leaky(self.styled(x, style, f"{place}/norm2/fc"), 0.2)
        x = self.op("Add", self.conv(x, f"{place}/conv2"), shortcut)
        return self.op("Mul", x, self.constant(np.float32(1 / math.sqrt(2))))
