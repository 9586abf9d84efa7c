"""The official client of Deepgram, pointed at us: recordings."""

import hashlib
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from deepgram import AsyncDeepgramClient
from deepgram.core.api_error import ApiError

from tests.api.conftest import LiveServer
from tests.api.deepgram_client import client_of_deepgram
from tests.api.recordings import LONGER, SHORT, SPEECH
from tests.scenarios.operator import command

# The client asks the library websockets for names that this has renamed.
pytestmark = pytest.mark.filterwarnings("ignore:websockets:DeprecationWarning")

SAID = "in being comparatively modern"
URL = "/v1/listen"


@pytest.fixture
async def deepgram(server: LiveServer) -> AsyncGenerator[AsyncDeepgramClient]:
    async with client_of_deepgram(server, server.token) as client:
        yield client


async def heard(deepgram: AsyncDeepgramClient, **options: Any) -> Any:
    content = options.pop("request", SHORT.read_bytes())
    return await deepgram.listen.v1.media.transcribe_file(request=content, **options)


async def test_a_recording(deepgram: AsyncDeepgramClient) -> None:
    answer = await heard(deepgram, model="nova-3")
    (channel,) = answer.results.channels
    best = channel.alternatives[0]
    assert best.transcript == SAID
    assert [word.word for word in best.words] == SAID.split()
    assert 0 < best.confidence <= 1
    assert answer.metadata.duration == pytest.approx(1.9, abs=0.2)
    assert answer.metadata.sha256 == hashlib.sha256(SHORT.read_bytes()).hexdigest()
    (model,) = answer.metadata.models
    assert answer.metadata.model_info[model]["name"]
    assert answer.results.utterances is None


async def test_punctuation_is_written_where_it_is_asked_for(deepgram: AsyncDeepgramClient) -> None:
    answer = await heard(deepgram, model="nova-3", punctuate=True)
    best = answer.results.channels[0].alternatives[0]
    assert best.transcript == f"{SAID}."
    assert best.words[-1].word == "modern"
    assert best.words[-1].punctuated_word == "modern."


async def test_speakers_utterances_and_paragraphs(deepgram: AsyncDeepgramClient) -> None:
    answer = await heard(
        deepgram,
        request=LONGER.read_bytes(),
        model="en-tiny",
        smart_format=True,
        diarize=True,
        utterances=True,
        utt_split=0.3,
    )
    best = answer.results.channels[0].alternatives[0]
    assert {word.speaker for word in best.words} == {0}
    assert " ".join(each.transcript for each in answer.results.utterances) == best.transcript
    sentences = [
        sentence.text for each in best.paragraphs.paragraphs for sentence in each.sentences
    ]
    assert " ".join(sentences) == best.transcript
    assert sum(each.num_words for each in best.paragraphs.paragraphs) == len(best.words)


async def test_a_language_is_detected(deepgram: AsyncDeepgramClient) -> None:
    answer = await heard(deepgram, model="nova-3", detect_language=True)
    assert answer.results.channels[0].detected_language == "en"


async def test_terms_and_tags_are_taken(deepgram: AsyncDeepgramClient) -> None:
    answer = await heard(
        deepgram, model="en-tiny", keywords=["comparatively:2"], keyterm=["modern"], tag=["a", "b"]
    )
    assert answer.metadata.tags == ["a", "b"]
    assert answer.results.channels[0].alternatives[0].transcript == SAID


@contextmanager
def web_server() -> Generator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(SPEECH))) as web:
        Thread(target=web.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()


async def test_a_recording_at_an_address(server: LiveServer, deepgram: AsyncDeepgramClient) -> None:
    media = deepgram.listen.v1.media
    with web_server() as web:
        with pytest.raises(ApiError) as refused:  # the operator has not allowed it
            await media.transcribe_url(url=f"{web}/{SHORT.name}", model="en-tiny")
        assert refused.value.status_code == 400
        rule = web.removeprefix("http://")
        status, _ = command(
            "orgs", "allow", "default", rule, env={"PARLEY_DATA_DIR": server.data_dir}
        )
        assert status == 0
        answer: Any = await media.transcribe_url(url=f"{web}/{SHORT.name}", model="en-tiny")
        assert answer.results.channels[0].alternatives[0].transcript == SAID
        with pytest.raises(ApiError) as missing:
            await media.transcribe_url(url=f"{web}/nothing.ogg", model="en-tiny")
        assert missing.value.status_code == 400


async def test_a_wrong_key_is_said_as_deepgram_says_it(server: LiveServer) -> None:
    async with client_of_deepgram(server, "wh_wrong") as stranger:
        with pytest.raises(ApiError) as refused:
            await heard(stranger, model="nova-3")
    assert refused.value.status_code == 401
    assert refused.value.body["err_code"] == "INVALID_AUTH"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "no-such-model"),
        ("model", "n" * 5000),
        ("language", "klingon"),
        ("punctuate", "perhaps"),
        ("utt_split", "-1"),
        ("utt_split", "nan"),
        ("callback", "https://example.com"),
        ("multichannel", "true"),
        ("redact", "pci"),
        ("summarize", "v2"),
    ],
)
async def test_a_wrong_parameter_is_named(admin: httpx.AsyncClient, name: str, value: str) -> None:
    answer = await admin.post(URL, params={name: value}, content=SHORT.read_bytes())
    assert answer.status_code == 400, answer.text
    body = answer.json()
    assert set(body) == {"err_code", "err_msg", "request_id"}
    assert name in body["err_msg"]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "audio/wav"),
        (b"\x00" * 5000, "audio/wav"),
        (b"RIFF", ""),
        (b"{", "application/json"),
        (b"{}", "application/json"),
        (b"[" * 60_000, "application/json"),
        (b'{"url": 7}', "application/json"),
        (b'{"url": "file:///etc/passwd"}', "application/json"),
        (b'{"url": "http://127.0.0.1:1/"}', "application/json"),
        (b'{"url": "\\u0000"}', "application/json"),
        (b'{"url": "' + b"x" * 70_000 + b'"}', "application/json"),
    ],
)
async def test_what_is_no_recording_is_refused(
    admin: httpx.AsyncClient, content: bytes, kind: str
) -> None:
    answer = await admin.post(URL, content=content, headers={"Content-Type": kind})
    assert 400 <= answer.status_code < 500, answer.text
    assert set(answer.json()) == {"err_code", "err_msg", "request_id"}


async def test_a_parameter_that_is_switched_off_is_no_obstacle(admin: httpx.AsyncClient) -> None:
    params = {"model": "en-tiny", "multichannel": "false", "redact": "", "filler_words": "true"}
    answer = await admin.post(URL, params=params, content=SHORT.read_bytes())
    assert answer.status_code == 200
