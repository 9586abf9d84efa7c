"""Reads server-sent events as the HTML standard has them. Pure: the bytes are handed in."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass

from app.llm.conversation import ModelFailed

MOST_BYTES = 1024 * 1024
"""Of one event: more is no part of an answer."""

_BREAK = re.compile(rb"\r\n|\r|\n")
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    data: str
    event: str = "message"


async def events(chunks: AsyncIterator[bytes]) -> AsyncGenerator[ServerSentEvent]:
    """One that the stream breaks off is not told. Raises ModelFailed where one has no end."""
    lines, event = _Lines(), _Event()
    async for chunk in chunks:
        for line in lines.of(chunk):
            if told := event.told_by(line):
                yield told


class _Lines:
    """Cuts where a line ends by `\\r\\n`, `\\r` or `\\n`, wherever the chunks were cut."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._is_first = True
        self._ended_with_cr = False

    def of(self, chunk: bytes) -> Iterator[bytes]:
        if not chunk:
            return
        if self._ended_with_cr:
            chunk = chunk.removeprefix(b"\n")
        self._ended_with_cr = chunk.endswith(b"\r")
        *ends, rest = _BREAK.split(chunk)
        for end in ends:
            yield self._whole(end)
        self._begun += rest
        _refuse_above_most(len(self._begun))

    def _whole(self, end: bytes) -> bytes:
        line = bytes(self._begun) + end
        self._begun.clear()
        if self._is_first:
            line = line.removeprefix(_BOM)
            self._is_first = False
        return line


class _Event:
    def __init__(self) -> None:
        self._name = b""
        self._data = bytearray()

    def told_by(self, line: bytes) -> ServerSentEvent | None:
        """The event that `line` completes."""
        if not line:
            return self._told()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data += value + b"\n"
            _refuse_above_most(len(self._data))
        elif field == b"event":
            self._name = value
        return None

    def _told(self) -> ServerSentEvent | None:
        data, name = self._data.removesuffix(b"\n"), self._name
        is_told = bool(self._data)
        self._data, self._name = bytearray(), b""
        if not is_told:
            return None
        return ServerSentEvent(
            data.decode(errors="replace"), name.decode(errors="replace") or "message"
        )


def _refuse_above_most(count: int) -> None:
    if count > MOST_BYTES:
        raise ModelFailed(f"An event of the answer is longer than {MOST_BYTES} bytes")
