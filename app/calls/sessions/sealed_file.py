"""Files that grow while they are encrypted and are read from anywhere, each under a key of its own.

A chunk is encrypted under its number: a key is for one file, written once. Blocking.
"""

import os
from collections.abc import Generator
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.core.spill import room_for_files

CHUNK_BYTES = 16 * 1024
_TAG_BYTES = 16
_KEY_BITS = 256


def new_key() -> bytes:
    return AESGCM.generate_key(_KEY_BITS)


class SealedWriter:
    """For whoever writes to something that cannot be sought in."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._cipher = AESGCM(key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(opened, "wb", buffering=0)
        self._waiting = bytearray()
        self._chunks = 0
        self.size = 0

    def write(self, data: bytes) -> int:
        self._waiting += data
        self.size += len(data)
        while len(self._waiting) >= CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]))
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def finish(self) -> None:
        try:
            if self._waiting:
                self._seal(bytes(self._waiting))
                self._waiting.clear()
        finally:
            self._file.close()

    def _seal(self, chunk: bytes) -> None:
        with room_for_files():
            self._file.write(self._cipher.encrypt(_nonce(self._chunks), chunk, None))
        self._chunks += 1


def read_sealed(path: Path, key: bytes, first: int, end: int) -> Generator[bytes]:
    """Bytes from `first` up to `end`. Raises FileNotFoundError, and InvalidTag where it was
    altered."""
    cipher = AESGCM(key)
    with path.open("rb") as file:
        for number in range(first // CHUNK_BYTES, -(-end // CHUNK_BYTES)):
            file.seek(number * (CHUNK_BYTES + _TAG_BYTES))
            sealed = file.read(CHUNK_BYTES + _TAG_BYTES)
            begin = number * CHUNK_BYTES
            chunk = cipher.decrypt(_nonce(number), sealed, None)
            yield chunk[max(0, first - begin) : end - begin]


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")
