"""Starts PostgreSQL programs, as the right account and bound to the life of this process."""

import asyncio
import os
import sys
import threading
from pathlib import Path
from typing import IO

from app.core.postgres.account import Account

_LAUNCHER = Path(__file__).with_name("launch.py")


async def spawn(
    command: list[str],
    account: Account | None,
    cwd: Path,
    *,
    stdin: IO[bytes] | int,
    output: IO[bytes] | int,
) -> asyncio.subprocess.Process:
    """Call it on the main thread: the kernel ends the child with the *thread* that spawned it."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("PostgreSQL must be started from the main thread")
    uid, gid = (os.geteuid(), os.getegid()) if account is None else (account.uid, account.gid)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(_LAUNCHER)),
        *(str(os.getpid()), str(uid), str(gid), *command),
        cwd=cwd,
        stdin=stdin,
        stdout=output,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,  # or the terminal's Ctrl-C would stop it before Parley has drained
    )
