"""What stands between libav and hostile bytes: a guarded source, a time budget, a memory cap."""

import ctypes
import functools
import io
import logging
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import BinaryIO

import av._core

from app.core.audio.errors import AudioEmpty, AudioTooSlow, AudioUnreadable

log = logging.getLogger(__name__)

_MAX_ALLOCATION_BYTES = 48 * 1024 * 1024


@functools.cache
def cap_allocations() -> None:
    """Refuse libav any single allocation that no honest recording needs, in this whole process.

    An MP4 of 1,500 bytes may announce 2^31 samples; libav then builds their index (gigabytes).
    48 MiB holds the index of twelve hours of AAC, and a raw 4K picture.
    """
    try:
        max_alloc = ctypes.CDLL(av._core.__file__).av_max_alloc
    except (OSError, AttributeError):
        log.warning("libavutil not found: its allocations stay unlimited")
        return
    max_alloc.argtypes = [ctypes.c_size_t]
    max_alloc.restype = None
    max_alloc(_MAX_ALLOCATION_BYTES)


class TimeBudget:
    """Seconds that may be spent decoding. Time between two blocks is the consumer's and is free."""

    def __init__(self, seconds: float) -> None:
        self._allowed_s = seconds
        self._left_s = seconds
        self._resumed_at: float | None = None

    @contextmanager
    def spending(self) -> Generator[None]:
        self._resumed_at = time.monotonic()
        try:
            yield
        finally:
            self._left_s -= time.monotonic() - self._resumed_at
            self._resumed_at = None

    def check(self) -> None:
        running_s = 0.0 if self._resumed_at is None else time.monotonic() - self._resumed_at
        if running_s > self._left_s:
            raise AudioTooSlow(
                f"Decoding took longer than {self._allowed_s:g} s.", deadline_s=self._allowed_s
            )


class ByteSource:
    """The only file that libav sees. It has no name, opens nothing and never raises into libav.

    PyAV keeps an exception of a callback for the next libav call of that thread, whichever file
    that is for. So a failure is kept here, libav is told that the file ended, and `check` raises.
    A seekable stream is read from its beginning, and its size and `start` are known; a stream that
    cannot seek is read from where it stands.
    """

    def __init__(self, stream: BinaryIO, budget: TimeBudget) -> None:
        self._stream = stream
        self._budget = budget
        self._failure: Exception | None = None
        self._seen_bytes = 0
        self.size_bytes: int | None = None
        self.start = b""
        if self.seekable():
            self.size_bytes = stream.seek(0, os.SEEK_END)
            stream.seek(0)
            self.start = stream.read(8)
            stream.seek(0)

    def read(self, size: int) -> bytes:
        if self._failure is not None:
            return b""
        try:
            self._budget.check()
            data = self._stream.read(size)
            if len(data) > size:  # PyAV copies it into a buffer of `size` bytes unchecked
                raise BufferError("the stream returned more than it was asked for")
        except Exception as failure:  # noqa: BLE001 - raised again by `check`
            self._failure = failure
            return b""
        self._seen_bytes += len(data)
        return data

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self._stream.seek(offset, whence)
        except (OSError, ValueError, OverflowError):  # a position that a damaged header made up
            return -1

    def tell(self) -> int:
        return self._stream.tell()

    def refuse_reference(self, _url: str, _flags: int, _options: dict[str, str]) -> io.BytesIO:
        """Called where a file makes libav open another file or an address: it gets no bytes."""
        self._failure = AudioUnreadable("The file refers to other files.")
        return io.BytesIO()

    def check(self) -> None:
        """Raise what went wrong inside libav's reads."""
        if self._failure is not None:
            raise self._failure
        if self._seen_bytes == 0:
            raise AudioEmpty("The file is empty.")
        self._budget.check()
