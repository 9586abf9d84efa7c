"""`/tts/stream` over a real socket, with an engine that makes tones."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from litestar import Litestar, WebSocket, websocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from app import server
from app.api import sockets
from app.api.asgi import Receive, Scope, Send
from app.api.gateway import tts_session
from app.api.gateway.tts_session import SpeakSession
from app.core.settings import load
from app.tts.domain import MOST_CHARACTERS
from app.tts.service import SpeakingService
from tests.unit.api.live_sockets import CountingMeter, OpenSockets
from tests.unit.tts.doubles import WORD_S, WORD_SAMPLES, ToneEngine, service_of, small_executor

WORD_BYTES = 2 * WORD_SAMPLES
Message = dict[str, Any]


@dataclass(frozen=True)
class Place:
    url: str
    engine: ToneEngine
    speaking: SpeakingService
    meter: CountingMeter
    open_sockets: OpenSockets

    def open(self) -> connect:
        return connect(self.url, max_queue=None)


@pytest.fixture
async def place() -> AsyncGenerator[Place]:
    engine, meter, open_sockets = ToneEngine(), CountingMeter(owner=UUID(int=7)), OpenSockets()
    executor = small_executor()
    speaking = service_of(engine, executor)
    settings = load({"PARLEY_PORT": "0"}).server
    listening = server.listen(settings)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        app = application(speaking, meter, open_sockets)
        group.create_task(server.serve(app, listening, settings, stop))
        host, port = listening[0].address
        try:
            yield Place(f"ws://{host}:{port}/tts/stream", engine, speaking, meter, open_sockets)
        finally:
            engine.gate.set()
            stop.set()
    await executor.close()


def application(speaking: SpeakingService, meter: CountingMeter, open_sockets: OpenSockets) -> Any:
    @websocket("/tts/stream")
    async def stream(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        await SpeakSession(socket, speaking, meter).serve()

    app: Any = Litestar(route_handlers=[stream], openapi_config=None, logging_config=None)

    async def counted(scope: Scope, receive: Receive, send: Send) -> None:
        with open_sockets:
            await app(scope, receive, send)

    return counted


async def send(socket: ClientConnection, kind: str, **fields: Any) -> None:
    await socket.send(json.dumps({"type": kind, **fields}))


async def answer(socket: ClientConnection) -> tuple[int, list[Message]]:
    """To one text: the bytes of sound, and the messages, `done` the last."""
    sound, messages = 0, []
    async with asyncio.timeout(10):
        while not messages or messages[-1]["type"] != "done":
            message = await socket.recv()
            if isinstance(message, bytes):
                sound += len(message)
            else:
                messages.append(json.loads(message))
    return sound, messages


async def told(socket: ClientConnection) -> Message:
    async with asyncio.timeout(10):
        return json.loads(await socket.recv())


@asynccontextmanager
async def closing(place: Place) -> AsyncGenerator[ClientConnection]:
    """And nothing is held afterwards."""
    async with place.open() as socket:
        yield socket
    async with asyncio.timeout(10):
        await place.open_sockets.none.wait()
    assert place.speaking.speaking == 0
    assert place.engine.ended == len(place.engine.begun)
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not names & {"speak on a socket", "say a text"}


@pytest.mark.inventory(
    "WH-215", "WH-216", "WH-217", "WH-224", "WH-225", "WH-226", "WH-228", "WH-229"
)
async def test_texts_are_said_in_their_order_and_each_is_done(place: Place) -> None:
    async with closing(place) as socket:
        await send(socket, "config", voice="am_adam")
        await send(socket, "speak", text="One two three.")
        await send(socket, "speak", text="Four.")
        assert await answer(socket) == (3 * WORD_BYTES, [{"type": "done"}])
        assert await answer(socket) == (WORD_BYTES, [{"type": "done"}])
    assert [text for text, _ in place.engine.begun] == ["One two three", "Four"]
    assert {manner.voice for _, manner in place.engine.begun} == {"am_adam"}
    assert place.meter.counted_s == pytest.approx(4 * WORD_S)
    assert place.meter.counted_characters == len("One two three.Four.")


async def test_without_a_config_the_usual_voice_speaks(place: Place) -> None:
    async with closing(place) as socket:
        await send(socket, "SPEAK", text="Hello")
        assert (await answer(socket))[0] == WORD_BYTES
    assert place.engine.begun[0][1].voice == "af_heart"


@pytest.mark.inventory("WH-216", "WH-227")
async def test_a_config_holds_for_what_is_sent_after_it(place: Place) -> None:
    place.engine.gate.clear()
    async with closing(place) as socket:
        await send(socket, "config", voice="tara", speed=1.5)
        await send(socket, "speak", text="One")
        await send(socket, "speak", text="Two", instruct="slowly")
        await send(socket, "config", voice="bf_emma")
        await send(socket, "speak", text="Three")
        await place.engine.waiting.wait()
        place.engine.gate.set()
        for _ in range(3):
            await answer(socket)
    spoken = dict(place.engine.begun)
    assert spoken["One"].voice == spoken["Two"].voice == "af_heart"
    assert [spoken[text].instruct for text in ("One", "Two", "Three")] == ["", "slowly", ""]
    assert (spoken["Three"].voice, spoken["Three"].language) == ("bf_emma", "en-gb")
    assert spoken["Three"].speed == 1.5


async def test_the_times_of_words_come_before_their_sound_where_they_are_asked_for(
    place: Place,
) -> None:
    async with closing(place) as socket:
        await send(socket, "config", word_times=True)
        await send(socket, "speak", text="Well, then")
        first = await told(socket)
        assert first == {
            "type": "words",
            "words": [
                {
                    "word": "Well,",
                    "start": 0.0,
                    "end": 0.1,
                    "char_start": 0,
                    "char_end": 5,
                    "phonemes": [{"phoneme": "a", "start": 0.0, "end": 0.1}],
                }
            ],
        }
        sound, messages = await answer(socket)
    assert sound == 2 * WORD_BYTES
    assert messages[0]["words"][0]["start"] == 0.1


async def test_no_message_of_sound_is_longer_than_half_a_second(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tts_session, "FRAME_SAMPLES", 1000)
    async with closing(place) as socket:
        await send(socket, "speak", text="One")
        sizes = [len(await socket.recv()) for _ in range(3)]
        assert sizes == [2000, 2000, 800]
        assert await told(socket) == {"type": "done"}


NONSENSE = {
    "{": ("invalid_input", None),
    "[1]": ("invalid_input", None),
    "[" * 50_000: ("invalid_input", None),
    "{}": ("invalid_input", None),
    '{"type": 1}': ("invalid_input", None),
    '{"type": "dance"}': ("invalid_input", "type"),
    '{"type": "config", "voice": "zz_nobody"}': ("voice_unknown", "voice"),
    '{"type": "config", "voice": 5}': ("option_invalid", "voice"),
    '{"type": "config", "language": "klingon"}': ("language_unknown", "language"),
    '{"type": "config", "speed": 3}': ("option_invalid", "speed"),
    '{"type": "config", "speed": 1e400}': ("invalid_input", None),
    '{"type": "config", "top_k": 201}': ("option_invalid", "top_k"),
    '{"type": "config", "temperature": -1}': ("option_invalid", "temperature"),
    '{"type": "config", "exaggeration": "much"}': ("option_invalid", "exaggeration"),
    '{"type": "config", "word_times": "perhaps"}': ("option_invalid", "word_times"),
}


async def test_nonsense_is_named_and_changes_nothing(place: Place) -> None:
    async with closing(place) as socket:
        for sent, (code, field) in NONSENSE.items():
            await socket.send(sent)
            error = await told(socket)
            assert error["type"] == "error", sent[:60]
            assert (error["code"], error.get("field")) == (code, field), sent[:60]
        await socket.send(b"\x00\x01")
        assert (await told(socket))["code"] == "invalid_input"
        await send(socket, "speak", text="Still")
        assert await answer(socket) == (WORD_BYTES, [{"type": "done"}])
    assert place.engine.begun[0][1].voice == "af_heart"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "option_invalid"),
        ({"text": None}, "option_invalid"),
        ({"text": 5}, "option_invalid"),
        ({"text": ""}, "text_empty"),
        ({"text": " \n "}, "text_empty"),
        ({"text": "* *"}, "text_empty"),
        ({"text": "x" * 100_000}, "text_too_long"),
        ({"text": "Hi", "instruct": "x" * 501}, "option_invalid"),
    ],
)
async def test_a_text_that_cannot_be_said_is_answered_too(
    place: Place, fields: Message, code: str
) -> None:
    """The client of the documents waits for `done`, whatever happens."""
    async with closing(place) as socket:
        await send(socket, "speak", **fields)
        await send(socket, "speak", text="Good")
        sound, (error, done) = await answer(socket)
        assert sound == 0
        assert (error["type"], error["code"]) == ("error", code)
        assert error["field"] in ("text", "instruct")
        assert done == {"type": "done", "failed": True}
        assert await answer(socket) == (WORD_BYTES, [{"type": "done"}])
    if code == "text_too_long":
        assert error["limit"] == MOST_CHARACTERS


async def test_a_cancel_stops_what_is_said_and_what_waits(place: Place) -> None:
    async with closing(place) as socket:
        await send(socket, "speak", text="One two three. " * 20)
        await send(socket, "speak", text="Never")
        assert isinstance(await socket.recv(), bytes)
        place.engine.gate.clear()
        await send(socket, "cancel")
        await send(socket, "speak", text="After")
        sound, messages = await answer(socket)
        assert messages == [{"type": "done", "cancelled": True}]
        assert sound < 59 * WORD_BYTES
        assert await answer(socket) == (0, [{"type": "done", "cancelled": True}])
        place.engine.gate.set()
        assert await answer(socket) == (WORD_BYTES, [{"type": "done"}])
        await send(socket, "cancel")
        await send(socket, "speak", text="Later")
        assert await answer(socket) == (WORD_BYTES, [{"type": "done"}])
    assert "Never" not in [text for text, _ in place.engine.begun]


async def test_who_hangs_up_stops_the_work(place: Place) -> None:
    async with closing(place) as socket:
        await send(socket, "speak", text="One two three. " * 20)
        assert isinstance(await socket.recv(), bytes)
        place.engine.gate.clear()
        socket.transport.abort()


async def test_where_there_is_no_room_that_is_said(place: Place) -> None:
    place.engine.gate.clear()
    async with place.open() as one, place.open() as other, place.open() as third:
        for socket in (one, other):
            await send(socket, "speak", text="Slow")
        async with asyncio.timeout(10):
            for _ in range(2):
                await place.engine.at_gate.acquire()
        await send(third, "speak", text="Too many")
        _, (error, done) = await answer(third)
        assert (error["code"], error["retry_after_s"]) == ("speakers_busy", 2)
        assert done == {"type": "done", "failed": True}
        place.engine.gate.set()
        await answer(one)
        await send(third, "speak", text="Too many")
        assert await answer(third) == (2 * WORD_BYTES, [{"type": "done"}])


async def test_what_breaks_in_us_is_not_told_and_the_socket_lives(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.engine.fails_at["two"] = RuntimeError("secret")
    async with place.open() as socket:
        await send(socket, "speak", text="One two")
        sound, messages = await answer(socket)
        assert sound == WORD_BYTES
        assert messages[0]["code"] == "internal_error"
        assert "secret" not in messages[0]["message"]
        await send(socket, "speak", text="Three")
        assert await answer(socket) == (WORD_BYTES, [{"type": "done"}])
    assert "secret" in caplog.text


async def test_a_used_up_quota_is_told(place: Place) -> None:
    place.meter.most_s = 0
    async with closing(place) as socket:
        await send(socket, "speak", text="One")
        _, (error, done) = await answer(socket)
        assert error["message"] == place.meter.refusal
        assert done["failed"] is True


async def test_what_changes_nothing_is_told_once(place: Place) -> None:
    async with closing(place) as socket:
        for _ in range(2):
            await send(socket, "config", temperature=1.0, unheard_of={"a": 1}, voice="af_heart")
        warning = await told(socket)
        assert warning["type"] == "warning"
        assert [each["option"] for each in warning["not_applied"]] == ["temperature", "unheard_of"]
        await send(socket, "speak", text="One")
        assert await answer(socket) == (WORD_BYTES, [{"type": "done"}])


@pytest.mark.parametrize("frame", [bytes(1024 * 1024 + 1), "x" * (1024 * 1024 + 1)])
async def test_a_frame_that_is_too_large_ends_the_session(place: Place, frame: bytes | str) -> None:
    async with closing(place) as socket:
        await socket.send(frame)
        assert (await told(socket))["message"] == "Frame too large"
        assert await closed(socket) == 1009


async def closed(socket: ClientConnection) -> int | None:
    async with asyncio.timeout(10):
        with pytest.raises(ConnectionClosed) as ended:
            while True:
                await socket.recv()
    return ended.value.rcvd and ended.value.rcvd.code


async def test_more_texts_than_may_wait_end_the_session(place: Place) -> None:
    place.engine.gate.clear()
    async with closing(place) as socket:
        for _ in range(tts_session.MOST_WAITING + 2):
            await send(socket, "speak", text="One")
        assert (await told(socket))["code"] == "unavailable"
        assert await closed(socket) == 1013


async def test_a_client_that_says_nothing_is_let_go_when_all_is_said(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tts_session, "IDLE_S", 0.1)
    async with closing(place) as socket:
        place.engine.gate.clear()
        await send(socket, "speak", text="One")
        await asyncio.sleep(0.5)
        place.engine.gate.set()
        assert (await answer(socket))[0] == WORD_BYTES
        assert await closed(socket) == 1000


async def test_a_client_that_takes_nothing_is_let_go(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "SENDING_S", 0.3)
    async with connect(place.url, max_queue=1) as socket:
        for _ in range(20):
            await send(socket, "speak", text="One two three. " * 1000)
        async with asyncio.timeout(30):
            await place.engine.waiting.wait()
            await place.open_sockets.none.wait()
    assert place.speaking.speaking == 0
    assert place.engine.ended == len(place.engine.begun)
