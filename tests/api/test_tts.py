"""Speaking, by clients as the documents show them. What is said is heard by our own recognizer."""

import asyncio
import io
import json
import wave
from base64 import b64decode
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from app.asr.text.folding import key
from app.core.audio.decode import DecodeLimits, decode_audio
from tests.api.conftest import LiveServer

NO_LIMITS = DecodeLimits(max_duration_s=1e6, deadline_s=1e6)
TEXT = "The meeting begins in the morning, and everybody is invited."
URL = "/tts/synthesize"
Message = dict[str, Any]


def words_of(text: str) -> str:
    return " ".join(filter(None, (key(word) for word in text.split())))


async def heard_in(admin: httpx.AsyncClient, sound: bytes, language: str = "en") -> str:
    files = {"file": ("speech", sound)}
    answer = await admin.post(
        "/asr/transcribe", files=files, data={"language": language}, timeout=60
    )
    return words_of(answer.json()["transcript"])


@asynccontextmanager
async def stream(server: LiveServer, **config: Any) -> AsyncGenerator[ClientConnection]:
    address = f"{server.url.replace('http', 'ws')}/tts/stream?token={server.token}"
    async with connect(address, max_queue=None) as socket:
        if config:
            await socket.send(json.dumps({"type": "config", **config}))
        yield socket


async def spoken(socket: ClientConnection, text: str, **fields: Any) -> tuple[bytes, list[Message]]:
    await socket.send(json.dumps({"type": "speak", "text": text, **fields}))
    return await answer(socket)


async def answer(socket: ClientConnection) -> tuple[bytes, list[Message]]:
    sound, messages = b"", list[Message]()
    async with asyncio.timeout(60):
        while not messages or messages[-1]["type"] != "done":
            message = await socket.recv()
            if isinstance(message, bytes):
                sound += message
            else:
                messages.append(json.loads(message))
    return sound, messages


@pytest.mark.inventory("WH-215", "WH-226", "WH-228", "WH-229", "WH-233")
async def test_the_example_of_the_documents_runs_as_printed(
    server: LiveServer, admin: httpx.AsyncClient
) -> None:
    async with stream(server) as ws:
        await ws.send(json.dumps({"type": "config", "voice": "af_heart"}))
        await ws.send(json.dumps({"type": "speak", "text": TEXT}))

        audio = b""
        async for msg in ws:
            if isinstance(msg, bytes):
                audio += msg
            elif json.loads(msg).get("type") == "done":
                break

        out = io.BytesIO()
        with wave.open(out, "wb") as wf:
            wf.setnchannels(1)
            wf.setsampwidth(2)
            wf.setframerate(24000)
            wf.writeframes(audio)

    assert await heard_in(admin, out.getvalue()) == words_of(TEXT)


async def test_a_voice_is_heard_at_once_and_not_after_a_silence(server: LiveServer) -> None:
    async with stream(server) as socket:
        sound, _ = await spoken(socket, TEXT)
    samples = np.abs(np.frombuffer(sound, "<i2").astype(float)) / 32768
    assert np.argmax(samples > 0.02) < 0.1 * 24000
    assert samples.max() > 0.1


@pytest.mark.inventory("WH-220", "WH-223", "WH-227")
async def test_what_is_asked_of_the_manner_is_heard(server: LiveServer) -> None:
    async with stream(server) as socket:
        usual, _ = await spoken(socket, TEXT)
        slow, _ = await spoken(socket, TEXT, instruct="speak slowly and calmly")
        await socket.send(json.dumps({"type": "config", "speed": 2.0}))
        fast, _ = await spoken(socket, TEXT)
        await socket.send(json.dumps({"type": "config", "speed": 1.0, "exaggeration": 1.0}))
        lively, _ = await spoken(socket, TEXT)
    assert len(slow) > 1.1 * len(usual)
    assert 0.4 * len(usual) < len(fast) < 0.65 * len(usual)
    assert lively != usual
    assert len(lively) == pytest.approx(len(usual), rel=0.1)


@pytest.mark.inventory("WH-221", "WH-222")
async def test_what_this_engine_ignores_is_said(server: LiveServer) -> None:
    async with stream(server, temperature=1.5, top_k=3) as socket:
        _, (warning, done) = await spoken(socket, "Yes.")
    assert [each["option"] for each in warning["not_applied"]] == ["temperature", "top_k"]
    assert done == {"type": "done"}


async def test_words_are_where_they_are_heard(server: LiveServer) -> None:
    text = "One. Two thousand, I am sure of it!"
    async with stream(server, word_times=True) as socket:
        sound, messages = await spoken(socket, text)
    words = [word for message in messages[:-1] for word in message["words"]]
    assert [text[word["char_start"] : word["char_end"]] for word in words] == text.split()
    starts = [word["start"] for word in words]
    assert starts == sorted(starts)
    samples = np.abs(np.frombuffer(sound, "<i2").astype(float))
    assert words[-1]["end"] <= samples.size / 24000
    for word in words:
        loud = samples[round(word["start"] * 24000) : round(word["end"] * 24000)]
        assert loud.max() > 0.03 * samples.max(), word
        assert word["phonemes"][0]["start"] == word["start"]


@pytest.mark.parametrize(
    "text",
    [
        "🎉 Party 🎉",
        "<speak>Hello <break time='300ms'/> there</speak>",
        "مرحبا means hello",
        "I said नमस्ते to everyone",
        "Mail a.b@example.com or see https://example.com/x?y=1",
        "!!! ??? ... yes",
        "z̷a̷l̷g̷o̷ text",
    ],
)
async def test_strange_texts_are_said(server: LiveServer, text: str) -> None:
    async with stream(server) as socket:
        sound, messages = await spoken(socket, text)
    assert len(sound) > 24000 * 2 * 0.3
    assert messages == [{"type": "done"}]


@pytest.mark.parametrize("text", ["", "🎉🎉", "مرحبا", "?!", "x" * 100_000])
async def test_what_cannot_be_said_is_an_error_and_the_socket_lives(
    server: LiveServer, text: str
) -> None:
    async with stream(server) as socket:
        sound, (error, done) = await spoken(socket, text)
        assert sound == b""
        assert (error["type"], error["field"]) == ("error", "text")
        assert done == {"type": "done", "failed": True}
        sound, messages = await spoken(socket, "Yes.")
    assert sound
    assert messages == [{"type": "done"}]


async def test_a_cut_off_text_ends_soon(server: LiveServer) -> None:
    long = f"{TEXT} " * 30
    async with stream(server) as socket:
        await socket.send(json.dumps({"type": "speak", "text": long}))
        await socket.recv()
        await socket.send('{"type": "cancel"}')
        sound, messages = await answer(socket)
        assert messages == [{"type": "done", "cancelled": True}]
        assert len(sound) / 48000 < 20
        sound, messages = await spoken(socket, "Yes?")
    assert sound
    assert messages == [{"type": "done"}]


@pytest.mark.parametrize("query", ["", "?token=wh_wrong"])
async def test_who_may_not_is_told_before_the_handshake(server: LiveServer, query: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(server.url.replace("http", "ws") + f"/tts/stream{query}"):
            pass
    assert refused.value.response.status_code == 401


@pytest.mark.inventory("WH-230", "WH-231", "WH-004")
async def test_every_voice_is_described(admin: httpx.AsyncClient) -> None:
    answer = (await admin.get("/tts/voices")).json()
    voices = answer["voices"]
    assert len(voices) == 54
    assert {voice["language"] for voice in voices.values()} == {
        "en-us", "en-gb", "es", "fr", "hi", "it", "ja", "pt-br", "zh",
    }  # fmt: skip
    assert voices["hf_alpha"] == {
        "name": "Alpha",
        "language": "hi",
        "language_name": "Hindi",
        "accent": "Indian",
        "gender": "female",
        "grade": "C",
        "aliases": ["anushka", "arya"],
        "sample": "/tts/voices/hf_alpha/sample",
        "own": False,
    }
    assert {language["code"] for language in answer["languages"]} >= {"en-in", "hi", "ja"}
    assert all(language["quality"] for language in answer["languages"])


async def test_a_sample_is_rendered_once(admin: httpx.AsyncClient) -> None:
    first = await admin.get("/tts/voices/tara/sample")
    again = await admin.get("/tts/voices/af_heart/sample")
    assert first.headers["content-type"] == "audio/wav"
    assert first.content == again.content
    assert again.elapsed < first.elapsed / 2
    assert "this is how i sound" in await heard_in(admin, first.content)
    missing = await admin.get("/tts/voices/nobody/sample")
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("name", "media"),
    [
        ("wav", "audio/wav"),
        ("mp3", "audio/mpeg"),
        ("opus", "audio/ogg; codecs=opus"),
        ("aac", "audio/aac"),
        ("flac", "audio/flac"),
    ],
)
async def test_a_file_of_every_format_says_the_text(
    admin: httpx.AsyncClient, name: str, media: str
) -> None:
    asked = {"text": TEXT, "format": name, "sample_rate": 16000, "stream": name != "wav"}
    answer = await admin.post(URL, json=asked, timeout=60)
    assert answer.headers["content-type"] == media
    assert await heard_in(admin, answer.content) == words_of(TEXT)


@pytest.mark.parametrize(("name", "bytes_a_sample"), [("pcm", 2), ("mulaw", 1), ("alaw", 1)])
async def test_bare_samples_last_as_long_as_the_file(
    admin: httpx.AsyncClient, name: str, bytes_a_sample: int
) -> None:
    asked = {"text": "Yes, please.", "sample_rate": 8000}
    bare = await admin.post(URL, json=asked | {"format": name}, timeout=60)
    file = await admin.post(URL, json=asked, timeout=60)
    samples = decode_audio(io.BytesIO(file.content), sample_rate=8000, limits=NO_LIMITS)
    assert len(bare.content) == samples.size * bytes_a_sample


async def test_the_times_of_words_come_with_the_sound_in_json(admin: httpx.AsyncClient) -> None:
    asked = {"text": "I paid 4500 rupees.", "word_times": True, "top_k": 1}
    answer = (await admin.post(URL, json=asked, timeout=60)).json()
    with wave.open(io.BytesIO(b64decode(answer["audio"]))) as file:
        assert file.getnframes() / file.getframerate() == pytest.approx(
            answer["duration_s"], abs=0.001
        )
    four = [word["word"] for word in answer["words"] if word["char_start"] == 7]
    assert four == ["four", "thousand", "five", "hundred"]
    assert [each["option"] for each in answer["not_applied"]] == ["top_k"]


async def test_a_header_tells_what_changed_nothing(admin: httpx.AsyncClient) -> None:
    asked = {"text": "Yes.", "temperature": 1.0, "format": "pcm"}
    answer = await admin.post(URL, json=asked, timeout=60)
    assert answer.headers["x-not-applied"] == "temperature"


@pytest.mark.parametrize(
    ("wrong", "status", "field"),
    [
        ({}, 422, "text"),
        ({"text": ""}, 422, "text"),
        ({"text": "🎉"}, 422, "text"),
        ({"text": "x" * 100_000}, 413, "text"),
        ({"text": "hi", "speed": 9}, 422, "speed"),
        ({"text": "hi", "voice": "zz"}, 422, "voice"),
        ({"text": "hi", "language": "klingon"}, 422, "language"),
        ({"text": "hi", "format": "midi"}, 422, "format"),
        ({"text": "hi", "sample_rate": 11025}, 422, "sample_rate"),
        ({"text": "hi", "top_k": 500}, 422, "top_k"),
    ],
)
@pytest.mark.inventory("WH-220", "WH-222")
async def test_what_is_wrong_is_named(
    admin: httpx.AsyncClient, wrong: Message, status: int, field: str
) -> None:
    for stream_it in (False, True):
        answer = await admin.post(URL, json=wrong | {"stream": stream_it})
        assert answer.status_code == status
        assert answer.json()["details"]["field"] == field


async def test_hindi_is_said_in_hindi(admin: httpx.AsyncClient) -> None:
    text = "नमस्ते, आपका स्वागत है। मैं आपकी क्या मदद कर सकती हूँ?"
    asked = {"text": text, "voice": "female", "language": "hi"}
    answer = await admin.post(URL, json=asked, timeout=60)
    heard = await admin.post(
        "/asr/transcribe",
        files={"file": ("speech", answer.content)},
        data={"model": "whissle-large", "language": "auto"},
        timeout=60,
    )
    assert heard.json()["language"] == "hi", heard.json()


async def test_what_was_said_is_counted(server: LiveServer, admin: httpx.AsyncClient) -> None:
    made = (await admin.post("/auth/tokens", json={"user_id": "speaks"})).json()["token"]

    async def counted(endpoint: str) -> Message:
        """Once most of its sound is: that is counted as it is made."""
        async with asyncio.timeout(20):
            while True:
                found = await admin.get("/auth/usage", params={"user_id": "speaks"})
                entries = found.json()["usage"]
                use = [each["amounts"] for each in entries if each["endpoint"] == endpoint]
                told = {name: sum(each[name] for each in use) for name in ("characters", "audio_s")}
                if told["audio_s"] > 2:
                    return told

    headers = {"Authorization": f"Bearer {made}"}
    await admin.post(URL, json={"text": TEXT}, headers=headers, timeout=60)
    async with stream(replace(server, token=made)) as socket:
        await spoken(socket, TEXT)
    for endpoint in (URL, "/tts/stream"):
        told = await counted(endpoint)
        assert told["characters"] == len(TEXT)
        assert told["audio_s"] < 8


async def test_the_status_tells_what_speaks(admin: httpx.AsyncClient) -> None:
    answer = (await admin.get("/tts/status")).json()
    assert answer["engine"] == "kokoro"
    assert answer["ignores"] == ["temperature", "top_k"]
    assert answer["room_for"] >= 1
