"""Server-sent events of OpenAI's transcriptions: the text as it becomes final, then the whole."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import msgspec
from litestar import Response
from litestar.response.base import ASGIResponse

from app.api.asgi import Receive, Scope, Send
from app.api.compat.openai_answers import Delta, Done, usage_of
from app.api.compat.openai_errors import error_body
from app.api.live_session import UNAVAILABLE
from app.api.tellable import tellable
from app.asr.domain import Segment, Transcript
from app.asr.text_so_far import TellSegment
from app.asr.utterances import UNSPACED
from app.core.aio import TaskScope

Hear = Callable[[TellSegment], Coroutine[Any, Any, Transcript]]


class SpokenText(Response[None]):
    """What goes wrong before the first event is an answer like any other; after it, an event.
    `opened` is closed at the end."""

    def __init__(self, hear: Hear, opened: AsyncExitStack) -> None:
        super().__init__(None)
        self._hear = hear
        self._opened = opened

    def to_asgi_response(self, *_: object, **__: object) -> ASGIResponse:
        return _SpokenText(self._hear, self._opened)


class _SpokenText(ASGIResponse):
    def __init__(self, hear: Hear, opened: AsyncExitStack) -> None:
        super().__init__()
        self._hear = hear
        self._opened = opened

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        del scope, receive
        events = _Events(send)
        async with self._opened:
            try:
                transcript = await self._speak(events)
            except Exception as error:
                if not events.has_begun:
                    raise
                await events.send(error_body(tellable(error, unavailable=UNAVAILABLE), ""))
            else:
                if transcript.text.startswith(events.text):
                    await events.delta(transcript.text[len(events.text) :])
                await events.send(Done(text=transcript.text, usage=usage_of(transcript)))
        await events.end()

    async def _speak(self, events: "_Events") -> Transcript:
        told: asyncio.Queue[Segment | None] = asyncio.Queue()
        async with TaskScope() as scope:
            hearing = scope.spawn("hear a recording", self._hear(told.put_nowait))
            hearing.add_done_callback(lambda _: told.put_nowait(None))
            while segment := await told.get():
                space = " " if events.text and segment.language not in UNSPACED else ""
                await events.delta(space + segment.text)
        return hearing.result()


class _Events:
    def __init__(self, send: Send) -> None:
        self._send = send
        self.has_begun = False
        self.text = ""
        """What was told of it."""

    async def delta(self, text: str) -> None:
        if text:
            self.text += text
            await self.send(Delta(delta=text))

    async def send(self, event: Any) -> None:
        if not self.has_begun:
            self.has_begun = True
            headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
            await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        data = b"data: " + msgspec.json.encode(event) + b"\n\n"
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
