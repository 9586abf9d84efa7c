"""Bare /health and /status, in the words of the session family's document."""

from typing import Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency

from app.api.access import OPEN
from app.core.clock import utc_now
from app.runtime import Runtime


class Health(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    timestamp: str
    status: Literal["healthy"] = "healthy"
    service: Literal["pipecat"] = "pipecat"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    active_sessions: int
    timestamp: str
    status: Literal["running"] = "running"
    service: Literal["pipecat"] = "pipecat"


@get("/health", opt=OPEN)
async def health(runtime: NamedDependency[Runtime]) -> Health:
    """The process is alive. Says nothing on what it depends on: ask /ready."""
    return Health(version=runtime.version, timestamp=_now())


@get("/status", opt=OPEN)
async def status(runtime: NamedDependency[Runtime]) -> Status:
    return Status(
        version=runtime.version,
        active_sessions=runtime.presence.websockets,
        timestamp=_now(),
    )


def _now() -> str:
    return utc_now().isoformat(timespec="seconds").replace("+00:00", "Z")
