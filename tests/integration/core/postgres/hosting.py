"""Runs host.py as root or as an ordinary user, and takes it away again."""

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from app.core.postgres.account import Account
from app.core.postgres.survivors import survivors

REPOSITORY = Path(__file__).parents[4]
SCRIPT = Path(__file__).with_name("host.py")
NOBODY = Account(65534, 65534)
PATIENCE_S = 60


class Host:
    """One Parley-like process and the database that it keeps."""

    def __init__(self, data_dir: Path, command: list[str], python_path: str) -> None:
        self.data_dir = data_dir
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            cwd=REPOSITORY,
            env={"PYTHONPATH": python_path, "PYTHONDONTWRITEBYTECODE": "1"},
            text=True,
        )

    def wait_for(self, words: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if words in line:
                return line
        raise AssertionError(f"the host ended without saying {words!r}")

    def answer(self) -> dict[str, Any]:
        """What it says once it serves, or has refused to."""
        return json.loads(self.wait_for('{"'))

    def connect(self, role: str = "owner") -> psycopg.Connection[Any]:
        return psycopg.connect(self.ready[role], autocommit=True)

    def serve(self) -> "Host":
        self.ready = self.answer()
        assert "owner" in self.ready, self.ready
        with self.connect() as connection:
            self.tag = connection.execute("SHOW cluster_name").fetchall()[0][0]
        return self

    @property
    def postmaster(self) -> int:
        return int((self.data_dir / "postgres/postmaster.pid").read_text().split()[0])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_S)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.process.poll() is None:  # otherwise the server may be a later host's
            with self.ended():
                self.kill()
        assert self.process.stdout is not None
        self.process.stdout.close()

    @contextmanager
    def ended(self) -> Iterator[None]:
        """Waits, after the block, until every process that now serves the cluster is gone."""
        serving = [] if not hasattr(self, "tag") else [*survivors(self.tag)]
        handles: list[int] = []
        for pid in serving:
            with suppress(ProcessLookupError):
                handles.append(os.pidfd_open(pid))
        try:
            yield
            for handle in handles:
                poll = select.poll()
                poll.register(handle, select.POLLIN)
                assert poll.poll(PATIENCE_S * 1000), "a PostgreSQL process outlived its Parley"
        finally:
            for handle in handles:
                os.close(handle)


@dataclass
class Site:
    """Where a test's data lies, and as whom its hosts run."""

    ordinary: bool
    home: Path
    hosts: list[Host] = field(default_factory=list)

    @property
    def data_dir(self) -> Path:
        return self.home / "data"

    def host(self, data_dir: Path | None = None, python_path: str = str(REPOSITORY)) -> Host:
        data_dir = data_dir or self.data_dir
        command = [sys.executable, str(SCRIPT), str(data_dir), str(self.home / "cache")]
        host = Host(data_dir, [*self._lesser_user(), *command], python_path)
        self.hosts.append(host)
        return host

    def _lesser_user(self) -> list[str]:
        if not self.ordinary or os.geteuid() != 0:
            return []
        command = [
            "setpriv",
            f"--reuid={NOBODY.uid}",
            f"--regid={NOBODY.gid}",
            "--clear-groups",
        ]
        if not NOBODY.may_run(Path(sys.executable)):  # an interpreter under root's home
            command += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        return command

    def close(self) -> None:
        with ExitStack() as undo:
            for host in self.hosts:
                undo.callback(host.close)


@contextmanager
def site(*, ordinary: bool) -> Iterator[Site]:
    """A directory that is closed to everyone but the user of the hosts, and is removed."""
    home = Path(tempfile.mkdtemp(prefix="parley-test-"))
    if ordinary and os.geteuid() == 0:
        os.chown(home, NOBODY.uid, NOBODY.gid)
    made = Site(ordinary, home)
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, home)
        undo.callback(made.close)
        yield made
