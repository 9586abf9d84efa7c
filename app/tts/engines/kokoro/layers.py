"""Layers of Kokoro's networks. Sound is (1, channels, frames) where a comment says nothing else."""

import math
from typing import Literal

import numpy as np

from app.inference.graph import MICROSOFT, Graph
from app.tts.engines.kokoro.weights import Floats, Weights

Precision = Literal["int8", "float"]

LARGEST_WEIGHT = 127
SMALLEST_SCALE = np.float32(1e-8)
NARROW_FROM = 64
"""Outputs from which a convolution gains by int8."""
EPSILON = 1e-5
LAST = 2**62


class Layers(Graph):
    def __init__(self, weights: Weights, precision: Precision) -> None:
        super().__init__()
        self.weights = weights
        self.is_int8 = precision == "int8"
        self._linears: dict[str, tuple[str, ...]] = {}

    def linear(self, x: str, place: str) -> str:
        """x (1, n, inputs). A layer met again is kept once."""
        if place not in self._linears:
            self._linears[place] = self._product_constants(place)
        constants = self._linears[place]
        if self.is_int8:
            return self.op("DynamicQuantizeMatMul", x, *constants, domain=MICROSOFT)
        matrix, bias = constants
        return self.op("Add", self.op("MatMul", x, matrix), bias)

    def _product_constants(self, place: str) -> tuple[str, ...]:
        matrix, bias = self.weights.matrix(place), self.weights.bias(place)
        if not self.is_int8:
            return self.constant(matrix), self.constant(bias)
        narrow, scales = narrowed(matrix)
        parts = (narrow, scales, np.zeros(len(scales), np.int8), bias)
        return tuple(self.constant(part) for part in parts)

    def attention(self, queries: str, keys: str, values: str, heads: int) -> str:
        return self.op(
            "MultiHeadAttention", queries, keys, values, num_heads=heads, domain=MICROSOFT
        )

    def strided(self, x: str, place: str, stride: int, padding: int) -> str:
        """One frame of `stride`. Few channels come in: int8 would gain nothing."""
        parts = (self.weights.matrix(place), self.weights.bias(place))
        constants = [self.constant(part) for part in parts]
        return self.op("Conv", x, *constants, strides=[stride], pads=[padding, padding])

    def conv(self, x: str, place: str, *, dilation: int = 1, bias: bool = True) -> str:
        """As many frames as it is given."""
        weight = self.weights.matrix(place)
        added = self.weights.bias(place) if bias else np.zeros(len(weight), np.float32)
        return self.conv_of(x, weight, added, dilation)

    def conv_of(self, x: str, weight: Floats, bias: Floats, dilation: int = 1) -> str:
        if self.is_int8 and len(weight) >= NARROW_FROM:
            return self._narrow_conv(x, weight, bias, dilation)
        width = weight.shape[2]
        reach = (width - 1) * dilation // 2
        parts = (self.constant(weight), self.constant(bias))
        return self.op(
            "Conv", x, *parts, kernel_shape=[width], dilations=[dilation], pads=[reach, reach]
        )

    def leaky(self, x: str, slope: float) -> str:
        return self.op("LeakyRelu", x, alpha=slope)

    def norm(self, x: str, scale: Floats, bias: Floats, epsilon: float = EPSILON) -> str:
        """Over the channels of x (1, n, channels)."""
        parts = (self.constant(scale), self.constant(bias))
        return self.op("LayerNormalization", x, *parts, axis=-1, epsilon=epsilon)

    def turned(self, x: str) -> str:
        """(1, channels, frames) to (1, frames, channels), or back."""
        return self.op("Transpose", x, perm=[0, 2, 1])

    def affine_of(self, style: str, place: str) -> list[str]:
        """Scale and offset that the style (1, 128) asks for, a number a channel each."""
        matrix, bias = self.weights.matrix(place), self.weights.bias(place).copy()
        bias[: len(bias) // 2] += 1
        product = self.op("MatMul", style, self.constant(matrix))
        affine = self.op("Add", product, self.constant(bias))
        return self.ops("Split", 2, self.flat(affine), axis=0, num_outputs=2)

    def scalar(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def flat(self, x: str) -> str:
        return self.op("Reshape", x, self.constant([-1]))

    def styled(self, x: str, style: str, place: str) -> str:
        """Instance norm, to what mean and deviation the style says."""
        affine = self.affine_of(style, place)
        return self.op("InstanceNormalization", x, *affine, epsilon=EPSILON)

    def styled_block(self, x: str, style: str, place: str, *, doubled: bool = False) -> str:
        """Two convolutions and a way past them. `doubled`: twice as many frames come out."""
        past = self._doubled(x) if doubled else x
        if f"{place}/conv1x1" in self.weights:
            past = self.conv(past, f"{place}/conv1x1", bias=False)
        x = self.leaky(self.styled(x, style, f"{place}/norm1/fc"), 0.2)
        if doubled:
            x = self._interpolated(x, f"{place}/pool")
        x = self.conv(x, f"{place}/conv1")
        x = self.leaky(self.styled(x, style, f"{place}/norm2/fc"), 0.2)
        x = self.op("Add", self.conv(x, f"{place}/conv2"), past)
        return self.op("Mul", x, self.scalar(1 / math.sqrt(2)))

    def _doubled(self, x: str) -> str:
        """Each frame twice."""
        scales = self.constant(np.array([1, 1, 2], np.float32))
        return self.op(
            "Resize", x, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )  # fmt: skip

    def _interpolated(self, x: str, place: str) -> str:
        """Twice as many frames, each channel for itself."""
        parts = (self.weights.matrix(place), self.weights.bias(place))
        constants = [self.constant(part) for part in parts]
        return self.op(
            "ConvTranspose", x, *constants, strides=[2], group=len(parts[1]), pads=[1, 1],
            output_padding=[1],
        )  # fmt: skip

    def lstm(self, x: str, place: str) -> str:
        """Both ways: x (1, n, inputs) to (1, n, states)."""
        lstm = self.weights.lstm(place)
        parts = [self.constant(part) for part in (lstm.inputs, lstm.states, lstm.bias)]
        x = self.op("Transpose", x, perm=[1, 0, 2])
        states = lstm.states.shape[2]
        x = self.op("LSTM", x, *parts, direction="bidirectional", hidden_size=states)
        x = self.op("Transpose", x, perm=[2, 0, 1, 3])
        return self.op("Reshape", x, self.constant([0, 0, -1]))

    def _narrow_conv(self, x: str, weight: Floats, bias: Floats, dilation: int) -> str:
        """A matrix product over the frames that each frame sees, side by side."""
        width = weight.shape[2]
        narrow, scales = narrowed(weight.transpose(2, 1, 0).reshape(-1, len(bias)))
        sound, scale, zero = self.ops("DynamicQuantizeLinear", 3, x)
        sound = self.turned(sound)
        if width > 1:
            sound = self._side_by_side(sound, zero, width, dilation)
        parts = (narrow, scales, np.zeros(len(scales), np.int8), bias)
        matrix, scales, matrix_zero, added = (self.constant(part) for part in parts)
        factors = (sound, matrix, scale, scales, zero, matrix_zero, added)
        return self.turned(self.op("MatMulIntegerToFloat", *factors, domain=MICROSOFT))

    def _side_by_side(self, sound: str, zero: str, width: int, dilation: int) -> str:
        """(1, frames, channels) to (1, frames, width x channels)."""
        reach = (width - 1) * dilation // 2
        axis = self.constant([1])
        padded = self.op("Pad", sound, self.constant([reach, reach]), zero, axis)
        shifted: list[str] = []
        for start in range(0, 2 * reach + 1, dilation):
            bounds = (self.constant([start]), self.constant([start - 2 * reach or LAST]), axis)
            shifted.append(self.op("Slice", padded, *bounds))
        return self.op("Concat", *shifted, axis=2)


def narrowed(matrix: Floats) -> tuple[np.ndarray, Floats]:
    """int8, and a scale for each column."""
    scales = np.maximum(np.abs(matrix).max(axis=0), SMALLEST_SCALE) / np.float32(LARGEST_WEIGHT)
    return np.rint(matrix / scales).astype(np.int8), scales
