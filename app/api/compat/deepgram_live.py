"""Speech to text as Deepgram offers it, live: a WebSocket at /v1/listen."""

import logging
from contextlib import suppress
from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect

from app.api.callers import TOKEN_SCHEMES
from app.api.compat.deepgram_asked import read_live
from app.api.compat.deepgram_errors import error_body
from app.api.compat.deepgram_messages import Messages, failure
from app.api.compat.deepgram_session import ClientLeft, DeepgramSession, close_code
from app.api.metering import Meter, metered
from app.api.sockets import AnySocket, refuse
from app.asr.domain import parse_request
from app.asr.live import StreamOptions
from app.core.errors import AppError, InternalError
from app.runtime import Runtime

log = logging.getLogger(__name__)

NORMAL = 1000


@websocket("/v1/listen")
async def listen_live(socket: WebSocket[Any, Any, Any], runtime: NamedDependency[Runtime]) -> None:
    """Hears what comes and tells what is said."""
    accepted = False
    try:
        async with metered(socket, runtime) as meter:
            session, options = _session(socket, runtime, meter)
            await socket.accept(subprotocols=_answered(socket))
            accepted = True
            await _serve(socket, session, options)
    except AppError as error:
        if accepted:
            raise
        await refuse(socket, error, error_body)


def _session(
    socket: AnySocket, runtime: Runtime, meter: Meter
) -> tuple[DeepgramSession, StreamOptions]:
    query = {name: socket.query_params.getall(name) for name in socket.query_params}
    asked = read_live(query)
    options = parse_request(asked.fields(), StreamOptions)
    model = runtime.streams.asked(options).choice.model
    messages = Messages(
        socket.scope["state"]["request_id"],
        is_written=asked.is_written,
        tells_speech_final=asked.tells_speech_final,
    )
    messages.about_model(model.name, model.weights)
    return DeepgramSession(socket, runtime.streams, asked, messages, meter), options


def _answered(socket: AnySocket) -> str | None:
    """A browser that brings its token as a subprotocol leaves where none is chosen."""
    offered: list[str] = socket.scope["subprotocols"]
    return offered[0] if offered and offered[0].lower() in TOKEN_SCHEMES else None


async def _serve(socket: AnySocket, session: DeepgramSession, options: StreamOptions) -> None:
    """The close code says how it went."""
    try:
        await session.run(options)
    except (ClientLeft, WebSocketDisconnect):
        return
    except AppError as error:
        await _part(socket, error)
    except Exception:
        log.exception("a stream failed")
        await _part(socket, InternalError("Internal server error"))
    else:
        await socket.close(NORMAL)


async def _part(socket: AnySocket, error: AppError) -> None:
    with suppress(WebSocketDisconnect):
        await socket.send_json(failure("StreamError", error.message))
        await socket.close(close_code(error), error.message[:100])
