"""The file with the operator's secret keys, one a line, the current one first: made at the first
start, and refused where others than its owner can read it.
"""

import os
import secrets
from pathlib import Path

from app.core.errors import Unavailable

_KEY_BYTES = 32


class KeyFileRefused(Unavailable):
    code = "key_file_refused"


def load_or_create_keys(path: Path) -> list[bytes]:
    """Blocks on the disk. Of several processes that start at once all get the same keys."""
    try:
        return _load(path)
    except FileNotFoundError:
        _create(path)
    return _load(path)


def _load(path: Path) -> list[bytes]:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise KeyFileRefused(
                    f"The key file {path} is open to other users: run chmod 600 on it"
                )
            lines = file.read().split()
    except (PermissionError, IsADirectoryError):
        raise KeyFileRefused(f"The key file {path} cannot be read by this user") from None
    try:
        keys = [bytes.fromhex(line.decode("ascii")) for line in lines]
    except ValueError:
        keys = []
    if not keys or any(len(key) < _KEY_BYTES for key in keys):
        raise KeyFileRefused(
            f"The key file {path} is damaged: each line must be {2 * _KEY_BYTES} hexadecimal "
            "digits or more. Restore it from a backup: nothing else reads what it encrypted"
        )
    return keys


def _create(path: Path) -> None:
    """Writes aside and then links, so that the file is whole as soon as it is there, and the first
    of two processes wins.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    opened = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(opened, "wb") as file:
            file.write(secrets.token_hex(_KEY_BYTES).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            path.hardlink_to(aside)
        except FileExistsError:
            return
    finally:
        aside.unlink()
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
