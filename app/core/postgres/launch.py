"""Becomes a PostgreSQL program: leaves root, ties its life to Parley's, then execs.

Run as a script, with nothing but the standard library: PARENT-PID UID GID PROGRAM ARGUMENT...
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}


def main() -> None:
    parent_pid, uid, gid = map(int, sys.argv[1:4])
    command = sys.argv[4:]
    os.umask(0o077)
    try:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setgid(gid)
            os.setuid(uid)
        if sys.platform == "linux":
            # After setuid, which clears it. SIGINT is PostgreSQL's fast shutdown.
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent_pid:
            sys.exit("Parley ended before PostgreSQL had started")
        os.execve(command[0], command, _ENVIRONMENT)  # noqa: S606
    except OSError as error:
        sys.exit(f"cannot run {command[0]} as uid {uid}: {error.strerror}")


if __name__ == "__main__":
    main()
