"""Temporary files lie beside the data, so on the disk that HIPAA_MODE looks at, and never in a
memory that calls itself /tmp."""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.core.errors import Unavailable

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class DiskFull(Unavailable):
    code = "disk_full"


@contextmanager
def spilling_into(folder: Path) -> Generator[None]:
    """All of the process that name no folder of their own. What a process that was killed left
    there is gone, unless another uses the folder now."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        if _locked(opened, fcntl.LOCK_EX):
            _empty(folder)
        _locked(opened, fcntl.LOCK_SH)
        yield
    finally:
        tempfile.tempdir = before
        os.close(opened)


def _locked(opened: int, how: int) -> bool:
    """False also where the file system knows no locks."""
    with suppress(OSError):
        fcntl.flock(opened, how | fcntl.LOCK_NB)
        return True
    return False


def _empty(folder: Path) -> None:
    for left in folder.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left)
        else:
            left.unlink()


@contextmanager
def room_for_files() -> Generator[None]:
    """A disk that is full is told apart from a defect."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise DiskFull("There is no room for the upload now") from error
