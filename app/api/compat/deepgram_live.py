"""Speech to text as Deepgram offers it, live: a WebSocket at /v1/listen."""

from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency

from app.api.callers import TOKEN_PARAMETERS, TOKEN_SCHEMES
from app.api.compat.asked import names_passed_over
from app.api.compat.deepgram_asked import LiveAsked, read_live
from app.api.compat.deepgram_errors import error_body
from app.api.compat.deepgram_messages import Messages
from app.api.compat.deepgram_session import DeepgramSession
from app.api.metering import Meter, metered
from app.api.sockets import AnySocket, refuse
from app.asr.domain import parse_request
from app.asr.live import StreamOptions
from app.core.errors import AppError
from app.runtime import Runtime


@websocket("/v1/listen")
async def listen_live(socket: WebSocket[Any, Any, Any], runtime: NamedDependency[Runtime]) -> None:
    """Hears what comes and tells what is said."""
    try:
        async with metered(socket, runtime) as meter:
            session = _session(socket, runtime, meter)
            await socket.accept(subprotocols=_answered(socket))
            await session.serve()
    except AppError as error:
        await refuse(socket, error, error_body)


def _session(socket: AnySocket, runtime: Runtime, meter: Meter) -> DeepgramSession:
    query = {name: socket.query_params.getall(name) for name in socket.query_params}
    asked = read_live(query)
    options = parse_request(asked.fields(), StreamOptions)
    model = runtime.streams.asked(options).choice.model
    messages = Messages(
        socket.scope["state"]["request_id"],
        asked,
        model,
        passed_over=[
            name for name in names_passed_over(query, LiveAsked) if name not in TOKEN_PARAMETERS
        ],
    )
    return DeepgramSession(socket, runtime.streams, meter, asked, options, messages)


def _answered(socket: AnySocket) -> str | None:
    """A browser that brings its token as a subprotocol leaves where none is chosen."""
    offered: list[str] = socket.scope["subprotocols"]
    return offered[0] if offered and offered[0].lower() in TOKEN_SCHEMES else None
