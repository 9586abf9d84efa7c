"""The passwords of the embedded server's three roles, in one file that only Parley may read."""

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from app.core.postgres.errors import DataDirectoryUnusable


def _password() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Credentials:
    superuser: str = field(repr=False)
    owner: str = field(repr=False)
    app: str = field(repr=False)


def read(path: Path) -> Credentials:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Credentials)
    except FileNotFoundError:
        reason = "is missing"
    except msgspec.DecodeError:
        reason = "is damaged"
    raise DataDirectoryUnusable(
        f"{path}, which holds the passwords of this database, {reason}. Restore it from a backup."
    )


def read_or_create(path: Path) -> Credentials:
    """For a directory without a cluster: nothing is lost if the file was never written."""
    if path.exists():
        return read(path)
    made = Credentials(superuser=_password(), owner=_password(), app=_password())
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.encode(made))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return made
