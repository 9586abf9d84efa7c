"""Fields of a body that mean nothing here: clients of earlier servers send them, and are told."""

from typing import Any

import msgspec
from litestar import Request

from app.api.gateway.asr_answers import NotAppliedAnswer

_MOST = 20
_SHOWN = 80
_REASON = "this server has no such setting; it is not kept"


async def unknown_fields(
    request: Request[Any, Any, Any], kind: type[msgspec.Struct]
) -> list[NotAppliedAnswer]:
    """`kind`: what the body was read as."""
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    names = [name for name in await request.json() if name not in known]
    return [NotAppliedAnswer(name[:_SHOWN], _REASON) for name in names[:_MOST]]
