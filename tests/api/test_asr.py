"""Speech recognition of recordings, over the wire, as the gateway's document describes it."""

import json
import struct
import wave
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.llm.analysis.sales import PRACTICES
from tests.api.conftest import LiveServer
from tests.api.recordings import LONGER, SHORT
from tests.fakes.openai_api import MODEL, OpenAiApi, Reply
from tests.fakes.vendor import Answer, Asked

LONGER_WORDS = (
    "produced the block books which were the immediate predecessors of the true printed book"
)
SHORT_WORDS = "in being comparatively modern"
PRACTICE: dict[str, Any] = {
    "score": 4,
    "comment": "No call.",
    "evidence": [{"segment": 0, "quote": "block books"}],
}
COACHED: dict[str, Any] = {
    **dict.fromkeys(PRACTICES, PRACTICE),
    "buyer_outcome": "unclear",
    "highlights": [],
    "summary": "A reading.",
}
BEHAVIORS = {"behaviors": [{"segment": 0, "behavior": "other"}]}
TINY = {"model": "en-tiny"}
WRONG = {
    "diarize": "maybe",
    "num_speakers": "many",
    "min_speakers": "0",
    "max_speakers": "-1",
    "punctuation": "2",
    "itn": "x",
    "use_lm": "x",
    "lm_mode": "loose",
    "beam_width": "0",
    "lm_alpha": "nan",
    "lm_beta": "1e9",
    "metadata_prob": "x",
    "metadata_prob_format": "xml",
    "top_k": "0",
    "word_timestamps": "x",
    "speech_analysis": "x",
    "speaker_embedding": "x",
    "hotwords": "," + "x" * 200,
    "hotword_weight": "-1",
    "noise_reduce": "x",
    "gain_normalize": "x",
    "profanity_filter": "x",
    "n_best": "21",
    "format": "pdf",
    "structured_intents": "x",
    "model": "en-huge",
    "language": "klingon",
}


async def sent(
    asr: httpx.AsyncClient, sound: "Path | bytes", path: str = "/transcribe", **options: Any
) -> httpx.Response:
    content = sound.read_bytes() if isinstance(sound, Path) else sound
    return await asr.post(path, files={"file": ("call.mp3", content)}, data=TINY | options)


async def heard(asr: httpx.AsyncClient, sound: Path, **options: Any) -> dict[str, Any]:
    answer = await sent(asr, sound, **options)
    assert answer.status_code == 200, answer.text
    return answer.json()


def plain(text: str) -> str:
    return " ".join(word.strip(".,?!").lower() for word in text.split())


def wav(samples: "np.ndarray[Any, Any]", rate: int = 16_000) -> bytes:
    file = BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(rate)
        written.writeframes(samples.astype("<i2").tobytes())
    return file.getvalue()


@pytest.mark.inventory("WH-033", "WH-038", "WH-039", "WH-040", "WH-067", "WH-068", "EX-001")
async def test_basic_usage(asr: httpx.AsyncClient) -> None:
    answer = await asr.post("/transcribe", files={"file": LONGER.read_bytes()})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert plain(body["transcript"]) == LONGER_WORDS
    assert body["duration"] == pytest.approx(5.14, abs=0.05)
    assert body["inference_time"].endswith("s")
    assert float(body["inference_time"].removesuffix("s")) > 0
    assert (body["model"], body["language"]) == ("en-in-tech-misc", "en")
    assert set(body) == {
        *("transcript", "duration", "inference_time", "model", "decoder", "language", "segments"),
    }
    assert set(body["segments"][0]) == {
        *("speaker", "text", "start", "end", "confidence", "language", "metadata", "entities"),
    }


@pytest.mark.inventory(
    "WH-041", "WH-045", "WH-047", "WH-053", "WH-054", "WH-057", "WH-069", "WH-073", "WH-075"
)
@pytest.mark.inventory("WH-076", "WH-078", "WH-079", "WH-081", "WH-083", "WH-084", "EX-007")
async def test_the_documents_second_example(
    asr: httpx.AsyncClient, language_model: OpenAiApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    def coach(asked: Asked) -> Answer:
        is_labelling = "one label for each" in str(asked.body["messages"])
        language_model.replies = [Reply(json.dumps(BEHAVIORS if is_labelling else COACHED))]
        return OpenAiApi.answer(language_model, asked)

    monkeypatch.setattr(language_model, "answer", coach)
    body = await heard(
        asr,
        LONGER,
        diarize="true",
        num_speakers="1",
        punctuation="true",
        itn="true",
        metadata_prob="true",
        word_timestamps="true",
        speech_analysis="true",
        summarize="sales_coaching",
    )
    assert body["num_speakers"] == 1
    (segment,) = body["segments"]
    assert segment["speaker"] == "SPEAKER_00"
    assert plain(segment["text"]) == LONGER_WORDS
    assert set(segment["metadata"]) == {
        *("emotion", "behavior", "role", "eval", "age", "gender", "intent"),
    }
    assert segment["metadata_probs"] == {}
    assert len(segment["words"]) == len(LONGER_WORDS.split())
    assert set(segment["words"][0]) == {"word", "start", "end", "confidence"}
    assert {"lexical_fluency", "vocabulary_range", "grammar_score"} <= set(body["speech_analysis"])
    assert [each["option"] for each in body["not_applied"]] == ["metadata_prob"]
    assert body["summary"] == "A reading."
    assert body["analysis"]["overall_score"] == 4
    assert body["analysis"]["practices"]["closing"]["evidence"][0]["quote"] == "block books"
    assert body["analysis"]["behaviors"][0]["behavior"] == "other"
    assert body["analysis_details"]["model"] == f"local {MODEL}"
    assert body["analysis_details"]["computed"]["words"] == len(LONGER_WORDS.split())


@pytest.mark.inventory("WH-056", "WH-086", "WH-063", "WH-085")
async def test_the_voice_and_other_hearings_come_where_asked(asr: httpx.AsyncClient) -> None:
    body = await heard(asr, LONGER, speaker_embedding="true", n_best="3")
    assert len(body["speaker_embedding"]) == 192
    assert plain(body["alternatives"][0]["transcript"]) == LONGER_WORDS
    assert len(body["alternatives"]) > 1


@pytest.mark.inventory("WH-064", "WH-087", "WH-088", "WH-089")
async def test_subtitles(asr: httpx.AsyncClient) -> None:
    srt = await sent(asr, LONGER, format="srt")
    assert srt.headers["content-type"].startswith("application/x-subrip")
    assert srt.text.startswith("1\n00:00:0")
    vtt = await sent(asr, LONGER, format="vtt")
    assert vtt.headers["content-type"] == "text/vtt; charset=utf-8"
    assert vtt.text.startswith("WEBVTT\n")
    captions = (await sent(asr, LONGER, format="segments")).json()["segments"]
    assert plain(" ".join(each["text"] for each in captions)) == LONGER_WORDS
    assert all(each["start"] < each["end"] for each in captions)


@pytest.mark.inventory("WH-090", "WH-091", "WH-093")
async def test_clean_raw_and_long(asr: httpx.AsyncClient) -> None:
    clean = (await sent(asr, SHORT, "/transcribe/clean")).json()
    assert set(clean) == {"transcript"}
    assert plain(clean["transcript"]) == SHORT_WORDS
    raw = (await sent(asr, SHORT, "/transcribe/raw", model="en-ctc")).json()
    assert raw["transcript"] == raw["transcript"].lower()
    assert raw["model"] == "en-ctc"
    long = (await sent(asr, SHORT, "/transcribe/long")).json()
    assert plain(long["segments"][0]["text"]) == SHORT_WORDS


@pytest.mark.inventory("WH-092", "EX-006")
async def test_pcm_as_body_and_as_file(asr: httpx.AsyncClient) -> None:
    pcm = (np.sin(np.arange(16_000) / 8) * 9000).astype("<i2").tobytes()
    of_body = await asr.post("/transcribe/pcm", content=pcm, params=TINY | {"sample_rate": 8000})
    assert of_body.json()["duration"] == 2
    of_file = await sent(
        asr, pcm, "/transcribe/pcm", sample_rate="16000", channels="2", bit_depth="16", top_k="3"
    )
    assert of_file.json()["duration"] == 0.5
    for name, value in {"sample_rate": "0", "channels": "9", "bit_depth": "24"}.items():
        answer = await sent(asr, pcm, "/transcribe/pcm", **{name: value})
        assert answer.status_code == 400
        assert answer.json()["details"]["field"] == name


@pytest.mark.inventory("WH-094")
async def test_many_files_at_once(asr: httpx.AsyncClient) -> None:
    clips = [("a.ogg", SHORT.read_bytes()), ("b.txt", b"no sound"), ("c.ogg", LONGER.read_bytes())]
    files = [("files", clip) for clip in clips]
    body = (await asr.post("/transcribe/batch", files=files, data=TINY)).json()
    assert (body["total"], body["failed"]) == (3, 1)
    first, second, third = body["results"]
    assert plain(first["result"]["transcript"]) == SHORT_WORDS
    assert (second["filename"], second["code"]) == ("b.txt", "audio_unreadable")
    assert plain(third["result"]["transcript"]) == LONGER_WORDS


@pytest.mark.inventory("EX-005")
async def test_an_address_inside_this_network_is_not_fetched(
    asr: httpx.AsyncClient, server: LiveServer
) -> None:
    for url in (server.url, "http://[::1]/a.wav", "file:///etc/passwd", "nonsense", ""):
        answer = await asr.post("/transcribe-url", data={"url": url})
        assert answer.status_code == 400, url
        assert answer.json()["details"]["field"] == "url"


@pytest.mark.inventory("WH-095", "WH-097", "WH-098")
async def test_what_there_is(asr: httpx.AsyncClient) -> None:
    await sent(asr, SHORT)
    models = (await asr.get("/models")).json()
    by_name = {model["name"]: model for model in models["models"]}
    assert {"en-tiny", "en-in-tech-misc", "hinglish-loans", "zh", "whissle-large"} <= set(by_name)
    assert (by_name["en-tiny"]["weights"], by_name["en-tiny"]["loaded"]) == (
        "whisper-tiny.en",
        True,
    )
    assert by_name[models["default"]]["default"]
    assert all(model["lacks"] and model["note"] for model in models["models"])
    assert (await asr.get("/intents", params={"model": "x"})).status_code == 400
    languages = {each["code"]: each for each in (await asr.get("/languages")).json()["languages"]}
    assert {"en", "hi", "zh", "ja", "ko", "es", "fr", "de"} <= set(languages)
    assert languages["en"]["kenlm"] is True
    assert languages["hi"]["kenlm"] is False
    loaded = {model["id"] for model in (await asr.get("/status")).json()["models"]}
    assert "whisper-tiny.en" in loaded


@pytest.mark.parametrize(("name", "value"), WRONG.items())
async def test_a_wrong_option_is_named(asr: httpx.AsyncClient, name: str, value: str) -> None:
    answer = await sent(asr, SHORT, **{name: value})
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["details"]["field"] == name
    assert name in answer.json()["error"]


async def test_an_option_given_twice_is_named(asr: httpx.AsyncClient) -> None:
    answer = await sent(asr, SHORT, n_best=["1", "2"])
    assert answer.status_code == 400
    assert answer.json()["details"]["field"] == "n_best"


def silent_film() -> bytes:
    """Of an MP4 the head alone: pictures are told of, and none come."""
    brand = b"isom\0\0\2\0isomiso2avc1mp41"
    return struct.pack(">I4s", 8 + len(brand), b"ftyp") + brand + struct.pack(">I4s", 8, b"moov")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no sound at all",
        bytes(10_000_000),
        wav(np.zeros(0)),
        LONGER.read_bytes()[:40],
        silent_film(),
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0data\4\0\0\0abcd",
        b"#EXTM3U\nfile:///etc/passwd\n",
    ],
    ids=["empty", "text", "10 MB of zeros", "no samples", "head", "film", "0 Hz", "playlist"],
)
@pytest.mark.parametrize("path", ["/transcribe", "/transcribe/clean"])
async def test_what_is_no_sound_is_a_4xx_that_names_the_file(
    asr: httpx.AsyncClient, path: str, content: bytes
) -> None:
    answer = await sent(asr, content, path)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.json()["details"]["field"] == "file"


@pytest.mark.parametrize(
    "samples", [np.zeros(1), np.zeros(32_000), np.full(3, 32767)], ids=["one", "silence", "three"]
)
async def test_where_nobody_speaks_the_transcript_is_empty(
    asr: httpx.AsyncClient, samples: "np.ndarray[Any, Any]"
) -> None:
    answer = await sent(asr, wav(samples), diarize="true", speech_analysis="true")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["transcript"], answer.json()["segments"]) == ("", [])


async def test_a_form_without_a_file_is_refused(asr: httpx.AsyncClient) -> None:
    missing = await asr.post("/transcribe", files={"diarize": (None, "true")})
    as_text = await asr.post("/transcribe", files={"file": (None, "no file")})
    for answer in (missing, as_text):
        assert answer.status_code == 400
        assert answer.json()["details"]["field"] == "file"
    assert (await asr.post("/transcribe", json={"file": "x"})).status_code == 415


@pytest.mark.inventory("EX-004")
async def test_nobody_is_heard_without_a_token(client: httpx.AsyncClient) -> None:
    answer = await client.post("/asr/transcribe", files={"file": SHORT.read_bytes()})
    assert answer.status_code == 401
    assert answer.json()["error"] == "API token required"


async def test_seconds_of_audio_are_counted(
    asr: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    made = (await admin.post("/auth/tokens", json={"user_id": "counted"})).json()["token"]
    headers = {"Authorization": f"Bearer {made}"}
    files = {"file": SHORT.read_bytes()}
    assert (await asr.post("/transcribe", files=files, data=TINY, headers=headers)).is_success
    use: list[dict[str, Any]] = []
    while not any(each["amounts"]["audio_s"] for each in use):
        found = await admin.get("/auth/usage", params={"user_id": "counted"})
        use = found.json()["usage"]
    (entry,) = use
    assert entry["endpoint"] == "/asr/transcribe"
    assert entry["amounts"]["audio_s"] == pytest.approx(1.9, abs=0.1)
