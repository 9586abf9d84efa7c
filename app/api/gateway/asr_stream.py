"""Live recognition over a WebSocket: `/asr/stream`. `/listen` is the same, and on the port of the
service `/stream` and `/listen` are."""

from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency

from app.api.gateway.bodies import error_body
from app.api.gateway.stream_session import StreamSession
from app.api.metering import metered
from app.api.sockets import refuse
from app.core.errors import AppError
from app.runtime import Runtime


@websocket(["/asr/stream", "/asr/listen", "/listen"])
async def stream(socket: WebSocket[Any, Any, Any], runtime: NamedDependency[Runtime]) -> None:
    """Hears what comes and tells what is said."""
    try:
        async with metered(socket, runtime) as meter:
            await socket.accept()
            await StreamSession(socket, runtime.streams, meter).serve()
    except AppError as error:
        await refuse(socket, error, error_body)
