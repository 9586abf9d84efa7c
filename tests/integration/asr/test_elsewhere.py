"""Speech that another server recognizes, over real sockets."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

import numpy as np
import pytest
from openai import AsyncOpenAI

from app.asr.elsewhere import HearingRemotely, OnlyPauses, RecognizerFailed
from app.asr.live import StreamOptions
from app.core.audio.convert import Samples
from app.core.audio.wav import wav_bytes
from app.core.errors import AppError
from app.core.setting_fields import Secret
from app.core.settings import Asr
from app.wiring.voice_sessions import remote_recognizer
from tests.fakes.recognizers import KEY, OllamaWhisper, OpenAi, Qwen, Recognizer
from tests.fakes.vendor import Answer, said

TEXT = "What is the weather?"
FAKES: dict[str, type[Recognizer]] = {
    "qwen": Qwen,
    "openai": OpenAi,
    "ollama-whisper": OllamaWhisper,
}


def sound(seconds: float = 1.0) -> Samples:
    return np.full(round(seconds * 16_000), 0.1, np.float32)


@asynccontextmanager
async def listening(
    fake: Recognizer, backend: str = "openai", end: str = ""
) -> AsyncGenerator[tuple[HearingRemotely, list[bool]]]:
    told: list[bool] = []
    async with fake.serving(), AsyncExitStack() as stack:
        asr = Asr(backend=backend, base_url=fake.url + end, api_key=Secret(KEY))  # type: ignore[arg-type]
        recognizer = remote_recognizer(asr, stack)
        assert recognizer
        yield HearingRemotely(recognizer, told.append), told


@pytest.mark.inventory("SO-035", "SO-036", "SO-037", "SO-038")
@pytest.mark.parametrize("backend", FAKES)
async def test_each_server_is_asked_in_its_own_form(backend: str) -> None:
    fake = FAKES[backend](TEXT, key=KEY)
    async with listening(fake, backend) as (hearing, told):
        asked = hearing.asked(StreamOptions(language="de"))
        heard = await hearing.recognize(sound(1.5), asked, is_final=True)
    assert heard.best.text == TEXT
    assert [word.text for word in heard.best.words] == TEXT.split()
    assert heard.best.words[-1].end_s == 1.5
    assert heard.best.words[0].probability == (0.8 if backend == "qwen" else 1.0)
    (request,) = fake.asked
    assert request.body["language"] == ["de"]
    assert request.body["model"] == [
        {"qwen": "qwen-audio", "openai": "whisper-1", "ollama-whisper": "whisper"}[backend]
    ]
    assert fake.heard_s == [1.5]
    assert told == []


async def test_openai_s_own_client_is_answered_the_same_by_the_stand_in() -> None:
    fake = OpenAi(TEXT, key=KEY)
    async with listening(fake, end="/v1/") as (hearing, _):
        await hearing.recognize(sound(), hearing.asked(StreamOptions()), is_final=True)
        async with AsyncOpenAI(api_key=KEY, base_url=f"{fake.url}/v1") as own:
            file = ("audio.wav", wav_bytes(sound(), 16_000), "audio/wav")
            answer = await own.audio.transcriptions.create(model="whisper-1", file=file)
    assert answer.text == TEXT
    ours, theirs = fake.asked
    assert (ours.method, ours.path) == (theirs.method, theirs.path)
    assert ours.body["file"] == theirs.body["file"]


async def test_a_sentence_under_way_is_not_asked_about() -> None:
    fake = OpenAi(TEXT)
    async with listening(fake) as (hearing, _):
        with pytest.raises(OnlyPauses):
            await hearing.recognize(sound(), hearing.asked(StreamOptions()), is_final=False)
    assert not fake.asked


BROKEN = {
    "overloaded": said(503, {}),
    "no JSON": Answer(200, "application/json", [b"<html>"]),
    "no text": said(200, {"words": []}),
    "cut": Answer(200, "application/json", [b'{"te'], cut=True),
    "no answer": Answer(0, "", [], cut=True),
}


@pytest.mark.inventory("SO-051")
@pytest.mark.parametrize("fault", BROKEN)
async def test_where_no_text_can_be_had_it_was_silence_and_that_is_told_once(fault: str) -> None:
    fake = OpenAi(TEXT)
    fake.scripted = [BROKEN[fault], BROKEN[fault]]
    async with listening(fake) as (hearing, told):
        asked = hearing.asked(StreamOptions())
        texts = [
            (await hearing.recognize(sound(), asked, is_final=True)).best.text for _ in range(3)
        ]
    assert texts == ["", "", TEXT]
    assert told == [False, True]


async def test_a_key_that_is_refused_is_no_text_and_never_in_the_message() -> None:
    fake = OpenAi(TEXT, key="another")
    async with fake.serving(), AsyncExitStack() as stack:
        recognizer = remote_recognizer(Asr("openai", fake.url, Secret(KEY)), stack)
        assert recognizer
        with pytest.raises(RecognizerFailed) as failure:
            await recognizer.recognize(sound(), "en")
    assert "401" in failure.value.message
    assert KEY not in failure.value.message


async def test_a_server_that_is_not_there_is_no_text() -> None:
    async with AsyncExitStack() as stack:
        recognizer = remote_recognizer(Asr("qwen", "http://127.0.0.1:9"), stack)
        assert recognizer
        with pytest.raises(AppError):
            await recognizer.recognize(sound(), "en")
