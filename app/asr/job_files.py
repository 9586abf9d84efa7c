"""Uploads that wait for their transcription: a file for each job, readable by us alone.

Blocking: call it in a thread. Replicas that are to take over from each other share the folder.
"""

import os
import shutil
import time
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from app.core.spill import room_for_files

STRAY_AFTER_S = 24 * 3600
"""Younger files may belong to a job whose row is not written yet."""


class JobFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, job_id: UUID) -> Path:
        return self._folder / str(job_id)

    def keep(self, job_id: UUID, source: BinaryIO) -> None:
        """All of it or nothing; on the disk when this returns."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.path(job_id)
        try:
            with room_for_files():
                opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(opened, "wb") as file:
                    shutil.copyfileobj(source, file, 1 << 20)
                    file.flush()
                    os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise

    def forget(self, job_id: UUID) -> None:
        self.path(job_id).unlink(missing_ok=True)

    def old(self) -> list[UUID]:
        """The jobs of files that have lain here for a day."""
        if not self._folder.is_dir():
            return []
        before = time.time() - STRAY_AFTER_S
        return [job_id for path in self._folder.iterdir() if (job_id := _older(path, before))]


def _older(path: Path, than_s: float) -> UUID | None:
    """Of a file that is no job's, or that another replica has just taken away, None."""
    try:
        return UUID(path.name) if path.stat().st_mtime < than_s else None
    except (ValueError, FileNotFoundError):
        return None
