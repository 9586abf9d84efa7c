"""What the WebSocket routes share: a refusal before the handshake is an HTTP answer, and who takes
nothing has left."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import msgspec
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from app.api.family import ErrorBody
from app.api.leaving import ClientLeft
from app.core.errors import AppError, NotAuthenticated, TooLarge

AnySocket = WebSocket[Any, Any, Any]
Message = dict[str, Any]

LARGEST_FRAME_BYTES = 1024 * 1024
SENDING_S = 20.0
MOST_REASON_BYTES = 123
NORMAL, NOT_ALLOWED, FRAME_TOO_LARGE, FAILED, TRY_LATER = 1000, 1008, 1009, 1011, 1013


class FrameTooLarge(TooLarge):
    pass


async def refuse(socket: AnySocket, error: AppError, error_body: ErrorBody) -> None:
    """Instead of `accept`."""
    body = msgspec.json.encode(error_body(error, socket.scope["state"]["request_id"]))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if "retry_after_s" in error.details:
        headers.append((b"retry-after", b"%d" % error.details["retry_after_s"]))
    if isinstance(error, NotAuthenticated):
        headers.append((b"www-authenticate", b"Bearer"))
    start: Any = {
        "type": "websocket.http.response.start",
        "status": error.status,
        "headers": headers,
    }
    answer: Any = {"type": "websocket.http.response.body", "body": body}
    await socket.send(start)
    await socket.send(answer)


async def close(socket: AnySocket, code: int, reason: str = "") -> None:
    reason = reason.encode()[:MOST_REASON_BYTES].decode(errors="ignore")
    await delivered(socket.close(code, reason))


async def delivered(sending: Awaitable[None]) -> None:
    """Who takes nothing for `SENDING_S` has left as much as who hung up."""
    try:
        async with asyncio.timeout(SENDING_S):
            await sending
    except (OSError, WebSocketDisconnect):  # a TimeoutError is an OSError
        raise ClientLeft("The client left") from None
