"""The official client of OpenAI, pointed at us."""

import io
import time
import wave
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
import webvtt
from openai import AsyncOpenAI

from app.asr.text.folding import key
from app.core.audio.convert import int16_from_float
from app.core.audio.decode import DecodeLimits, decode_audio
from tests.api.conftest import LiveServer
from tests.api.recordings import LONGER, SHORT

SAID = "in being comparatively modern"
URL = "/v1/audio/transcriptions"


@pytest.fixture
async def client_of_openai(server: LiveServer) -> AsyncGenerator[AsyncOpenAI]:
    async with AsyncOpenAI(
        base_url=f"{server.url}/v1", api_key=server.token, max_retries=0
    ) as client:
        yield client


def words_of(text: str) -> str:
    return " ".join(key(word) for word in text.split())


async def test_json(client_of_openai: AsyncOpenAI) -> None:
    answer = await client_of_openai.audio.transcriptions.create(
        model="whisper-1", file=SHORT, language="en"
    )
    assert words_of(answer.text) == SAID
    assert answer.usage
    assert answer.usage.type == "duration"
    assert answer.usage.seconds == 2


async def test_without_a_language_it_is_found_out(client_of_openai: AsyncOpenAI) -> None:
    answer = await client_of_openai.audio.transcriptions.create(
        model="gpt-4o-transcribe", file=SHORT, response_format="verbose_json"
    )
    assert answer.language == "english"
    assert words_of(answer.text) == SAID


async def test_text(client_of_openai: AsyncOpenAI) -> None:
    answer = await client_of_openai.audio.transcriptions.create(
        model="en-tiny", file=SHORT, response_format="text"
    )
    assert words_of(str(answer)) == SAID


async def test_verbose_json_has_words_and_segments(client_of_openai: AsyncOpenAI) -> None:
    answer = await client_of_openai.audio.transcriptions.create(
        model="en-tiny",
        file=LONGER,
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert answer.segments
    assert answer.words
    assert " ".join(word.word for word in answer.words) == answer.text
    assert " ".join(segment.text for segment in answer.segments) == answer.text
    starts = [word.start for word in answer.words]
    assert starts == sorted(starts)
    assert all(0 <= word.start <= word.end <= answer.duration for word in answer.words)
    assert all(-1 < segment.avg_logprob <= 0 for segment in answer.segments)
    assert answer.duration == pytest.approx(5.1, abs=0.2)


async def test_segments_are_what_verbose_json_has_by_default(client_of_openai: AsyncOpenAI) -> None:
    answer = await client_of_openai.audio.transcriptions.create(
        model="en-tiny", file=SHORT, response_format="verbose_json"
    )
    assert answer.segments
    assert answer.words is None


async def test_verbose_json_tells_how_each_segment_was_recognized(
    client_of_openai: AsyncOpenAI,
) -> None:
    answer = await client_of_openai.audio.transcriptions.create(
        model="en-tiny", file=LONGER, response_format="verbose_json"
    )
    assert answer.segments
    (segment,) = answer.segments
    assert len(words_of(segment.text).split()) <= len(segment.tokens) < 40
    assert 0 < segment.no_speech_prob < 0.1
    assert -0.5 < segment.avg_logprob < 0
    assert segment.temperature == 0
    assert 0.5 < segment.compression_ratio < 2
    assert 0 <= segment.start < 0.5
    assert 4.5 < segment.end <= answer.duration


@pytest.mark.parametrize("kind", ["srt", "vtt"])
async def test_captions_can_be_read(client_of_openai: AsyncOpenAI, kind: Any) -> None:
    answer = await client_of_openai.audio.transcriptions.create(
        model="en-tiny", file=LONGER, response_format=kind
    )
    captions = webvtt.from_buffer(io.StringIO(str(answer)), format=kind)
    plain = await client_of_openai.audio.transcriptions.create(model="en-tiny", file=LONGER)
    assert words_of(" ".join(each.text for each in captions)) == words_of(plain.text)


async def test_a_stream_says_the_text_piece_by_piece(client_of_openai: AsyncOpenAI) -> None:
    stream = await client_of_openai.audio.transcriptions.create(
        model="en-tiny", file=LONGER, stream=True
    )
    events = [event async for event in stream]
    last = events[-1]
    assert last.type == "transcript.text.done"
    said = "".join(event.delta for event in events if event.type == "transcript.text.delta")
    assert said == last.text != ""


def many_times(path: Path, times: int) -> bytes:
    sound = decode_audio(path, sample_rate=16_000, limits=DecodeLimits(1e6, 1e6))
    with_pauses = np.tile(np.concatenate((sound, np.zeros(24_000, np.float32))), times)
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, 16_000, 0, "NONE", ""))
        written.writeframes(int16_from_float(with_pauses).tobytes())
    return file.getvalue()


async def test_the_text_is_told_as_it_becomes_final(client_of_openai: AsyncOpenAI) -> None:
    """The first of it long before the rest is heard."""
    times = 40
    started_s = time.monotonic()
    stream = await client_of_openai.audio.transcriptions.create(
        model="en-tiny", file=("long.wav", many_times(LONGER, times)), stream=True
    )
    told: list[tuple[float, Any]] = [(time.monotonic(), event) async for event in stream]
    last = told[-1][1]
    deltas = [event.delta for _, event in told[:-1]]
    assert len(deltas) > times / 4
    assert "".join(deltas) == last.text
    assert words_of(last.text).count("printed book") == times
    first_s, all_s = told[0][0] - started_s, told[-1][0] - started_s
    assert first_s < 0.95 * all_s


async def test_a_stream_that_cannot_begin_is_an_error_like_any_other(
    client_of_openai: AsyncOpenAI,
) -> None:
    with pytest.raises(openai.APIStatusError) as refused:
        await client_of_openai.audio.transcriptions.create(
            model="en-tiny", file=("none.wav", b"RIFF"), stream=True
        )
    assert (refused.value.status_code, refused.value.param) == (415, "file")


async def test_speakers(client_of_openai: AsyncOpenAI) -> None:
    answer = await client_of_openai.audio.transcriptions.create(
        model="gpt-4o-transcribe-diarize",
        file=LONGER,
        response_format="diarized_json",
        language="en",
    )
    assert {segment.speaker for segment in answer.segments} == {"SPEAKER_00"}


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # by OpenAI, not by clients
async def test_a_translation_is_english(client_of_openai: AsyncOpenAI) -> None:
    answer = await client_of_openai.audio.translations.create(model="whisper-1", file=SHORT)
    assert words_of(answer.text) == SAID


async def test_what_is_heard_is_counted(
    client_of_openai: AsyncOpenAI, admin: httpx.AsyncClient
) -> None:
    async def counted() -> float:
        answer = (await admin.get("/auth/usage/summary")).json()
        return sum(
            each["amounts"]["audio_s"]
            for each in answer["by_user_and_endpoint"]
            if each["endpoint"] == URL
        )

    before_s = await counted()
    await client_of_openai.audio.transcriptions.create(model="en-tiny", file=SHORT)
    while await counted() <= before_s:  # it is written every second
        pass


async def test_a_wrong_key_is_said_as_openai_says_it(server: LiveServer) -> None:
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key="wh_wrong") as stranger:
        with pytest.raises(openai.AuthenticationError) as refused:
            await stranger.audio.transcriptions.create(model="whisper-1", file=SHORT)
    assert refused.value.type == "authentication_error"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "no-such-model"),
        ("model", "x" * 5000),
        ("language", "klingon"),
        ("response_format", "pdf"),
        ("temperature", "hot"),
        ("temperature", "7"),
        ("timestamp_granularities[]", "syllable"),
        ("timestamp_granularities[]", "word"),  # for verbose_json only
        ("stream", "perhaps"),
        ("include[]", "logprobs"),
        ("prompt", "p" * 100_000),
        ("file", "no file"),
    ],
)
async def test_a_wrong_field_is_named(admin: httpx.AsyncClient, field: str, value: str) -> None:
    fields = {"model": "en-tiny"} | {field: value}
    files = {} if field == "file" else {"file": SHORT.read_bytes()}
    answer = await admin.post(URL, data=fields, files=files or {"other": b"x"})
    assert answer.status_code in {400, 413, 422}
    error = answer.json()["error"]
    assert error["param"] == field.removesuffix("[]"), error
    assert set(error) == {"message", "type", "param", "code"}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data; name=", "multipart/form-data; boundary=x"),
        (b"\xff" * 4096, "multipart/form-data; boundary=x"),
        (b"{}", "multipart/form-data"),
        (b"{}", "application/json"),
        (b"model=whisper-1", "application/x-www-form-urlencoded"),
    ],
)
async def test_what_is_no_form_is_refused(
    admin: httpx.AsyncClient, content: bytes, kind: str
) -> None:
    answer = await admin.post(URL, content=content, headers={"Content-Type": kind})
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\x00" * 5000, b"<html></html>"])
async def test_what_is_no_sound_is_refused(admin: httpx.AsyncClient, content: bytes) -> None:
    answer = await admin.post(URL, data={"model": "en-tiny"}, files={"file": content})
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["param"] == "file"


async def test_what_is_not_there_is_said_as_openai_says_it(admin: httpx.AsyncClient) -> None:
    assert (await admin.get(URL)).json()["error"]["code"] == "method_not_allowed"
    assert (await admin.post("/v1/audio/nonsense")).json()["error"]["code"] == "not_found"
