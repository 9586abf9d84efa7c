"""The types of ASGI, and the one wrapper of `send` that is shared, for what stands in front of
the framework."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

Message = dict[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]


def adding(headers: Sequence[Header], send: Send) -> Send:
    """`send`, with these headers on the answer as well."""

    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *headers]
        await send(message)

    return send_with_headers
