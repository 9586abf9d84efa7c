"""Where temporary files go, and how a full disk is told."""

import errno
import tempfile
from pathlib import Path

import pytest

from app.core.spill import DiskFull, room_for_files, spilling_into


def test_temporary_files_lie_in_the_folder_until_the_block_is_left(tmp_path: Path) -> None:
    before = tempfile.gettempdir()
    with spilling_into(tmp_path / "data" / "tmp"), tempfile.NamedTemporaryFile() as file:
        assert Path(file.name).parent == tmp_path / "data" / "tmp"
    assert tempfile.gettempdir() == before


def leave_something(folder: Path, elsewhere: Path) -> None:
    (folder / "half").mkdir(parents=True)
    (folder / "half" / "upload").write_bytes(b"speech")
    (folder / "upload").write_bytes(b"speech")
    (folder / "link").symlink_to(elsewhere, target_is_directory=True)


def test_what_a_process_that_was_killed_left_is_gone(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "recording").write_bytes(b"speech")
    leave_something(tmp_path / "tmp", kept)
    with spilling_into(tmp_path / "tmp"):
        assert list((tmp_path / "tmp").iterdir()) == []
    assert (kept / "recording").exists()


def test_what_another_process_uses_stays(tmp_path: Path) -> None:
    with spilling_into(tmp_path / "tmp"), tempfile.NamedTemporaryFile() as file:
        for _ in range(2):
            with spilling_into(tmp_path / "tmp"):
                assert Path(file.name).exists()


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_told_apart(reason: int) -> None:
    with pytest.raises(DiskFull, match="no room"), room_for_files():
        raise OSError(reason, "no")


def test_from_a_defect() -> None:
    with pytest.raises(PermissionError), room_for_files():
        raise PermissionError(errno.EACCES, "no")
