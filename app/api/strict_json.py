"""Refuses a JSON body that says one thing twice: whoever checked it before us may have believed the
other."""

import asyncio
import json
from typing import Any

from litestar import Request

from app.core.errors import InvalidInput

_AT_ONCE_BYTES = 65_536
_SHOWN = 80


class FieldRepeated(InvalidInput):
    pass


class StrictRequest(Request[Any, Any, Any]):
    async def json(self) -> Any:
        """After the framework has decoded it, which keeps the last of two."""
        decoded = await super().json()
        body = await self.body()
        if len(body) <= _AT_ONCE_BYTES:
            refuse_repeated(body)
        else:
            await asyncio.to_thread(refuse_repeated, body)
        return decoded


def refuse_repeated(body: bytes) -> None:
    try:
        json.loads(body or b"null", object_pairs_hook=_once_each)
    except RecursionError:
        raise InvalidInput("body: it is nested too deeply") from None


def _once_each(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            field = name[:_SHOWN]
            raise FieldRepeated(f"{field}: it is given more than once", field=field)
        seen.add(name)
