"""Which account the server runs as: PostgreSQL refuses root, so root lends it a lesser one."""

import os
import pwd
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.core.postgres.errors import DataDirectoryUnusable

_PREFERRED = ("parley", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    uid: int
    gid: int

    def may_run(self, path: Path) -> bool:
        """Whether this account can reach, read and execute `path`, judged by the mode bits."""
        real = path.resolve()
        return self._has(real, 0o5) and all(self._has(parent, 0o1) for parent in real.parents)

    def _has(self, path: Path, bits: int) -> bool:
        status = path.stat()
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid == self.gid else 0
        return (status.st_mode >> shift) & bits == bits


def server_account(cluster_dir: Path) -> Account | None:
    """The account to become, or None where Parley is not root and the server runs as Parley.

    A cluster that exists keeps its owner: it may have been made by an ordinary user.
    """
    if os.geteuid() != 0:
        return None
    with suppress(FileNotFoundError):
        owner = cluster_dir.stat()
        if owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    for name in _PREFERRED:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise DataDirectoryUnusable(
        "PostgreSQL does not run as root, and none of the accounts "
        f"{', '.join(_PREFERRED)} exists. Create one, or run Parley as an ordinary user."
    )
