"""What the WebSocket routes share: a refusal before the handshake is an HTTP answer."""

from typing import Any

import msgspec
from litestar import WebSocket

from app.api.family import ErrorBody
from app.core.errors import AppError, NotAuthenticated

AnySocket = WebSocket[Any, Any, Any]


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
