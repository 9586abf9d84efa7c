"""What every route that speaks does around it: asks the quota, counts what is said, sends the sound
while it is made, and stops where nobody listens any more."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.response.base import ASGIResponse

from app.api.asgi import Receive, Scope, Send
from app.api.leaving import ClientLeft, while_there
from app.runtime import Runtime
from app.tenancy.domain.principals import Principal
from app.tenancy.domain.usage import Amounts
from app.tts.speech import SAMPLE_RATE, Manner, SpeechChunk, TimedWord

AnyRequest = Request[Any, Any, Any]


def owner_of(request: AnyRequest) -> UUID | None:
    """Whose words these are. The development ports ask for no token: nobody's."""
    principal: Principal | None = request.scope["state"].get("principal")
    return principal.org_id if principal else None


async def spoken(
    request: AnyRequest, runtime: Runtime, text: str, manner: Manner
) -> AsyncGenerator[SpeechChunk, None]:
    """Counted as it is made. The development ports ask for no token and count nothing."""
    principal: Principal | None = request.scope["state"].get("principal")
    characters = len(text)
    chunks = runtime.speaking.speak(text, manner, owner=owner_of(request))
    async with aclosing(chunks):
        async for chunk in chunks:
            if principal:
                amounts = Amounts(audio_s=chunk.samples.size / SAMPLE_RATE, characters=characters)
                runtime.usage.add(principal, request.scope["path_template"], amounts)
                characters = 0
            yield chunk


class Said:
    """Notes what is said when, of chunks that pass."""

    def __init__(self, chunks: AsyncGenerator[SpeechChunk, None]) -> None:
        self._chunks = chunks
        self.words: list[TimedWord] = []
        self.samples = 0

    async def chunks(self) -> AsyncGenerator[SpeechChunk, None]:
        async with aclosing(self._chunks):
            async for chunk in self._chunks:
                self.words += chunk.words
                self.samples += chunk.samples.size
                yield chunk


async def all_of(request: AnyRequest, pieces: AsyncGenerator[bytes, None]) -> list[bytes]:
    return await while_there(request, _all_of(pieces))


async def _all_of(pieces: AsyncGenerator[bytes, None]) -> list[bytes]:
    async with aclosing(pieces):
        return [piece async for piece in pieces]


class SoundAsMade(Response[None]):
    """What goes wrong before the first sound is an answer like any other; after it the connection
    breaks, so that nobody takes a part for the whole."""

    def __init__(
        self,
        request: AnyRequest,
        pieces: AsyncGenerator[bytes, None],
        media_type: str,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(None)
        self._request = request
        self._pieces = pieces
        self._headers = {"content-type": media_type, "cache-control": "no-store"} | (headers or {})

    def to_asgi_response(self, *_: object, **__: object) -> ASGIResponse:
        return _SoundAsMade(self._request, self._pieces, self._headers)


class _SoundAsMade(ASGIResponse):
    def __init__(
        self, request: AnyRequest, pieces: AsyncGenerator[bytes, None], headers: dict[str, str]
    ) -> None:
        super().__init__()
        self._request = request
        self._pieces = pieces
        self._told = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        del scope, receive
        with suppress(ClientLeft):
            await while_there(self._request, self._send_all(send))

    async def _send_all(self, send: Send) -> None:
        has_begun = False
        async with aclosing(self._pieces):
            async for piece in self._pieces:
                if not has_begun:
                    has_begun = True
                    start = {"type": "http.response.start", "status": 200, "headers": self._told}
                    await send(start)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
