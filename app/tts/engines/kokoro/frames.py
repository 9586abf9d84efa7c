"""Layers of the graph `voice`. Sound is (1, frames, channels): then a convolution is a product of
what each frame sees with a matrix, and nothing is turned between one and the next."""

import numpy as np

from app.inference.graph import MICROSOFT
from app.tts.engines.kokoro.layers import Floats, Layers, Precision, narrowed
from app.tts.engines.kokoro.weights import Weights


class FrameLayers(Layers):
    def __init__(self, weights: Weights, precision: Precision) -> None:
        super().__init__(weights, precision)
        self._views: dict[tuple[str, int, int], str] = {}

    def convolved(
        self,
        x: str,
        weight: Floats,
        bias: Floats,
        dilation: int = 1,
        *,
        affine: tuple[str, str] | None = None,
        frames: str,
        exact: bool = False,
    ) -> str:
        """`weight` (outputs, inputs, width). `affine` is applied to what comes out. `frames`: how
        many there are. `exact`: in float32 in any case."""
        width = weight.shape[2]
        reach = (width - 1) * dilation // 2
        matrix = weight.transpose(2, 1, 0).reshape(-1, len(bias))
        sound, scale, zero = (x, "", "") if exact else self._quantized(x)
        if width > 1:
            edge = zero or self.scalar(0)
            sides = self.constant([reach, reach])
            sound = self.op("Pad", sound, sides, edge, self.constant([1]))
            sound = self.op("Gather", sound, self._view(frames, width, dilation), axis=1)
            sound = self.op("Reshape", sound, self.constant([1, -1, len(matrix)]))
        return self._product(sound, scale, zero, matrix, bias, affine)

    def multiplied(self, x: str, matrix: Floats, bias: Floats) -> str:
        return self._product(*self._quantized(x), matrix, bias, None)

    def raised(self, x: str, place: str, stride: int) -> str:
        """A transposed convolution twice as wide as its stride: (1, f, inputs) to (1, stride * f,
        outputs). The second half of what a frame gives is added to the first of the next."""
        weight, bias = self.weights.matrix(place), self.weights.bias(place)
        outputs = len(bias)
        matrix = weight.transpose(0, 2, 1).reshape(len(weight), -1)
        both = self.multiplied(x, matrix, np.zeros(matrix.shape[1], np.float32))
        first, second = self.ops("Split", 2, both, axis=2, num_outputs=2)
        axis, nothing = self.constant([1]), self.scalar(0)
        first = self.op("Pad", first, self.constant([0, 1]), nothing, axis)
        second = self.op("Pad", second, self.constant([1, 0]), nothing, axis)
        spans = self.op("Add", first, second)
        sound = self.op("Reshape", spans, self.constant([1, -1, outputs]))
        margin = stride // 2
        bounds = (self.constant([margin]), self.constant([-margin]), axis)
        return self.op("Add", self.op("Slice", sound, *bounds), self.constant(bias))

    def count(self, x: str) -> str:
        """Frames of x."""
        return self.op("Gather", self.op("Shape", x), self.constant(np.array(1, np.int64)))

    def _quantized(self, x: str) -> tuple[str, str, str]:
        if not self.is_int8:
            return x, "", ""
        sound, scale, zero = self.ops("DynamicQuantizeLinear", 3, x)
        return sound, scale, zero

    def _product(
        self, sound: str, scale: str, zero: str, matrix: Floats, bias: Floats,
        affine: tuple[str, str] | None,
    ) -> str:  # fmt: skip
        added = self.constant(bias)
        if not scale:
            product = self.op("Add", self.op("MatMul", sound, self.constant(matrix)), added)
            if affine:
                product = self.op("Add", self.op("Mul", product, affine[0]), affine[1])
            return product
        narrow, scales = narrowed(matrix)
        factors = self.constant(scales)
        if affine:
            factors = self.op("Mul", factors, affine[0])
            added = self.op("Add", self.op("Mul", added, affine[0]), affine[1])
        parts = (self.constant(narrow), scale, factors, zero)
        nothing = self.constant(np.zeros(len(scales), np.int8))
        return self.op("MatMulIntegerToFloat", sound, *parts, nothing, added, domain=MICROSOFT)

    def _view(self, frames: str, width: int, dilation: int) -> str:
        """(frames, width): which frames of the padded sound each one sees."""
        key = (frames, width, dilation)
        if key not in self._views:
            zero, one = (self.constant(np.array(each, np.int64)) for each in (0, 1))
            begins = self.op("Range", zero, frames, one)
            begins = self.op("Unsqueeze", begins, self.constant([1]))
            steps = self.constant([dilation * step for step in range(width)])
            self._views[key] = self.op("Add", begins, steps)
        return self._views[key]
