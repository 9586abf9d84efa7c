"""Servers that outlived their Parley or their postmaster: found by their tag, and ended.

Only for whoever holds the directory lock: no one else may then be using the cluster.
"""

import asyncio
import logging
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from app.core.postgres.errors import DatabaseNotStarted

log = logging.getLogger(__name__)

_POLL_S = 0.05


def survivors(tag: str) -> list[int]:
    """The processes of the server whose cluster_name is `tag`; none where there is no /proc.

    Command lines, because they can be read where another account's /proc/PID/cwd cannot.
    """
    titles = (f"postgres: {tag}: ".encode(), f"\0cluster_name={tag}\0".encode())
    found: list[int] = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(title in (entry / "cmdline").read_bytes() for title in titles):
                found.append(int(entry.name))
    return found


async def end_survivors(tag: str, cluster_dir: Path) -> None:
    """Fast shutdown for a postmaster, then what cannot be refused. Safe: the log is replayed."""
    alive = await asyncio.to_thread(survivors, tag)
    if alive:
        log.warning("an earlier PostgreSQL is still running; ending it", extra={"pids": alive})
    postmaster = await asyncio.to_thread(postmaster_pid, cluster_dir)
    to_postmaster = [postmaster] if postmaster in alive else []
    for signal_number, targets, patience_s in (
        (signal.SIGINT, to_postmaster, 15.0 if to_postmaster else 1.0),
        (signal.SIGQUIT, None, 6.0),
        (signal.SIGKILL, None, 6.0),
    ):
        if not alive:
            return
        for pid in alive if targets is None else targets:
            with suppress(ProcessLookupError):
                os.kill(pid, signal_number)
        alive = await _remaining(tag, patience_s)
    if alive:
        raise DatabaseNotStarted(
            f"An earlier PostgreSQL on this data (processes {alive}) does not end."
        )


async def _remaining(tag: str, patience_s: float) -> list[int]:
    give_up_at = time.monotonic() + patience_s
    while True:
        alive = await asyncio.to_thread(survivors, tag)
        if not alive or time.monotonic() > give_up_at:
            return alive
        await asyncio.sleep(_POLL_S)


def postmaster_pid(cluster_dir: Path) -> int | None:
    """What postmaster.pid says, whether or not that process lives."""
    with suppress(OSError, ValueError, IndexError):
        return int((cluster_dir / "postmaster.pid").read_text().splitlines()[0])
    return None


def forget_dead_postmaster(cluster_dir: Path, socket_dir: Path) -> None:
    """Removes the lock files of a postmaster that is gone, after `end_survivors`.

    PostgreSQL takes any process that has since got the same pid for a live postmaster, which
    in a container, where pids repeat, would keep it from ever starting again.
    """
    pid = postmaster_pid(cluster_dir)
    if pid is None or not Path("/proc/self").exists():
        return
    with suppress(OSError):
        program, _, _ = Path(f"/proc/{pid}/cmdline").read_bytes().partition(b"\0")
        if program.startswith(b"postgres:") or program.endswith(b"/postgres"):
            return  # not a server of ours: PostgreSQL itself refuses, and says so
    for stale in (
        cluster_dir / "postmaster.pid",
        socket_dir / ".s.PGSQL.5432",
        socket_dir / ".s.PGSQL.5432.lock",
    ):
        stale.unlink(missing_ok=True)
