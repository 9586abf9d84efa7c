"""Telephone calls as Twilio's Media Streams bring them: `/ws/twilio`."""

import logging
from contextlib import suppress
from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency

from app.api.leaving import ClientLeft
from app.api.sockets import (
    FAILED,
    LARGEST_FRAME_BYTES,
    NORMAL,
    NOT_ALLOWED,
    AnySocket,
    Message,
    close,
    delivered,
)
from app.calls.telephony.tickets import TicketRefused
from app.core.errors import AppError
from app.runtime import Runtime

log = logging.getLogger(__name__)


@websocket("/ws/twilio")
async def twilio_stream(
    socket: WebSocket[Any, Any, Any], runtime: NamedDependency[Runtime]
) -> None:
    """Who may open it is known once Twilio has told the parameters of the TwiML: a ticket is one of
    them."""
    await socket.accept()
    wire = SocketWire(socket)
    code = FAILED
    try:
        await runtime.calling.phone.streams.carry(wire)
        code = NORMAL
    except TicketRefused:
        code = NOT_ALLOWED
    except AppError as error:
        log.warning("a telephone call ended: %s", error.code)
    except Exception:
        log.exception("a telephone call failed")
    finally:
        await wire.close(code)


class SocketWire:
    """A `Wire`."""

    def __init__(self, socket: AnySocket) -> None:
        self._socket = socket
        self._is_open = True

    async def receive(self) -> str | None:
        while True:
            message: Message = dict(await self._socket.receive())
            if message["type"] == "websocket.disconnect":
                self._is_open = False
                return None
            text: str | None = message.get("text")
            if text is not None and len(text) <= LARGEST_FRAME_BYTES:
                return text

    async def send(self, text: str) -> None:
        try:
            await delivered(self._socket.send_text(text))
        except ClientLeft as error:
            self._is_open = False
            raise ConnectionResetError from error

    async def close(self, code: int = NORMAL) -> None:
        if self._is_open:
            self._is_open = False
            with suppress(ClientLeft):
                await close(self._socket, code)
