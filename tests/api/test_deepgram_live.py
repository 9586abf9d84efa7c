"""The official client of Deepgram, pointed at us: live."""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import httpx
import numpy as np
import pytest
from deepgram import AsyncDeepgramClient
from deepgram.core.api_error import ApiError
from deepgram.listen.v1.types import ListenV1Configure
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.core.audio.convert import int16_from_float
from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.audio.g711 import encode_mulaw
from tests.api.conftest import LiveServer
from tests.api.deepgram_client import client_of_deepgram
from tests.api.recordings import SHORT

# The client asks the library websockets for names that this has renamed.
pytestmark = pytest.mark.filterwarnings("ignore:websockets:DeprecationWarning")

SAID = "in being comparatively modern"
NO_LIMITS = DecodeLimits(max_duration_s=1e6, deadline_s=1e6)


@pytest.fixture
async def deepgram(server: LiveServer) -> AsyncGenerator[AsyncDeepgramClient]:
    async with client_of_deepgram(server, server.token) as client:
        yield client


def pcm(rate: int = 16000) -> bytes:
    return int16_from_float(decode_audio(SHORT, sample_rate=rate, limits=NO_LIMITS)).tobytes()


def silence(seconds: float, rate: int = 16000) -> bytes:
    return bytes(2 * round(seconds * rate))


def frames(sound: bytes) -> Iterator[bytes]:
    return (sound[at : at + 3200] for at in range(0, len(sound), 3200))


async def say(socket: Any, sound: bytes) -> None:
    for frame in frames(sound):
        await socket.send_media(frame)


async def rest(socket: Any) -> list[Any]:
    """Everything until the server closes."""
    await socket.send_close_stream()
    return [message async for message in socket]


def of_type(messages: list[Any], kind: str) -> list[Any]:
    return [each for each in messages if each.type == kind]


def finals(messages: list[Any]) -> list[Any]:
    return [each for each in of_type(messages, "Results") if each.is_final]


def best(result: Any) -> Any:
    return result.channel.alternatives[0]


@asynccontextmanager
async def plain_socket(server: LiveServer, query: str, **options: Any) -> AsyncGenerator[Any]:
    url = f"{server.url.replace('http', 'ws')}/v1/listen?{query}"
    async with connect(url, **options) as socket:
        yield socket


def token_of(server: LiveServer) -> dict[str, str]:
    return {"Authorization": f"Token {server.token}"}


async def test_what_is_said_live(deepgram: AsyncDeepgramClient) -> None:
    options: dict[str, Any] = {"interim_results": "true", "vad_events": "true"}
    async with deepgram.listen.v1.connect(
        model="nova-3", encoding="linear16", sample_rate="16000", **options
    ) as socket:
        await say(socket, pcm())
        messages: list[Any] = []
        async with asyncio.timeout(60):
            while not of_type(messages, "Results"):  # somebody speaks on as this is shown
                messages.append(await socket.recv())
        await say(socket, silence(1))
        messages += await rest(socket)
    sound = pcm() + silence(1)
    assert messages[0].type == "SpeechStarted"
    (final,) = finals(messages)
    assert best(final).transcript == SAID
    assert final.speech_final
    assert not final.from_finalize
    words = best(final).words
    assert [word.word for word in words] == SAID.split()
    assert all(one.end <= other.start + 0.05 for one, other in pairwise(words))
    assert final.start <= words[0].start < final.start + final.duration
    interims = [each for each in of_type(messages, "Results") if not each.is_final]
    assert interims
    assert not any(each.speech_final for each in interims)
    assert messages[-1].type == "Metadata"
    assert messages[-1].duration == pytest.approx(len(sound) / 32000, abs=0.01)
    assert messages[-1].sha256 == hashlib.sha256(sound).hexdigest()
    assert messages[-1].request_id == final.metadata.request_id


async def test_no_interims_where_nobody_asks_for_them(deepgram: AsyncDeepgramClient) -> None:
    async with deepgram.listen.v1.connect(model="nova-3", encoding="linear16") as socket:
        await say(socket, pcm() + silence(1))
        messages = await rest(socket)
    assert [each.type for each in messages] == ["Results", "Metadata"]


async def test_two_utterances_and_their_ends(deepgram: AsyncDeepgramClient) -> None:
    options: dict[str, Any] = {"utterance_end_ms": "1000", "punctuate": "true"}
    async with deepgram.listen.v1.connect(
        model="en-tiny", encoding="linear16", endpointing="300", **options
    ) as socket:
        await say(socket, pcm() + silence(2) + pcm() + silence(2))
        messages = await rest(socket)
    kinds = [each.type for each in messages]
    assert kinds == ["Results", "UtteranceEnd", "Results", "UtteranceEnd", "Metadata"]
    first, second = finals(messages)
    assert best(first).transcript == f"{SAID}."
    assert best(second).words[0].start > best(first).words[-1].end + 1.5
    ends = [each.last_word_end for each in of_type(messages, "UtteranceEnd")]
    assert ends == [best(first).words[-1].end, best(second).words[-1].end]


async def test_finalize_ends_what_is_said_at_once(deepgram: AsyncDeepgramClient) -> None:
    async with deepgram.listen.v1.connect(model="en-tiny", encoding="linear16") as socket:
        await say(socket, pcm())
        await socket.send_keep_alive()
        await socket.send_finalize()
        async with asyncio.timeout(60):
            answer: Any = await socket.recv()
        assert answer.from_finalize
        assert answer.is_final
        assert best(answer).transcript == SAID
        await socket.send_finalize()
        async with asyncio.timeout(60):
            empty: Any = await socket.recv()
        assert empty.from_finalize
        assert best(empty).transcript == ""
        await say(socket, pcm())
        (final,) = finals(await rest(socket))
        assert best(final).transcript == SAID


async def test_telephone_sound(deepgram: AsyncDeepgramClient) -> None:
    sound = encode_mulaw(np.frombuffer(pcm(8000) + silence(1, 8000), "<i2"))
    async with deepgram.listen.v1.connect(
        model="nova-3-phonecall", encoding="mulaw", sample_rate="8000", language="en-US"
    ) as socket:
        await say(socket, sound)
        (final,) = finals(await rest(socket))
    assert "modern" in best(final).transcript


async def test_speakers(deepgram: AsyncDeepgramClient) -> None:
    options: dict[str, Any] = {"diarize": "true"}
    async with deepgram.listen.v1.connect(
        model="en-tiny", encoding="linear16", **options
    ) as socket:
        await say(socket, pcm() + silence(1))
        (final,) = finals(await rest(socket))
    assert {word.speaker for word in best(final).words} == {0}


async def test_it_can_be_configured_on_the_way(deepgram: AsyncDeepgramClient) -> None:
    async with deepgram.listen.v1.connect(model="en-tiny", encoding="linear16") as socket:
        await socket.send_configure(
            ListenV1Configure(keyterms=["modern"], features={"punctuate": True})
        )
        done: Any = await socket.recv()
        assert done.type == "ConfigureSuccess"
        assert done.keyterms == ["modern"]
        await say(socket, pcm() + silence(1))
        (final,) = finals(await rest(socket))
    assert best(final).transcript.lower() == f"{SAID}."


async def test_keyterms_that_are_too_many_change_nothing(deepgram: AsyncDeepgramClient) -> None:
    async with deepgram.listen.v1.connect(model="en-tiny", encoding="linear16") as socket:
        await socket.send_configure(ListenV1Configure(keyterms=["word"] * 9 + ["x" * 101]))
        refused: Any = await socket.recv()
        assert refused.type == "ConfigureFailure"
        assert "hotwords" in refused.description
        await say(socket, pcm() + silence(1))
        (final,) = finals(await rest(socket))
    assert best(final).transcript == SAID


async def test_a_wrong_key_is_refused(server: LiveServer) -> None:
    async with client_of_deepgram(server, "wh_wrong") as stranger:
        with pytest.raises(ApiError) as refused:
            async with stranger.listen.v1.connect(model="nova-3"):
                pass
    assert refused.value.status_code == 401


@pytest.mark.parametrize("scheme", ["token", "bearer"])
async def test_a_browser_brings_its_token_as_a_subprotocol(server: LiveServer, scheme: str) -> None:
    offered = [scheme, server.token]
    async with plain_socket(server, "model=en-tiny", subprotocols=offered) as socket:
        assert socket.subprotocol == scheme
        await socket.send('{"type": "CloseStream"}')
        assert json.loads(await socket.recv())["type"] == "Metadata"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd
    assert closed.value.rcvd.code == 1000


@pytest.mark.parametrize(
    "query",
    [
        "model=no-such-model",
        "model=en-tiny&language=hi",
        "model=nova-3&encoding=opus",
        "model=nova-3&sample_rate=7",
        "model=nova-3&channels=2",
        "model=nova-3&utterance_end_ms=5",
        "model=nova-3&endpointing=soon",
        "model=nova-3&multichannel=true",
        "model=nova-3&callback=wss://example.com",
    ],
)
async def test_what_is_not_there_is_refused_before_it_begins(
    server: LiveServer, query: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with plain_socket(server, query, additional_headers=token_of(server)):
            pass
    answer = refused.value.response
    assert answer.status_code == 400
    said = json.loads(answer.body or b"")
    assert set(said) == {"err_code", "err_msg", "request_id"}
    assert query.split("&")[-1].split("=")[0] in said["err_msg"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type": 7}', '{"type": "Dance"}', "[" * 5000])
async def test_a_message_that_is_none_is_said_and_harms_nothing(
    server: LiveServer, text: str
) -> None:
    async with plain_socket(
        server, "model=en-tiny&encoding=linear16", additional_headers=token_of(server)
    ) as socket:
        await socket.send(text)
        error = json.loads(await socket.recv())
        assert error["type"] == "Error"
        assert error["variant"] == "SchemaError"
        for frame in frames(pcm()):
            await socket.send(frame)
        await socket.send('{"type": "CloseStream"}')
        final = json.loads(await socket.recv())
    assert final["channel"]["alternatives"][0]["transcript"] == SAID


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (SHORT.read_bytes(), 1008),  # a container: only bare samples are heard live
        (bytes(2 * 1024 * 1024), 1009),
    ],
)
async def test_what_cannot_be_heard_is_said(server: LiveServer, frame: bytes, code: int) -> None:
    async with plain_socket(server, "model=en-tiny", additional_headers=token_of(server)) as socket:
        await socket.send(frame)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                assert json.loads(await socket.recv())["type"] == "Error"
    assert closed.value.rcvd
    assert closed.value.rcvd.code == code


async def test_what_is_heard_is_counted(
    deepgram: AsyncDeepgramClient, admin: httpx.AsyncClient
) -> None:
    async def counted() -> float:
        answer = (await admin.get("/auth/usage/summary")).json()
        return sum(
            each["amounts"]["audio_s"]
            for each in answer["by_user_and_endpoint"]
            if each["endpoint"] == "/v1/listen"
        )

    before_s = await counted()
    async with deepgram.listen.v1.connect(model="en-tiny", encoding="linear16") as socket:
        await say(socket, pcm())
        await rest(socket)
    while await counted() <= before_s:  # it is written every second
        pass
