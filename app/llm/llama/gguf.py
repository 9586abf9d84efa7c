"""The header of a GGUF file: what it says of the model in it. The weights are not read."""

import mmap
from pathlib import Path
from struct import Struct, error
from typing import Any, cast

import msgspec

from app.core.errors import Unavailable

MAGIC = b"GGUF"
STRING, ARRAY = 8, 9
CONTROL, USER_DEFINED = 3, 4
SHORTEST_MARK = 3

_COUNT, _KIND = Struct("<Q"), Struct("<I")
_NUMBERS = {
    kind: Struct(f"<{letter}")
    for kind, letter in {
        0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"
    }.items()
}  # fmt: skip


class GgufInvalid(Unavailable):
    """The file is no GGUF file, or lacks what a language model needs."""


class GgufHeader(msgspec.Struct, frozen=True):
    """`context_tokens`: what the model was trained to hold. `marks`: tokens that stand for no text,
    such as those that begin and end a turn. `longest_token` in bytes."""

    context_tokens: int
    marks: tuple[str, ...]
    longest_token: int


def read_header(path: Path) -> GgufHeader:
    """Blocks."""
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, prot=mmap.PROT_READ) as data:
            return _header(_Reader(data).all())
    except (OSError, ValueError, KeyError, TypeError, error) as problem:
        raise GgufInvalid(f"{path} is no GGUF file of a language model") from problem


class _Reader:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._place = len(MAGIC) + _KIND.size + _COUNT.size

    def all(self) -> dict[str, Any]:
        if self._data[: len(MAGIC)] != MAGIC:
            raise ValueError("another kind of file")
        count = self._number(_COUNT)
        return {self._text().decode(): self._value(self._number(_KIND)) for _ in range(count)}

    def _value(self, kind: int) -> Any:
        if kind == STRING:
            return self._text()
        if kind == ARRAY:
            kind, count = self._number(_KIND), self._number(_COUNT)
            return [self._value(kind) for _ in range(count)]
        return self._number(_NUMBERS[kind])

    def _text(self) -> bytes:
        length = self._number(_COUNT)
        begin, self._place = self._place, self._place + length
        if self._place > len(self._data):
            raise ValueError("cut off")
        return self._data[begin : self._place]

    def _number(self, form: Struct) -> Any:
        (value,) = form.unpack_from(self._data, self._place)
        self._place += form.size
        return value


def _header(said: dict[str, Any]) -> GgufHeader:
    architecture = said["general.architecture"].decode()
    tokens = cast("list[bytes]", said["tokenizer.ggml.tokens"])
    kinds = cast("list[int]", said["tokenizer.ggml.token_type"])
    marks = [token for token, kind in zip(tokens, kinds, strict=True) if _is_mark(token, kind)]
    return GgufHeader(
        int(said[f"{architecture}.context_length"]),
        tuple(mark.decode() for mark in marks),
        max(map(len, tokens)),
    )


def _is_mark(token: bytes, kind: int) -> bool:
    """Of those that its maker defined, some are plain text, such as runs of line breaks."""
    if len(token) < SHORTEST_MARK:
        return False
    return kind == CONTROL or (kind == USER_DEFINED and token[:1] in b"<[")
