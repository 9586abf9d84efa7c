"""What a process holds now: what a call leaves behind is found by looking twice."""

import asyncio
import gc
import os
from collections import Counter
from contextlib import suppress
from pathlib import Path

import msgspec
from aiortc import RTCPeerConnection

from app.calls.sessions.live import LiveCall
from app.realtime.session import Session
from app.realtime.transports.webrtc import Peer

_OWN = Path("/proc/self")
_COUNTED = {Peer: "peers", RTCPeerConnection: "connections", LiveCall: "calls", Session: "sessions"}


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """`peers` to `sessions` are objects that something still refers to."""

    tasks: int
    files: int
    sockets: int
    memory_kib: int
    peers: int = 0
    connections: int = 0
    calls: int = 0
    sessions: int = 0


def holding() -> Holding:
    """Of this process, after a look for what nothing refers to. Blocks for a moment."""
    gc.collect()
    objects = Counter(map(_name_of, gc.get_objects()))
    del objects[""]
    opened = list(_opened())
    pages = int((_OWN / "statm").read_text("ascii").split()[1])
    return Holding(
        tasks=len(asyncio.all_tasks()),
        files=len(opened),
        sockets=sum(target.startswith("socket:") for target in opened),
        memory_kib=pages * os.sysconf("SC_PAGE_SIZE") // 1024,
        **objects,
    )


def _name_of(each: object) -> str:
    return next((name for kind, name in _COUNTED.items() if type(each) is kind), "")


def _opened() -> list[str]:
    """What its file descriptors stand for."""
    found: list[str] = []
    for link in (_OWN / "fd").iterdir():
        with suppress(FileNotFoundError):  # that of the folder itself
            found.append(str(link.readlink()))
    return found
