"""A real server of the live APIs whose recognition does as a test says. Loud sound is speech."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from typing import Any, cast
from uuid import UUID

import numpy as np
from litestar import Litestar, WebSocket, websocket
from litestar.di import Provide
from websockets.asyncio.client import ClientConnection, connect

from app import server
from app.api.asgi import Receive, Scope, Send
from app.api.compat.deepgram_live import listen_live
from app.api.gateway.stream_session import StreamSession
from app.asr.catalogue import Catalogue
from app.asr.live import StreamOptions
from app.asr.recognition import SAMPLE_RATE, Hypothesis, Recognition, Word
from app.asr.streaming import StreamService
from app.asr.text.words import Word as SpokenWord
from app.asr.transcriber import Asked
from app.asr.utterances import write
from app.core.audio.convert import Samples
from app.core.errors import RateLimited
from app.core.settings import load
from app.runtime import Runtime

FRAME = 512


class LoudnessGate:
    """In the place of the detector of speech."""

    def __init__(self) -> None:
        self._rest: Samples = np.zeros(0, np.float32)

    async def push(self, samples: Samples) -> list[float]:
        await asyncio.sleep(0)
        heard = np.concatenate((self._rest, samples))
        whole = heard.size - heard.size % FRAME
        self._rest = heard[whole:]
        frames = heard[:whole].reshape(-1, FRAME)
        return [float(np.max(np.abs(frame)) > 0.1) for frame in frames]


class Detectors:
    @asynccontextmanager
    async def listen(self, _: object) -> AsyncGenerator[LoudnessGate]:
        yield LoudnessGate()


class ScriptedStreams(StreamService):
    """`says` is what each sentence is, or what goes wrong; `gate` is waited for before."""

    def __init__(self, *, most_streams: int = 50) -> None:
        nothing: Any = None
        super().__init__(
            nothing, nothing, cast("Any", Detectors()), Catalogue("en-tiny"),
            most_streams=most_streams,
        )  # fmt: skip
        self.says: str | Exception = "hello"
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()
        self.cancelled = asyncio.Event()

    @asynccontextmanager
    async def holding(self, model: Any) -> AsyncGenerator[None]:
        del model
        yield

    async def recognize(self, sound: Samples, asked: Asked, *, is_final: bool) -> Recognition:
        del asked, is_final
        self.begun.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        if isinstance(self.says, Exception):
            raise self.says
        end_s = sound.size / SAMPLE_RATE
        word = Word(self.says, 0.0, end_s, 1.0)
        return Recognition((Hypothesis(self.says, 0.0, (word,)),), "en", 1.0, 0.0)

    async def write(
        self, words: Sequence[SpokenWord], language: str, options: StreamOptions
    ) -> list[SpokenWord]:
        return write(words, language, options)


@dataclass
class CountingMeter:
    counted_s: float = 0.0
    counted_characters: int = 0
    most_s: float = float("inf")
    refusal: str = "No audio is left this month"
    owner: UUID | None = None

    def count(self, seconds: float, *, characters: int = 0) -> None:
        self.counted_s += seconds
        self.counted_characters += characters

    async def admit(self) -> None:
        if self.counted_s >= self.most_s:
            raise RateLimited(self.refusal)


class OpenSockets:
    def __init__(self) -> None:
        self._count = 0
        self.none = asyncio.Event()

    def __enter__(self) -> None:
        self._count += 1
        self.none.clear()

    def __exit__(self, *_: object) -> None:
        self._count -= 1
        if not self._count:
            self.none.set()


@dataclass(frozen=True)
class Place:
    url: str
    streams: ScriptedStreams
    meter: CountingMeter
    open_sockets: OpenSockets
    stop: asyncio.Event
    running: asyncio.Task[None]

    def stream(self, **options: Any) -> connect:
        return connect(f"{self.url}/asr/stream", max_queue=None, **options)

    def listen(self, query: str = "", **options: Any) -> connect:
        return connect(f"{self.url}/v1/listen?{query}", max_queue=None, **options)


@asynccontextmanager
async def serving(*, most_streams: int = 50) -> AsyncGenerator[Place]:
    streams, meter = ScriptedStreams(most_streams=most_streams), CountingMeter()
    settings = load({"PARLEY_PORT": "0"}).server
    listening = server.listen(settings)
    stop = asyncio.Event()
    async with streams, asyncio.TaskGroup() as group:
        open_sockets = OpenSockets()
        app = application(streams, meter, open_sockets)
        running = group.create_task(server.serve(app, listening, settings, stop))
        host, port = listening[0].address
        try:
            yield Place(f"ws://{host}:{port}", streams, meter, open_sockets, stop, running)
        finally:
            streams.gate.set()
            stop.set()


def application(
    streams: StreamService, meter: CountingMeter, open_sockets: OpenSockets
) -> Callable[[Scope, Receive, Send], Any]:
    @websocket("/asr/stream")
    async def stream(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        await StreamSession(socket, streams, meter).serve()

    nothing = dict.fromkeys(field.name for field in fields(Runtime))
    runtime = Runtime(**cast("dict[str, Any]", nothing | {"streams": streams}))
    app = Litestar(
        route_handlers=[stream, listen_live],
        dependencies={"runtime": Provide(lambda: runtime, sync_to_thread=False)},
        openapi_config=None,
        logging_config=None,
    )

    async def as_on_a_development_port(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {}).update(tokenless=True, request_id="r-1")
        with open_sockets:
            await app(cast("Any", scope), cast("Any", receive), cast("Any", send))

    return as_on_a_development_port


def speech(seconds: float) -> bytes:
    times = np.arange(round(seconds * SAMPLE_RATE))
    return (20_000 * np.sin(times / 5)).astype("<i2").tobytes()


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * SAMPLE_RATE))


async def say(socket: ClientConnection, sentences: Sequence[float]) -> None:
    for seconds in sentences:
        await socket.send(speech(seconds) + silence(0.6))
