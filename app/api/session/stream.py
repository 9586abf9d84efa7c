"""A voice session over its WebSocket: `/stream/{session_id}`."""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec
from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.params import FromPath

from app.api.access import admit_socket
from app.api.callers import device_of
from app.api.leaving import ClientLeft
from app.api.session.bodies import error_body
from app.api.sockets import FAILED, NORMAL, AnySocket, Message, close, delivered, refuse
from app.api.tellable import tellable
from app.api.thinking import DEV_PORT
from app.calls.sessions.browsers import Prepared
from app.calls.sessions.domain import CallsRefused
from app.calls.sessions.voice_sessions import VoiceSession
from app.core.clock import utc_now
from app.core.errors import AppError, InternalError
from app.core.scope import OrgScope
from app.realtime.transports.voice_messages import Teller
from app.realtime.transports.voice_socket import VoiceLine
from app.runtime import Runtime
from app.tenancy.domain.principals import Permission

log = logging.getLogger(__name__)

UNAVAILABLE = "Nobody can be heard or answered now; try again later"


@websocket("/stream/{voice_session_id:uuid}")
async def stream(
    socket: WebSocket[Any, Any, Any],
    runtime: NamedDependency[Runtime],
    voice_session_id: FromPath[UUID],
) -> None:
    try:
        scope = await _scope(socket, runtime)
        session, call = await runtime.calling.voice_sessions.prepare(scope, voice_session_id)
    except AppError as error:
        await refuse(socket, error, error_body)
        return
    try:
        await socket.accept()
        await _talk(socket, runtime, session, call)
    finally:
        session.release()


async def _scope(socket: AnySocket, runtime: Runtime) -> OrgScope:
    principal = await admit_socket(socket, Permission.CALL)
    if principal is None:
        return OrgScope(runtime.default_organization, actor=DEV_PORT)
    return device_of(socket).scope(principal.org_id, actor=principal.user_id)


async def _talk(socket: AnySocket, runtime: Runtime, session: VoiceSession, call: Prepared) -> None:
    wire = _Wire(socket, lambda: runtime.calling.voice_sessions.touch(session))
    teller = Teller(str(session.id), utc_now)
    code = FAILED
    try:
        vad = runtime.settings.vad
        async with runtime.speech.listen(vad.backend) as voice:
            line = VoiceLine(wire, teller, voice.push, vad.threshold, session.note)
            session.playout = line.playout
            await line.held(call.hold)
        code = NORMAL
    except AppError as error:
        told = tellable(error, unavailable=UNAVAILABLE, also=(CallsRefused,))
        await wire.part(teller.error(told.message))
    except Exception:
        log.exception("a voice session failed")
        await wire.part(teller.error(InternalError("Internal server error").message))
    finally:
        await wire.close(code)


class _Wire:
    """A `Wire`. `touched` is called for all that comes."""

    def __init__(self, socket: AnySocket, touched: Callable[[], None]) -> None:
        self._socket = socket
        self._touched = touched
        self._is_open = True

    async def receive(self) -> str | bytes | None:
        message: Message = dict(await self._socket.receive())
        if message["type"] == "websocket.disconnect":
            self._is_open = False
            return None
        self._touched()
        text: str | None = message.get("text")
        return message.get("bytes") or b"" if text is None else text

    async def send(self, text: str) -> None:
        try:
            await delivered(self._socket.send_text(text))
        except ClientLeft as error:
            self._is_open = False
            raise ConnectionResetError from error

    async def part(self, message: Message) -> None:
        """The last message, where somebody is still there."""
        if self._is_open:
            with suppress(ConnectionError):
                await self.send(msgspec.json.encode(message).decode())

    async def close(self, code: int) -> None:
        if self._is_open:
            self._is_open = False
            with suppress(ClientLeft):
                await close(self._socket, code)
