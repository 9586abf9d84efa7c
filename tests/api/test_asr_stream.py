"""Live recognition over a WebSocket, by clients as the documents show them."""

import asyncio
import json
import struct
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from app.core.audio.convert import int16_from_float
from app.core.audio.decode import DecodeLimits, decode_audio
from tests.api.conftest import LiveServer
from tests.api.open_websockets import open_websockets

SPEECH = Path(__file__).parents[1] / "fixtures" / "speech"
NO_LIMITS = DecodeLimits(max_duration_s=1e6, deadline_s=1e6)
SHORT = "in being comparatively modern"
Message = dict[str, Any]


def plain(text: str) -> str:
    return "".join(each for each in text.lower() if each.isalpha() or each == " ").strip()


def pcm(name: str = "LJ001-0002", rate: int = 16000) -> bytes:
    sound = decode_audio(SPEECH / f"{name}.ogg", sample_rate=rate, limits=NO_LIMITS)
    return int16_from_float(sound).tobytes()


def silence(seconds: float, rate: int = 16000) -> bytes:
    return bytes(2 * round(seconds * rate))


def frames(sound: bytes, rate: int = 16000) -> Iterator[bytes]:
    size = rate // 50 * 2
    return (sound[at : at + size] for at in range(0, len(sound), size))


@asynccontextmanager
async def stream(
    server: LiveServer, path: str = "/asr/stream", **config: Any
) -> AsyncGenerator[ClientConnection]:
    address = f"{server.url.replace('http', 'ws')}{path}?token={server.token}"
    async with connect(address, max_queue=None) as socket:
        if config:
            await socket.send(json.dumps({"type": "config", **config}))
        yield socket


async def say(socket: ClientConnection, sound: bytes, rate: int = 16000) -> None:
    for frame in frames(sound, rate):
        await socket.send(frame)


async def received(socket: ClientConnection) -> list[Message]:
    """Everything until the server closes."""
    return [json.loads(message) async for message in socket]


async def ended(socket: ClientConnection) -> list[Message]:
    await socket.send(json.dumps({"type": "end"}))
    return await received(socket)


async def next_of(socket: ClientConnection, kind: str) -> Message:
    async with asyncio.timeout(60):
        while (message := json.loads(await socket.recv()))["type"] != kind:
            pass
    return message


def finals(messages: list[Message]) -> list[Message]:
    return [each for each in messages if each.get("is_final")]


def text_of(messages: list[Message]) -> str:
    return plain(" ".join(each["text"] for each in finals(messages)))


@pytest.mark.inventory(
    "WH-100", "WH-101", "WH-102", "WH-103", "WH-104", "WH-105", "WH-107", "WH-108", "WH-110",
    "WH-111", "WH-112", "WH-035",
)  # fmt: skip
async def test_the_example_of_the_documents_runs_as_printed(server: LiveServer) -> None:
    config = {
        "sample_rate": 16000,
        "language": "en",
        "model": "en-in-tech-misc",
        "interim_results": True,
    }
    printed: list[str] = []
    async with stream(server, **config) as socket:
        sound = pcm()
        for start in range(0, len(sound), 3200):
            await socket.send(sound[start : start + 3200])
        await socket.send(json.dumps({"type": "end"}))
        async for message in socket:
            data = json.loads(message)
            if data.get("is_final"):
                printed.append(f"FINAL: {data['text']} {data['metadata']['emotion']}")
                assert data["utterance_end"] is True
                assert isinstance(data["process_ms"], int)
            elif data["type"] == "end":
                break
    assert len(printed) == 1
    assert SHORT in plain(printed[0])


@pytest.mark.inventory("WH-106", "WH-109", "EX-016")
async def test_what_is_said_is_shown_while_it_is_said(server: LiveServer) -> None:
    async with stream(server, channel="agent", interim_results=True) as socket:
        for frame in frames(pcm() + silence(1)):
            await socket.send(frame)
            await asyncio.sleep(0.02)
        messages = await ended(socket)
    shown = [each for each in messages if each["type"] == "transcript"]
    interims = [each for each in shown if not each["is_final"]]
    assert len(interims) >= 2
    assert set(interims[0]) == {
        "type", "channel", "text", "is_final", "utterance_end", "stable_text", "audioOffset",
    }  # fmt: skip
    assert {each["channel"] for each in shown} == {"agent"}
    assert not any(each["utterance_end"] for each in interims)
    assert text_of(messages) == SHORT
    stable = [plain(each["stable_text"]) for each in interims]
    assert all(later.startswith(earlier) for earlier, later in pairwise(stable))
    assert text_of(messages).startswith(stable[-1])
    assert messages[-1] == {"type": "end"}


@pytest.mark.inventory("WH-034", "WH-102")
@pytest.mark.parametrize("rate", [8000, 24000, 44100, 48000])
async def test_sound_of_any_rate_is_understood(server: LiveServer, rate: int) -> None:
    async with stream(server, "/listen", sample_rate=rate, interim_results=False) as socket:
        await say(socket, pcm(rate=rate), rate)
        messages = await ended(socket)
    assert [each["type"] for each in messages] == ["transcript", "end"]
    assert text_of(messages) == SHORT


async def test_sound_before_a_config_is_heard_as_the_defaults_say(server: LiveServer) -> None:
    async with stream(server) as socket:
        await say(socket, pcm() + silence(0.6))
        assert plain((await _final(socket))["text"]) == SHORT


async def _final(socket: ClientConnection) -> Message:
    while not (message := await next_of(socket, "transcript"))["is_final"]:
        pass
    return message


@pytest.mark.inventory("EX-010", "WH-113", "WH-115", "WH-116")
async def test_what_real_clients_ask_for_may_change_at_any_time(server: LiveServer) -> None:
    async with stream(server, sample_rate=16000, interim_results=False) as socket:
        await say(socket, pcm() + silence(0.6))
        first = await _final(socket)
        more = {
            "type": "config",
            "sample_rate": 8000,
            "ptt_mode": False,
            "word_timestamps": True,
            "neuropsych_mode": True,
            "speaker_embedding": True,
            "diarize": True,
            "top_k": 3,
            "model": "default",
            "unheard_of": {"a": [1]},
        }
        await socket.send(json.dumps(more))
        await say(socket, pcm(rate=8000) + silence(0.6, 8000), 8000)
        second = await _final(socket)
    assert "words" not in first
    assert plain(second["text"]) == SHORT
    assert [plain(word["word"]) for word in second["words"]] == SHORT.split()
    assert second["words"][0]["start"] > first["end"]
    assert all(word["start"] <= word["end"] for word in second["words"])
    assert len(second["speakerEmbedding"]) == 192
    assert second["speaker"] == "SPEAKER_00"
    assert [part["speaker"] for part in second["segments"]] == ["SPEAKER_00"]
    assert second["metadata"] == second["segments"][0]["metadata"]
    assert set(second["metadata"]) == {
        *("emotion", "behavior", "role", "eval", "age", "gender", "intent"),
    }
    assert second["speech_rate"]["words_per_minute"] > 30
    assert second["speech_rate"]["word_count"] == len(SHORT.split())
    assert len(second["iwi"]) == len(SHORT.split()) - 1
    assert isinstance(second["pauses"], list)


@pytest.mark.inventory("EX-011", "EX-012")
async def test_channels_are_heard_apart_from_each_other(server: LiveServer) -> None:
    """Two people who speak at once, on one socket, a frame of each in turn."""
    one, other = pcm() + silence(2.5), pcm("LJ001-0004")
    async with stream(server, interim_results=False) as socket:
        await socket.send(json.dumps({"type": "keepalive"}))
        for mine, theirs in zip(frames(one), frames(other), strict=False):
            for name, frame in (("microphone", mine), ("system", theirs)):
                await socket.send(json.dumps({"type": "channel", "name": name}))
                await socket.send(frame)
        messages = await ended(socket)
    by_channel = {
        name: text_of([each for each in messages if each.get("channel") == name])
        for name in ("microphone", "system")
    }
    assert by_channel["microphone"] == SHORT
    assert by_channel["system"].startswith("produced the block books")
    assert [each for each in messages if each["type"] == "error"] == []


async def test_a_channel_is_heard_at_the_rate_of_the_config(server: LiveServer) -> None:
    async with stream(server, sample_rate=8000, interim_results=False) as socket:
        await socket.send(json.dumps({"type": "channel", "name": "system"}))
        await say(socket, pcm(rate=8000), 8000)
        messages = await ended(socket)
    assert text_of(messages) == SHORT


@pytest.mark.inventory("EX-014")
async def test_nonsense_is_named_and_changes_nothing(server: LiveServer) -> None:
    nonsense = {
        "{": "Invalid JSON",
        "[1]": "Invalid JSON",
        "[" * 50_000: "Invalid JSON",
        "null": "Invalid JSON",
        "{}": "type",
        '{"type": 1}': "type",
        '{"type": "dance"}': "dance",
        '{"type": "channel", "name": 5}': "channel",
        '{"type": "channel", "name": ""}': "name",
        '{"type": "config", "sample_rate": 7999}': "sample_rate",
        '{"type": "config", "sample_rate": "fast"}': "sample_rate",
        '{"type": "config", "sample_rate": 1e400}': "Invalid JSON",
        '{"type": "config", "model": "no-such"}': "model",
        '{"type": "config", "language": "xx"}': "language",
        '{"type": "config", "model": "en-tiny", "language": "hi"}': "language",
        '{"type": "config", "interim_results": "perhaps"}': "interim_results",
    }
    async with stream(server, interim_results=False) as socket:
        for sent, named in nonsense.items():
            await socket.send(sent)
            error = await next_of(socket, "error")
            assert named in error["message"], f"{sent[:60]}: {error}"
        await socket.send(b"")
        await socket.send(pcm()[:1])
        await socket.send(pcm()[1:])
        messages = await ended(socket)
    assert text_of(messages) == SHORT


@pytest.mark.inventory("EX-014")
@pytest.mark.parametrize("frame", [bytes(1024 * 1024 + 2), "x" * (1024 * 1024 + 2)])
async def test_a_frame_that_is_too_large_ends_the_stream(
    server: LiveServer, frame: bytes | str
) -> None:
    async with stream(server) as socket:
        await socket.send(frame)
        assert (await next_of(socket, "error"))["message"] == "Frame too large"
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


async def test_samples_that_are_no_numbers_are_silence(server: LiveServer) -> None:
    wrong = struct.pack("<4f", float("nan"), float("inf"), float("-inf"), 1e30) * 4000
    async with stream(server, encoding="f32le", interim_results=False) as socket:
        await socket.send(wrong)
        sound = np.frombuffer(pcm(), np.int16).astype("<f4") / 32768
        await socket.send(np.concatenate((np.zeros(16000, "<f4"), sound)).tobytes())
        messages = await ended(socket)
    assert text_of(messages).endswith(SHORT)


async def test_a_stream_without_speech_says_nothing(server: LiveServer) -> None:
    async with stream(server) as socket:
        await say(socket, silence(3))
        assert await ended(socket) == [{"type": "end"}]
    async with stream(server) as socket:
        assert await ended(socket) == [{"type": "end"}]


@pytest.mark.parametrize("query", ["", "?token=wh_wrong"])
async def test_who_may_not_is_told_before_the_handshake(server: LiveServer, query: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(server.url.replace("http", "ws") + f"/asr/stream{query}"):
            pass
    assert refused.value.response.status_code == 401
    assert json.loads(refused.value.response.body or b"")["error"]


async def test_a_token_may_stand_in_the_header(server: LiveServer) -> None:
    headers = {"Authorization": f"Bearer {server.token}"}
    address = server.url.replace("http", "ws") + "/listen"
    async with connect(address, additional_headers=headers) as socket:
        assert await ended(socket) == [{"type": "end"}]


async def test_many_clients_at_once_are_each_told_their_own_words(server: LiveServer) -> None:
    async def talk(name: str) -> str:
        async with stream(server, interim_results=True) as socket:
            await say(socket, pcm(name))
            return text_of(await ended(socket))

    names = ["LJ001-0002", "LJ001-0004"] * 4
    texts = await asyncio.gather(*map(talk, names))
    assert texts[::2] == [SHORT] * 4
    assert all(text.startswith("produced the block books") for text in texts[1::2])


async def test_audio_of_a_socket_that_is_cut_is_counted(
    server: LiveServer, admin: httpx.AsyncClient
) -> None:
    async def heard_s() -> float:
        usage = (await admin.get("/auth/usage/summary")).json()["by_user_and_endpoint"]
        return sum(row["amounts"]["audio_s"] for row in usage if row["endpoint"] == "/asr/stream")

    before_s = await heard_s()
    async with stream(server) as socket:
        await say(socket, pcm() + silence(0.6))
        await _final(socket)
        socket.transport.abort()
    async with asyncio.timeout(20):
        while await heard_s() < before_s + 2:
            pass
    async with asyncio.timeout(20):
        while await open_websockets(admin):
            pass
