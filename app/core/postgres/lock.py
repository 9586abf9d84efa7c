"""One Parley per data directory: an advisory lock that the kernel drops with the process."""

import fcntl
import os
from pathlib import Path

from app.core.postgres.errors import DataDirectoryInUse


class DirectoryLock:
    """Held from `acquire` to `release` or the end of the process, however it ends."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._file: int | None = None

    def acquire(self) -> None:
        file = os.open(self._data_dir / "parley.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(file, 0)
            os.write(file, str(os.getpid()).encode())
        except BlockingIOError:
            holder = os.read(file, 20).decode(errors="replace").strip()
            os.close(file)
            raise DataDirectoryInUse(
                f"Another Parley (process {holder or 'unknown'}) is using {self._data_dir}. "
                "Stop it first, or choose another data directory."
            ) from None
        except BaseException:
            os.close(file)
            raise
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
