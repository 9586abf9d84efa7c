"""Reads the weights of a CTranslate2 `model.bin`. Knows nothing of what they are for."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.core.errors import Unavailable

Weights = dict[str, NDArray[Any]]

FORMAT_VERSION = 6
_TYPES = (np.float32, np.int8, np.int16, np.int32, np.float16)


class WeightsInvalid(Unavailable):
    """The file is not what CTranslate2 writes, or is cut off."""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._at = 0

    def take(self, count: int) -> memoryview:
        if count > len(self._data) - self._at:
            raise WeightsInvalid("the file of weights is cut off")
        taken = self._data[self._at : self._at + count]
        self._at += count
        return taken

    def number(self, code: str) -> int:
        (value,) = struct.unpack(f"<{code}", self.take(struct.calcsize(code)))
        return value

    def text(self) -> str:
        return bytes(self.take(self.number("H"))).rstrip(b"\0").decode()

    def array(self) -> NDArray[Any]:
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind = self.number("B")
        if kind >= len(_TYPES):
            raise WeightsInvalid(f"the file of weights has an unknown number type {kind}")
        values = np.frombuffer(self.take(self.number("I")), _TYPES[kind])
        return values.reshape(shape)


def read_weights(path: Path) -> Weights:
    """All arrays by name, in the type they are stored in; aliases point to the same array."""
    reader = _Reader(path.read_bytes())
    version = reader.number("I")
    if version != FORMAT_VERSION:
        raise WeightsInvalid(f"format {version} of {path.name} is not known")
    reader.text()
    reader.number("I")
    weights: Weights = {}
    for _ in range(reader.number("I")):
        name = reader.text()
        weights[name] = reader.array()
    for _ in range(reader.number("I")):
        alias = reader.text()
        weights[alias] = weights[reader.text()]
    return weights
