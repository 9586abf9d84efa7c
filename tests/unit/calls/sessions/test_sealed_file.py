"""Files that are encrypted as they grow, and read from anywhere."""

import os
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from app.calls.sessions.sealed_file import CHUNK_BYTES, SealedWriter, new_key, read_sealed

WHOLE = os.urandom(3 * CHUNK_BYTES + 77)


def sealed(path: Path, data: bytes = WHOLE) -> bytes:
    key, first = new_key(), 5000
    writer = SealedWriter(path, key)
    writer.write(data[:first])
    writer.write(data[first:])
    writer.finish()
    assert writer.size == len(data)
    return key


@pytest.mark.parametrize(
    ("first", "end"),
    [
        (0, len(WHOLE)),
        (0, 1),
        (CHUNK_BYTES - 1, CHUNK_BYTES + 1),
        (CHUNK_BYTES, 2 * CHUNK_BYTES),
        (len(WHOLE) - 5, len(WHOLE)),
    ],
)
def test_any_part_is_read_as_it_was_written(tmp_path: Path, first: int, end: int) -> None:
    path = tmp_path / "folder" / "file"
    key = sealed(path)
    assert b"".join(read_sealed(path, key, first, end)) == WHOLE[first:end]


def test_the_disk_has_none_of_it_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    sealed(path, b"secret words " * 5000)
    assert b"secret" not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_what_was_altered_moved_or_belongs_to_another_key_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    key = sealed(path)
    stored = path.read_bytes()
    chunk = CHUNK_BYTES + 16
    for spoiled in (
        stored[:100] + bytes([stored[100] ^ 1]) + stored[101:],
        stored[chunk : 2 * chunk] + stored[:chunk] + stored[2 * chunk :],
    ):
        path.write_bytes(spoiled)
        with pytest.raises(InvalidTag):
            list(read_sealed(path, key, 0, 10))
    path.write_bytes(stored)
    with pytest.raises(InvalidTag):
        list(read_sealed(path, new_key(), 0, 10))


def test_a_file_is_written_once(tmp_path: Path) -> None:
    """A second one under the same key would break both."""
    sealed(tmp_path / "file")
    with pytest.raises(FileExistsError):
        SealedWriter(tmp_path / "file", new_key())
