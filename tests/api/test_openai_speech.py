"""The official client of OpenAI, pointed at us, for speech."""

import io
import json
from base64 import b64decode
from collections.abc import AsyncGenerator

import httpx
import openai
import pytest
from openai import AsyncOpenAI

from app.core.audio.decode import DecodeLimits, decode_audio
from tests.api.conftest import LiveServer
from tests.api.test_tts import heard_in, words_of

NO_LIMITS = DecodeLimits(max_duration_s=1e6, deadline_s=1e6)
TEXT = "The quick brown fox jumps over the lazy dog."


@pytest.fixture
async def client_of_openai(server: LiveServer) -> AsyncGenerator[AsyncOpenAI]:
    async with AsyncOpenAI(
        base_url=f"{server.url}/v1", api_key=server.token, max_retries=0
    ) as client:
        yield client


async def test_speech_is_mp3_unless_another_format_is_asked_for(
    client_of_openai: AsyncOpenAI, admin: httpx.AsyncClient
) -> None:
    answer = await client_of_openai.audio.speech.create(model="tts-1", voice="alloy", input=TEXT)
    assert answer.response.headers["content-type"] == "audio/mpeg"
    assert await heard_in(admin, answer.content) == words_of(TEXT)


@pytest.mark.parametrize("name", ["opus", "aac", "flac", "wav"])
async def test_every_format_can_be_read(client_of_openai: AsyncOpenAI, name: str) -> None:
    answer = await client_of_openai.audio.speech.create(
        model="gpt-4o-mini-tts",
        voice="fable",
        input="Yes, of course.",
        response_format=name,  # pyright: ignore[reportArgumentType]
    )
    sound = decode_audio(io.BytesIO(answer.content), sample_rate=24000, limits=NO_LIMITS)
    assert 0.5 < sound.size / 24000 < 4
    assert float(abs(sound).max()) > 0.1


async def test_pcm_comes_while_it_is_made(client_of_openai: AsyncOpenAI) -> None:
    async with client_of_openai.audio.speech.with_streaming_response.create(
        model="kokoro",
        voice="am_adam",
        input=f"{TEXT} {TEXT}",
        response_format="pcm",
        instructions="slowly",
    ) as answer:
        sizes = [len(piece) async for piece in answer.iter_bytes()]
    assert len(sizes) > 3
    assert 3 < sum(sizes) / 48000 < 14


async def test_speed_is_applied(client_of_openai: AsyncOpenAI) -> None:
    async def said(speed: float) -> int:
        answer = await client_of_openai.audio.speech.create(
            model="tts-1-hd", voice="nova", input=TEXT, speed=speed, response_format="pcm"
        )
        return len(answer.content)

    assert await said(2.0) < 0.65 * await said(1.0)


async def test_events_hold_the_file_and_what_it_cost(
    client_of_openai: AsyncOpenAI, admin: httpx.AsyncClient
) -> None:
    events = list[dict[str, str]]()
    async with client_of_openai.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", voice="coral", input=TEXT, stream_format="sse"
    ) as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        async for line in answer.iter_lines():
            if line:
                events.append(json.loads(line.removeprefix("data: ")))
    *deltas, done = events
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    sound = b"".join(b64decode(event["audio"]) for event in deltas)
    assert await heard_in(admin, sound) == words_of(TEXT)
    assert done["type"] == "speech.audio.done"
    usage: dict[str, int] = done["usage"]  # pyright: ignore[reportAssignmentType]
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"] > 20


@pytest.mark.parametrize(
    ("changed", "param"),
    [
        ({"voice": "nobody"}, "voice"),
        ({"speed": 4.0}, "speed"),
        ({"input": ""}, "input"),
        ({"input": "🎉"}, "text"),
        ({"input": "x" * 100_000}, "text"),
        ({"model": "whisper-1"}, "model"),
        ({"response_format": "midi"}, "response_format"),
    ],
)
async def test_what_is_wrong_is_named(
    client_of_openai: AsyncOpenAI, changed: dict[str, str], param: str
) -> None:
    asked = {"model": "tts-1", "voice": "alloy", "input": "Hi."} | changed
    with pytest.raises(openai.APIStatusError) as refused:
        await client_of_openai.audio.speech.create(**asked)  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert refused.value.status_code in (400, 413, 422)
    assert refused.value.body["param"] == param  # pyright: ignore[reportIndexIssue, reportOptionalSubscript]


async def test_without_a_token_nothing_is_said(server: LiveServer) -> None:
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="wh_no", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError):
            await client.audio.speech.create(model="tts-1", voice="alloy", input="Hi.")


async def test_all_voices_are_listed_under_every_name(admin: httpx.AsyncClient) -> None:
    voices = (await admin.get("/v1/audio/voices")).json()["voices"]
    names = [voice["id"] for voice in voices]
    assert len(set(names)) == len(names)
    assert {"af_heart", "tara", "alloy", "echo", "fable", "onyx", "nova", "shimmer"} <= {*names}
