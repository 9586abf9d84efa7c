"""The ports of the public documentation, for development: each shows one service at bare paths.

Open on the loopback address only, and without tokens, as documented.
"""

from dataclasses import dataclass

from app.api.asgi import AsgiApp, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class DevPort:
    port: int
    service: str
    prefix: str


DEV_PORTS = (
    DevPort(8001, "ASR", "/asr"),
    DevPort(8002, "video", "/video"),
    DevPort(8003, "TTS", "/tts"),
    DevPort(8000, "calls", "/bot"),
    DevPort(8765, "agent", "/agent"),
    DevPort(7030, "sessions", ""),
)


class DevPortApp:
    """The same application, seen from one of its services."""

    def __init__(self, app: AsgiApp, dev_port: DevPort) -> None:
        self._app = app
        self._prefix = dev_port.prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope["path"] = self._prefix + scope["path"]
            scope["raw_path"] = self._prefix.encode() + scope["raw_path"]
            scope.setdefault("state", {})["tokenless"] = True
        await self._app(scope, receive, send)
