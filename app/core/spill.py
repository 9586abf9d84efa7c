"""Temporary files lie beside the data, so on the disk that HIPAA_MODE looks at, and never in a
memory that calls itself /tmp."""

import errno
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from app.core.errors import Unavailable

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class DiskFull(Unavailable):
    code = "disk_full"


@contextmanager
def spilling_into(folder: Path) -> Generator[None]:
    """All of the process that name no folder of their own."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


@contextmanager
def room_for_files() -> Generator[None]:
    """A disk that is full is told apart from a defect."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise DiskFull("There is no room for the upload now") from error
