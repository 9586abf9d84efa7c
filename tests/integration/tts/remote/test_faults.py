"""Vendors that refuse, fail, stall, break off or answer with something else."""

import asyncio
import json
from contextlib import aclosing
from typing import Any

import pytest

from app.core.audio.wav import wav_header
from app.core.errors import AppError
from app.core.http import OutboundFailed, OutboundTimedOut
from app.core.http.limits import OutboundLimits
from app.core.setting_fields import Secret
from app.tts.engines import chosen, remote
from app.tts.engines.remote import SpeakerFailed, SpeakerOverloaded, SpeakerRefused
from tests.fakes.speech_vendors import KEY, Answer, said
from tests.integration.tts.remote.conftest import (
    FAKES,
    Speaking,
    sentence,
    sound_of,
    speaking,
)

TEXT = "The boy was there when the sun rose."
PCM = b"\x01\x02" * 5000
BUSY = said(429, {"error": {"message": "slow down", "code": "rate_limit_exceeded"}})
DOWN = Answer(503, "text/html", [b"<h1>Service Unavailable</h1>"])


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "WAITS_S", (0.01, 0.02))


async def fault_of(speaking: Speaking, **manner: Any) -> AppError:
    with pytest.raises(AppError) as raised:
        await speaking.say(TEXT, **manner)
    told = raised.value.message + json.dumps(raised.value.details)
    assert KEY not in told
    return raised.value


@pytest.mark.parametrize(
    ("engine", "vendor"),
    [("openai", "The speech server"), ("elevenlabs", "ElevenLabs"), ("sarvam", "Sarvam")],
)
async def test_a_wrong_key_is_told_and_not_tried_again(engine: str, vendor: str) -> None:
    async with speaking(engine, api_key=Secret(f"{KEY}-not")) as asked:
        fault = await fault_of(asked)
    assert isinstance(fault, SpeakerRefused)
    assert fault.message == f"The key of {vendor} was refused"
    assert (fault.status, len(asked.vendor.asked)) == (502, 1)


@pytest.mark.parametrize(
    "answer",
    [
        said(402, {"error": "Payment Required"}),
        said(401, {"detail": {"status": "quota_exceeded", "message": "You have 3 credits"}}),
        said(429, {"error": {"code": "insufficient_quota_error", "message": "x"}}),
        said(429, {"error": {"type": "insufficient_quota", "code": None, "message": "x"}}),
    ],
)
async def test_an_account_without_credit_is_told_from_a_wrong_key_and_from_haste(
    any_vendor: Speaking, answer: Answer
) -> None:
    any_vendor.vendor.scripted = [answer]
    fault = await fault_of(any_vendor)
    assert isinstance(fault, SpeakerRefused)
    assert "has no credit left" in fault.message
    assert len(any_vendor.vendor.asked) == 1


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            said(422, {"detail": [{"loc": ["body", "text"], "msg": "Field required"}]}),
            "does not accept the request (status 422)",
        ),
        (
            said(400, {"error": {"message": "No voice\nof\x00 that name", "code": 400}}),
            "does not accept the request: No voice of that name",
        ),
        (said(404, {"detail": "Not Found"}), "does not accept the request: Not Found"),
        (said(400, {"error": {"message": "x" * 9000}}), f"request: {'x' * 200}"),
        (Answer(418, "text/html", [b"<html>"]), "does not accept the request (status 418)"),
    ],
)
async def test_what_is_not_accepted_is_told_in_the_vendor_s_words(
    any_vendor: Speaking, answer: Answer, sentence: str
) -> None:
    any_vendor.vendor.scripted = [answer]
    fault = await fault_of(any_vendor)
    assert isinstance(fault, SpeakerRefused)
    assert fault.message.endswith(sentence)
    assert len(any_vendor.vendor.asked) == 1


@pytest.mark.parametrize("passing", [BUSY, DOWN, Answer(0, "", [], cut=True)])
async def test_what_may_pass_is_tried_again(any_vendor: Speaking, passing: Answer) -> None:
    any_vendor.vendor.scripted = [passing, passing]
    assert sound_of(await any_vendor.say(TEXT)).size
    assert len(any_vendor.vendor.asked) == 3
    assert len({json.dumps(body) for body in any_vendor.bodies}) == 1


@pytest.mark.parametrize(
    ("passing", "kind"),
    [(BUSY, SpeakerOverloaded), (DOWN, SpeakerFailed), (Answer(0, "", [], cut=True), AppError)],
)
async def test_three_times_and_no_more(
    any_vendor: Speaking, passing: Answer, kind: type[AppError]
) -> None:
    any_vendor.vendor.scripted = [passing] * 3
    fault = await fault_of(any_vendor)
    assert isinstance(fault, kind)
    assert len(any_vendor.vendor.asked) == 3


async def test_a_vendor_that_says_later_is_believed(any_vendor: Speaking) -> None:
    any_vendor.vendor.scripted = [said(429, {}, **{"retry-after": "60"})]
    fault = await fault_of(any_vendor)
    assert (fault.status, fault.details["retry_after_s"]) == (503, 60)
    assert len(any_vendor.vendor.asked) == 1


@pytest.mark.parametrize("engine", ["openai", "elevenlabs"])
async def test_after_the_first_sound_nothing_is_tried_again(engine: str) -> None:
    async with speaking(engine) as asked:
        await asked.say(TEXT)
        whole = asked.vendor.answer(asked.vendor.asked[0])
        asked.vendor.scripted = [Answer(200, whole.kind, whole.pieces[:3], cut=True)]
        heard = 0
        with pytest.raises(OutboundFailed, match="broke off"):
            async with aclosing(asked.engine.speak([sentence(TEXT)], asked.manner())) as chunks:
                async for chunk in chunks:
                    heard += chunk.samples.size
        assert heard
        assert len(asked.vendor.asked) == 2


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "video/mp4"])
async def test_a_page_is_not_played(any_vendor: Speaking, kind: str) -> None:
    any_vendor.vendor.scripted = [Answer(200, kind, [b"<!doctype html>" * 50])]
    fault = await fault_of(any_vendor)
    assert isinstance(fault, SpeakerFailed)
    assert f"answers with {kind.partition(';')[0]}" in fault.message


@pytest.mark.parametrize(
    ("engine", "answer", "sentence"),
    [
        ("openai", Answer(200, "audio/pcm", []), "sent no sound"),
        ("openai", Answer(200, "audio/pcm", [b"\x01"]), "sent no sound"),
        (
            "openai",
            Answer(200, "audio/wav", [wav_header(24000), PCM]),
            "sends a file where bare samples were asked for",
        ),
        ("elevenlabs", Answer(200, "application/json", [b""]), "sent no sound"),
        (
            "elevenlabs",
            Answer(200, "application/json", [b'{"audio_base64": "%%"}\n']),
            "sends lines that cannot be read",
        ),
        ("elevenlabs", Answer(200, "application/json", [b"<html>\n"]), "cannot be read"),
        ("sarvam", said(200, {"audios": []}), "sent no sound"),
        ("sarvam", said(200, {"audios": ["UklGRg=="]}), "sends sound that cannot be read"),
        ("sarvam", said(200, {"request_id": "1"}), "sends an answer that cannot be read"),
    ],
)
async def test_what_is_no_speech_is_a_sentence(engine: str, answer: Answer, sentence: str) -> None:
    async with speaking(engine) as asked:
        asked.vendor.scripted = [answer]
        fault = await fault_of(asked)
    assert isinstance(fault, SpeakerFailed)
    assert fault.message.endswith(sentence)


async def test_another_rate_than_was_asked_for_is_not_played() -> None:
    async with speaking("sarvam") as asked:
        asked.vendor.rate = 22050
        fault = await fault_of(asked)
    assert fault.message == "Sarvam sends sound at 22050 Hz in 1 channels"


@pytest.mark.parametrize("engine", FAKES)
@pytest.mark.parametrize("status", [0, 200])
async def test_a_vendor_that_stalls_is_given_up(
    engine: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the head of its answer, and behind it."""
    monkeypatch.setattr(chosen, "LIMITS", OutboundLimits(read_s=0.2))
    kind = "audio/pcm" if engine == "openai" else "application/json"
    async with speaking(engine) as asked:
        asked.vendor.scripted = [Answer(status, kind, [], hangs=True)]
        fault = await fault_of(asked)
        async with asyncio.timeout(2):
            await asked.vendor.left.wait()
    assert isinstance(fault, OutboundTimedOut)
    assert len(asked.vendor.asked) == 1


async def test_who_stops_listening_hangs_up() -> None:
    async with speaking("openai") as asked:
        asked.vendor.scripted = [Answer(200, "audio/pcm", [PCM], hangs=True)]
        async with aclosing(asked.engine.speak([sentence(TEXT)], asked.manner())) as chunks:
            assert (await anext(chunks)).samples.size
            assert not asked.vendor.left.is_set()
        async with asyncio.timeout(2):
            await asked.vendor.left.wait()


@pytest.mark.parametrize("engine", FAKES)
async def test_who_is_cancelled_while_waiting_hangs_up(engine: str) -> None:
    async with speaking(engine) as asked:
        asked.vendor.scripted = [Answer(0, "", [], hangs=True)]
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await asked.say(TEXT)
        async with asyncio.timeout(2):
            await asked.vendor.left.wait()


async def test_a_server_that_is_not_there() -> None:
    async with speaking("openai", base_url="http://127.0.0.1:9") as asked:
        with pytest.raises(OutboundFailed, match="accepts no connection"):
            await asked.say(TEXT)
