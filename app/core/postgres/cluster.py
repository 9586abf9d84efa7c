"""One PostgreSQL data directory and the server on it. Does as it is told; retries nothing."""

import asyncio
import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.core.postgres.account import Account
from app.core.postgres.binaries import Binaries
from app.core.postgres.configuration import PORT, initdb_arguments, server_arguments
from app.core.postgres.errors import DatabaseNotStarted, DataDirectoryUnusable
from app.core.postgres.programs import spawn

_SOCKET_PATH_LIMIT = 107
_TEMPORARY = Path(tempfile.gettempdir())  # as it was at first: its name is short
_START_TIMEOUT_S = 300.0  # after a crash the log is replayed first, which a slow disk draws out
_FAST_SHUTDOWN_S = 15.0
_IMMEDIATE_SHUTDOWN_S = 8.0
_POLL_S = 0.02
_TAIL_LINES = 8
_TAIL_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Server:
    """A postmaster that was spawned, and what it says before its log file is open."""

    child: asyncio.subprocess.Process
    early_output: IO[bytes]

    async def shut_down(self) -> None:
        """Fast: open transactions are rolled back, clients are cut off, the rest is on disk."""
        await _end(self.child, signal.SIGINT, signal.SIGQUIT)
        self.early_output.close()


@dataclass(frozen=True, slots=True)
class Cluster:
    directory: Path
    binaries: Binaries
    account: Account | None
    durable: bool

    @property
    def tag(self) -> str:
        """Names the server's processes in the process list, whichever Parley started them."""
        return f"parley-{hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:12]}"

    @property
    def socket_dir(self) -> Path:
        return self._distant_socket_dir or self.directory

    @property
    def _distant_socket_dir(self) -> Path | None:
        """Where the directory cannot name a socket: too long, or with libpq's separator in it."""
        name = os.fsencode(self.directory / f".s.PGSQL.{PORT}")
        if len(name) <= _SOCKET_PATH_LIMIT and b"," not in name:
            return None
        return _TEMPORARY / self.tag

    def exists(self) -> bool:
        """Raises where something that this Parley must not touch is in the way."""
        if not self.directory.exists():
            return False
        owner = self.directory.stat().st_uid
        if self.account is None and owner != os.geteuid():
            raise DataDirectoryUnusable(
                f"{self.directory} belongs to another account (uid {owner}): "
                "run Parley as the account that made it, or as root."
            )
        try:
            major = (self.directory / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise DataDirectoryUnusable(
                f"{self.directory} is not a PostgreSQL data directory. Move it away."
            ) from None
        if major != self.binaries.major:
            raise DataDirectoryUnusable(
                f"{self.directory} was made by PostgreSQL {major}, and this Parley comes with "
                f"PostgreSQL {self.binaries.major}. Dump the database with the Parley that made "
                "it, and restore the dump into a new data directory."
            )
        return True

    async def create(self, superuser_password: str) -> None:
        """Runs initdb in a draft, which then becomes the data directory: all or nothing."""
        draft = self.directory.with_suffix(".new")
        await asyncio.to_thread(self._empty, draft)
        with tempfile.TemporaryFile() as password_file:
            password_file.write(superuser_password.encode())
            password_file.seek(0)
            if self.account is not None:
                os.fchown(password_file.fileno(), self.account.uid, self.account.gid)
            command = [
                str(self.binaries.program("initdb")),
                *initdb_arguments(self._seen_by_server(draft), durable=self.durable),
            ]
            child = await spawn(
                command, self.account, draft, stdin=password_file, output=subprocess.PIPE
            )
            try:
                output, _ = await child.communicate()
            finally:
                await _end(child, signal.SIGKILL, signal.SIGKILL)
        if child.returncode != 0:
            tail = _tail(output)
            raise DatabaseNotStarted(f"PostgreSQL could not make {self.directory}: {tail}")
        await asyncio.to_thread(_rename_durably, draft, self.directory)

    async def launch(self) -> Server:
        """The postmaster runs, but may not serve yet: see `until_ready`."""
        await asyncio.to_thread(self._prepare_to_launch)
        command = [
            str(self.binaries.program("postgres")),
            *server_arguments(
                self._seen_by_server(self.directory),
                self._distant_socket_dir,
                self.tag,
                durable=self.durable,
            ),
        ]
        with ExitStack() as undo:
            output = undo.enter_context(tempfile.TemporaryFile())
            child = await spawn(
                command, self.account, self.directory, stdin=subprocess.DEVNULL, output=output
            )
            undo.pop_all()
        return Server(child, output)

    async def until_ready(self, server: Server) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_START_TIMEOUT_S):
                while server.child.returncode is None:
                    if await asyncio.to_thread(self._is_ready, server.child.pid):
                        return
                    await asyncio.sleep(_POLL_S)
        said = await asyncio.to_thread(self._last_words, server)
        raise DatabaseNotStarted(f"PostgreSQL did not start on {self.directory}: {said}")

    def leave(self) -> None:
        """After a clean end nothing is left outside the data directory."""
        if self._distant_socket_dir is not None:
            with suppress(OSError):
                self._distant_socket_dir.rmdir()

    def _seen_by_server(self, directory: Path) -> str:
        """The server's name for the directory that it runs in.

        An account lent by root may be unable to walk there: under a closed home, for one.
        """
        if self.account is not None and sys.platform == "linux":
            return "/proc/self/cwd"
        return str(directory)

    def _is_ready(self, pid: int) -> bool:
        with suppress(OSError):
            lines = (self.directory / "postmaster.pid").read_text().splitlines()
            return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"
        return False

    def _empty(self, draft: Path) -> None:
        if draft.exists():  # left by an initdb that was interrupted
            shutil.rmtree(draft)
        draft.mkdir(mode=0o700)
        self._give_away(draft)

    def _prepare_to_launch(self) -> None:
        if self.account is not None and self.directory.stat().st_uid == 0:
            for entry in (self.directory, *self.directory.rglob("*")):  # as root restored it
                self._give_away(entry)
        distant = self._distant_socket_dir
        if distant is None:
            return
        with suppress(FileExistsError):
            distant.mkdir(mode=0o700)
            self._give_away(distant)
        status = distant.lstat()
        owner = os.geteuid() if self.account is None else self.account.uid
        private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o077
        if not private or status.st_uid != owner:
            raise DataDirectoryUnusable(
                f"The path of {self.directory} is too long for a socket or has a comma in it, and "
                f"{distant}, to be used instead, belongs to someone else. Remove it."
            )

    def _give_away(self, path: Path) -> None:
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def _last_words(self, server: Server) -> str:
        said = os.pread(server.early_output.fileno(), _TAIL_BYTES, 0)
        if b"redirecting log output" in said:
            with suppress(OSError, ValueError):
                logs = (self.directory / "log").glob("*.log")
                with max(logs, key=lambda file: file.stat().st_mtime).open("rb") as log_file:
                    size = log_file.seek(0, os.SEEK_END)
                    log_file.seek(max(0, size - _TAIL_BYTES))
                    said = log_file.read()
        return _tail(said)


async def _end(child: asyncio.subprocess.Process, gently: int, firmly: int) -> None:
    for signal_number, patience_s in (
        (gently, _FAST_SHUTDOWN_S),
        (firmly, _IMMEDIATE_SHUTDOWN_S),
        (signal.SIGKILL, None),
    ):
        if child.returncode is not None:
            return
        with suppress(ProcessLookupError):
            child.send_signal(signal_number)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await child.wait()


def _rename_durably(draft: Path, final: Path) -> None:
    draft.rename(final)
    parent = os.open(final.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def _tail(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()[-_TAIL_LINES:]
    return "\n".join(lines) or "it said nothing"
