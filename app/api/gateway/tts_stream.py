"""Speaking over a WebSocket: `/tts/stream`, and `/stream` on the port of the service."""

from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency

from app.api.gateway.bodies import error_body
from app.api.gateway.tts_session import SpeakSession
from app.api.metering import metered
from app.api.sockets import refuse
from app.core.errors import AppError
from app.runtime import Runtime


@websocket("/tts/stream")
async def tts_stream(socket: WebSocket[Any, Any, Any], runtime: NamedDependency[Runtime]) -> None:
    """Says what comes."""
    try:
        async with metered(socket, runtime) as meter:
            await socket.accept()
            await SpeakSession(socket, runtime.speaking, meter).serve()
    except AppError as error:
        await refuse(socket, error, error_body)
