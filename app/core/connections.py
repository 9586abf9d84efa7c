"""Connections of clients who begin and do not go on, or send without an end: none of them is kept
for ever, or costs memory without bounds."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

PATIENCE_S = 60.0
"""Who is to send a request, or more of one, or to take more of an answer, has so long for it."""
LOOK_S = 10.0
MOST_HEAD_BYTES = 64 * 1024
LEAST_TAKEN_BYTES = 64 * 1024
"""Of an answer that waits: who takes less of it goes on too little."""


class HttpConnection(HttpToolsProtocol):
    """uvicorn waits for ever for a head, for a body and for who reads, and keeps a head of any
    size."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._since_s = 0.0
        """When the client last did what it is waited for."""
        self._untaken_bytes = 0
        """So much of an answer waited for it then."""
        self._head_bytes = 0
        self._next_look: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._went_on()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._look_no_more()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self._look_no_more()
        super().handle_websocket_upgrade()

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > MOST_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_headers_complete(self) -> None:
        self._head_bytes = 0
        self._went_on()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        self._went_on()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._went_on()
        super().on_response_complete()

    def pause_writing(self) -> None:
        self._went_on()
        super().pause_writing()

    def _went_on(self) -> None:
        self._since_s = self.loop.time()
        self._untaken_bytes = self.transport.get_write_buffer_size()

    def _look(self) -> None:
        taken_bytes = self._untaken_bytes - self.transport.get_write_buffer_size()
        if taken_bytes >= LEAST_TAKEN_BYTES or not self._is_client_waited_for():
            self._went_on()
        elif self.loop.time() - self._since_s > PATIENCE_S:
            self.transport.abort()
            return
        self._next_look = self.loop.call_later(LOOK_S, self._look)

    def _is_client_waited_for(self) -> bool:
        request = cast("RequestResponseCycle | None", self.cycle)
        if self.flow.write_paused or request is None or request.response_complete:
            return True
        return request.more_body and not self.flow.read_paused

    def _look_no_more(self) -> None:
        if self._next_look:
            self._next_look.cancel()


class WebSocketConnection(WebSocketsSansIOProtocol):
    """uvicorn keeps the answer to each ping for who reads none, and each empty piece of a
    message."""

    def handle_ping(self) -> None:
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def handle_cont(self, event: Frame) -> None:
        if event.data or event.fin:
            super().handle_cont(event)
