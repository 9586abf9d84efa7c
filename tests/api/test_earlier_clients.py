"""Recordings as earlier client libraries send them."""

import httpx
import pytest

from tests.api.recordings import SHORT

SAID = "in being comparatively modern."
UPLOAD = {"audio": ("speech.ogg", SHORT.read_bytes())}
PATHS = ("/agent/transcribe/simple", "/v1/conversation/STT", "/v1/conversation/DiarizeSTT")


@pytest.mark.inventory("EX-022")
async def test_simple(admin: httpx.AsyncClient) -> None:
    answer = (await admin.post("/agent/transcribe/simple", files=UPLOAD)).json()
    assert answer["success"] is True
    assert answer["transcript"].lower() == SAID


@pytest.mark.inventory("EX-037", "EX-038")
async def test_a_conversation(admin: httpx.AsyncClient) -> None:
    models = (await admin.get("/v1/list-asr-models")).json()
    assert {"model": "en-tiny"} in models
    answer = await admin.post(
        "/v1/conversation/STT", params={"model_name": "en-tiny"}, files=UPLOAD
    )
    said = answer.json()
    assert said["transcript"].lower() == SAID
    assert said["language_code"] == "en"
    assert " ".join(word["word"] for word in said["timestamps"]) == said["transcript"]
    assert 1.5 < said["duration_seconds"] < 2.5


@pytest.mark.inventory("EX-039")
async def test_a_conversation_by_speaker(admin: httpx.AsyncClient) -> None:
    answer = (await admin.post("/v1/conversation/DiarizeSTT", files=UPLOAD)).json()
    (turn,) = answer["diarize_output"]
    assert turn["speaker_id"] == "SPEAKER_00"
    assert turn["text"] == answer["transcript"]


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_wrong_is_named(admin: httpx.AsyncClient, path: str) -> None:
    for files in ({"file": b"x"}, {"audio": b"no sound"}):
        answer = await admin.post(path, files=files)
        assert 400 <= answer.status_code < 500
        assert answer.json()["details"]["field"] in {"audio", "file"}


async def test_an_unknown_model_is_named(admin: httpx.AsyncClient) -> None:
    answer = await admin.post("/v1/conversation/STT?model_name=nothing", files=UPLOAD)
    assert answer.status_code == 400
    assert "nothing" in answer.json()["error"]
