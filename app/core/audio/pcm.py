"""Headerless 16-bit little-endian PCM, whose rate and channels the caller knows."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from app.core.audio.container import AudioInfo, Block
from app.core.audio.convert import float_from_int16
from app.core.audio.guard import ByteSource

_READ_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class RawPcm:
    """How bytes without a header are to be understood (s16le, channels interleaved)."""

    sample_rate: int
    channels: int = 1


class PcmReader:
    """Raw PCM in the shape of a container. A last sample that is cut makes it `incomplete`."""

    def __init__(self, source: ByteSource, layout: RawPcm) -> None:
        self._source = source
        self._frame_bytes = 2 * layout.channels
        self.incomplete = False
        size = source.size_bytes
        known_s = None if size is None else size / self._frame_bytes / layout.sample_rate
        self.info = AudioInfo("raw", "pcm_s16le", layout.sample_rate, layout.channels, known_s)

    def blocks(self) -> Iterator[Block]:
        rest = b""
        while data := self._source.read(_READ_BYTES):
            data = rest + data
            whole = len(data) - len(data) % self._frame_bytes
            rest = data[whole:]
            interleaved = np.frombuffer(data[:whole], "<i2").reshape(-1, self.info.channels)
            yield Block(float_from_int16(interleaved.T), self.info.sample_rate)
        self._source.check()
        self.incomplete = bool(rest)

    def close(self) -> None:
        """Nothing is held: the stream is its owner's."""
