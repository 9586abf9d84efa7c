"""Decodes the body of an answer in pieces of bounded size, counted before and after decompression.
Pure: the bytes are handed in.
"""

import zlib
from collections.abc import Iterator

from app.core.http.errors import OutboundFailed, ResponseTooLarge

ACCEPT_ENCODING = "gzip, deflate"

_MAX_PIECE_BYTES = 64 * 1024


class _Inflation:
    """gzip (of one or several members) or deflate (with or without its zlib header)."""

    def __init__(self, coding: str) -> None:
        self._is_gzip = coding == "gzip"
        self._inflate = self._fresh()
        self._begun = False

    def _fresh(self):  # noqa: ANN202 - zlib does not name the type
        return zlib.decompressobj(zlib.MAX_WBITS | 16 if self._is_gzip else zlib.MAX_WBITS)

    @property
    def complete(self) -> bool:
        return self._inflate.eof or not self._begun

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Raises zlib.error where `data` is no such compression."""
        while True:
            if self._inflate.eof:
                self._inflate = self._fresh()
            piece = self._step(data)
            yield piece
            data = self._inflate.unconsumed_tail or self._inflate.unused_data
            # A full piece may leave a rest inside zlib although all input is consumed.
            if not data and (len(piece) < _MAX_PIECE_BYTES or self._inflate.eof):
                return

    def _step(self, data: bytes) -> bytes:
        first, self._begun = not self._begun, True
        try:
            return self._inflate.decompress(data, _MAX_PIECE_BYTES)
        except zlib.error:
            if self._is_gzip or not first:
                raise
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._inflate.decompress(data, _MAX_PIECE_BYTES)


class BodyDecoder:
    """Gives at most `max_bytes` of content, then raises ResponseTooLarge."""

    def __init__(self, host: str, content_encoding: str, max_bytes: int) -> None:
        self._host = host
        self._max_bytes = max_bytes
        self._received = 0
        self._decoded = 0
        coding = content_encoding.strip().lower().removeprefix("x-")
        # A chain of codings is refused with the unknown ones: it is a bomb or a mistake.
        if coding not in ("", "identity", "gzip", "deflate"):
            raise OutboundFailed(host, "its answer is encoded in a way that was not asked for")
        self._inflation = None if coding in ("", "identity") else _Inflation(coding)

    def pieces(self, data: bytes) -> Iterator[bytes]:
        self._received = self._counted(self._received + len(data))
        if not data:
            return
        if self._inflation is None:
            yield data
            return
        try:
            for piece in self._inflation.pieces(data):
                self._decoded = self._counted(self._decoded + len(piece))
                yield piece
        except zlib.error:
            raise OutboundFailed(self._host, "its answer cannot be decompressed") from None

    def finish(self) -> None:
        """Raises OutboundFailed where the content has not come to its end."""
        if self._inflation is not None and not self._inflation.complete:
            raise OutboundFailed(self._host, "its answer broke off")

    def _counted(self, total: int) -> int:
        if total > self._max_bytes:
            raise ResponseTooLarge(self._host, self._max_bytes)
        return total
