"""Long answers end where nobody waits for them any more."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from litestar import Request

from app.core.aio import TaskScope
from app.core.errors import InvalidInput

T = TypeVar("T")


class ClientLeft(InvalidInput):
    """Nobody reads it."""

    code = "client_left"


async def while_there(request: Request[Any, Any, Any], work: Coroutine[Any, Any, T]) -> T:
    """The result of the work, which is cancelled when the client hangs up. The body of the
    request must have been read: what is left of it is thrown away."""
    async with TaskScope() as scope:
        answer = scope.spawn("answer", work)
        leaving = scope.spawn("leaving", _left(request))
        await asyncio.wait({answer, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            await scope.cancel()
            raise ClientLeft("The client left")
        leaving.cancel()
    return answer.result()


async def _left(request: Request[Any, Any, Any]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
