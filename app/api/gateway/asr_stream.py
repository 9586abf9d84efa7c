"""Live recognition over a WebSocket: `/asr/stream`, and `/listen`, which is the same."""

import logging
from contextlib import suppress
from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect

from app.api.gateway.bodies import error_body
from app.api.gateway.stream_messages import error_message
from app.api.gateway.stream_session import (
    ClientLeft,
    FrameTooLarge,
    Overloaded,
    StreamSession,
)
from app.api.metering import metered
from app.api.sockets import AnySocket, refuse
from app.asr.streaming import StreamsFull
from app.core.errors import AppError, InternalError, Unavailable
from app.runtime import Runtime

log = logging.getLogger(__name__)

NORMAL, NOT_ALLOWED, TOO_LARGE, FAILED, TRY_LATER = 1000, 1008, 1009, 1011, 1013


@websocket(["/asr/stream", "/listen"])
async def stream(socket: WebSocket[Any, Any, Any], runtime: NamedDependency[Runtime]) -> None:
    """Hears what comes and tells what is said."""
    accepted = False
    try:
        async with metered(socket, runtime) as meter:
            await socket.accept()
            accepted = True
            await _serve(socket, StreamSession(socket, runtime.streams, meter))
    except AppError as error:
        if accepted:
            raise
        await refuse(socket, error, error_body)


async def _serve(socket: AnySocket, session: StreamSession) -> None:
    """The close code says how it went."""
    try:
        await session.run()
    except (ClientLeft, WebSocketDisconnect):
        return
    except AppError as error:
        await _part(socket, error, _close_code(error))
    except Exception:
        log.exception("a stream failed")
        await _part(socket, InternalError("Internal server error"), FAILED)
    else:
        await socket.close(NORMAL)


def _close_code(error: AppError) -> int:
    if isinstance(error, (StreamsFull, Overloaded)):
        return TRY_LATER
    if isinstance(error, FrameTooLarge):
        return TOO_LARGE
    return FAILED if isinstance(error, (Unavailable, InternalError)) else NOT_ALLOWED


async def _part(socket: AnySocket, error: AppError, code: int) -> None:
    with suppress(WebSocketDisconnect):
        await socket.send_json(error_message(error))
        await socket.close(code, error.message[:100])
