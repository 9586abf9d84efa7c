"""The envelope of every v1 answer that tells of success: what was asked for, when, by which id."""

from typing import Any, Generic, Literal, TypeVar

import msgspec
from litestar import Request
from litestar.di import Provide

from app.core.clock import utc_now

T = TypeVar("T")


class Meta(msgspec.Struct, frozen=True):
    timestamp: str
    request_id: str


class Envelope(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """`Envelope(data=agent, meta=meta)`, with `meta` from the dependency below."""

    success: Literal[True] = True
    data: T
    meta: Meta


def meta(request_id: str) -> Meta:
    now = utc_now().isoformat(timespec="milliseconds")
    return Meta(now.replace("+00:00", "Z"), request_id)


def meta_of(request: Request[Any, Any, Any]) -> Meta:
    return meta(request.scope["state"]["request_id"])


META = {"meta": Provide(meta_of, sync_to_thread=False)}
