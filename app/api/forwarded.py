"""Takes the client and the scheme of a request from the proxy in front, where that is trusted."""

from app.api.asgi import AsgiApp, Receive, Scope, Send
from app.core.proxies import TrustedProxies

_SCHEMES = {
    "http": {b"http": "http", b"https": "https"},
    "websocket": {b"http": "ws", b"https": "wss"},
}


class Forwarded:
    def __init__(self, app: AsgiApp, proxies: TrustedProxies) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        if client and self._proxies.trust(client[0]):
            scope["client"] = (self._client(client[0], scope), 0)
            scope["scheme"] = _scheme(scope)
        await self._app(scope, receive, send)

    def _client(self, peer: str, scope: Scope) -> str:
        forwarded = [
            value.decode("latin-1")
            for name, value in scope["headers"]
            if name == b"x-forwarded-for"
        ]
        return self._proxies.client_behind(peer, forwarded)


def _scheme(scope: Scope) -> str:
    scheme: str = scope["scheme"]
    for name, value in scope["headers"]:
        if name == b"x-forwarded-proto":
            scheme = _SCHEMES[scope["type"]].get(value.strip().lower(), scheme)
    return scheme
