"""What recognition tells beside words, over the wire: of recordings, of streams, and what there is
to be told."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from app.asr.tags.labels import (
    CATEGORIES,
    GENERAL_INTENTS,
    LOAN_INTENTS,
    NOTHING_NAMED,
    Kind,
)
from app.core.audio.convert import int16_from_float
from app.core.audio.decode import DecodeLimits, decode_audio
from tests.api.conftest import LiveServer
from tests.api.recordings import LONGER, SHORT

SHOWN = {"emotion", "behavior", "role", "eval", "age", "gender", "intent"}
VOICE = ["emotion", "age", "gender"]
BEHAVIORS = (
    "EXPLAIN QUESTION_OPEN QUESTION_CLOSED ACKNOWLEDGE DIRECT EVALUATE STRUCTURE THINK_ALOUD "
    "INFORM REASON ABILITY COMMIT ADVISE REFLECT AFFIRM FACILITATE FILLER EXPRESS FOLLOW_NEUTRAL "
    "RAISE_CONCERN REFRAME SUPPORT CONFRONT WARN"
)
EVALS = "NONE CORRECT PROBE PARTIAL INCORRECT HINT SKIP"
"""As the document lists both."""


async def sent(asr: httpx.AsyncClient, **options: Any) -> httpx.Response:
    return await asr.post("/transcribe", files={"file": LONGER.read_bytes()}, data=options)


@pytest.mark.inventory("WH-118", "WH-065", "WH-066")
async def test_the_fastest_model_tells_words_alone_and_says_so(asr: httpx.AsyncClient) -> None:
    asked = {
        "metadata_prob": "true",
        "top_k": "2",
        "structured_intents": "true",
        "intent_labels": "INTENT_THANKS",
    }
    body = (await sent(asr, model="en-tiny", **asked)).json()
    for segment in body["segments"]:
        assert segment["metadata"] == dict.fromkeys(SHOWN)
        assert segment["metadata_probs"] == {}
        assert segment["structured_intents"] is None
    assert {each["option"] for each in body["not_applied"]} == set(asked)
    plain = (await sent(asr, model="en-tiny")).json()
    assert not {"metadata_probs", "structured_intents"} & set(plain["segments"][0])
    assert "not_applied" not in plain


@pytest.mark.inventory("WH-066")
@pytest.mark.parametrize("later", ["false", "true"])
async def test_an_intent_that_the_model_does_not_tell_is_refused(
    asr: httpx.AsyncClient, later: str
) -> None:
    asked = {"model": "whissle-large", "intent_labels": "INTENT_THANKS,INTENT_CLAIMS_PAID"}
    answer = await sent(asr, **asked, **{"async": later})
    assert answer.status_code == 422, answer.text
    refused = answer.json()
    assert "INTENT_CLAIMS_PAID" in refused["error"]
    assert refused["details"] == {"field": "intent_labels", "known": list(GENERAL_INTENTS)}


@pytest.mark.inventory("WH-095", "WH-117")
async def test_models_say_what_they_tell(asr: httpx.AsyncClient) -> None:
    models = {each["name"]: each for each in (await asr.get("/models")).json()["models"]}
    assert models["en-tiny"]["metadata"] == []
    assert models["en-in-tech-misc"]["metadata"] == [*VOICE, "behavior", "eval", "role", "intent"]
    assert models["hinglish-loans"]["metadata"] == [*VOICE, "intent", "role"]
    assert models["zh"]["metadata"] == VOICE
    assert "dialect" in models["zh"]["lacks"]
    assert "learned from English" in models["zh"]["note"]
    assert models["whissle-large"]["metadata"] == [*VOICE, "intent"]
    assert "emotion" in models["en-tiny"]["lacks"]


@pytest.mark.inventory(
    "WH-096", "WH-157", "WH-158", "WH-159", "WH-160", "WH-161", "WH-162", "WH-163", "WH-164",
    "WH-165", "WH-166", "WH-167", "WH-168", "WH-169", "WH-176",
)  # fmt: skip
async def test_intents_of_each_model_are_listed(asr: httpx.AsyncClient) -> None:
    usual = (await asr.get("/intents")).json()
    assert (usual["model"], len(usual["intents"])) == ("en-in-tech-misc", 31)
    loans = (await asr.get("/intents", params={"model": "hinglish-loans"})).json()
    assert loans["intents"] == [
        *("INTENT_GREETING", "INTENT_IDENTITY_VERIFY", "INTENT_PAYMENT_REMINDER"),
        *("INTENT_PAYMENT_INSTRUCTION", "INTENT_CLAIMS_PAID", "INTENT_PROMISE_TO_PAY"),
        *("INTENT_PAYMENT_QUERY", "INTENT_AMOUNT_DISPUTE", "INTENT_FINANCIAL_HARDSHIP"),
        *("INTENT_COMPLAINT", "INTENT_URGENCY_PRESSURE", "INTENT_ACKNOWLEDGMENT", "INTENT_OTHER"),
    ]
    assert (
        len((await asr.get("/intents", params={"model": "whissle-large"})).json()["intents"]) == 31
    )
    for model in ("en-tiny", "zh"):
        none = (await asr.get("/intents", params={"model": model})).json()
        assert (none["intents"], none["note"]) == ([], f"{model} tells no intents")
    assert set(usual["by_model"]) == {"en-in-tech-misc", "hinglish-loans", "whissle-large"}
    assert set(usual["tiers"]) == {*GENERAL_INTENTS, *LOAN_INTENTS}
    assert usual["tiers"]["INTENT_PRICE_QUERY"] == {
        "speech_act": "SPEECH_ACT_ASK",
        "domain": "DOMAIN_SALES",
    }
    assert {each["speech_act"] for each in usual["tiers"].values()} == set(usual["speech_acts"])
    assert {each["domain"] for each in usual["tiers"].values()} == set(usual["domains"])


async def said(server: LiveServer, text: str) -> bytes:
    headers = {"Authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60) as client:
        answer = await client.post("/tts/synthesize", json={"text": text, "format": "wav"})
    assert answer.status_code == 200, answer.text
    return answer.content


async def heard(asr: httpx.AsyncClient, sound: bytes, **options: Any) -> dict[str, Any]:
    """The one segment of a recording."""
    answer = await asr.post("/transcribe", files={"file": sound}, data=options)
    assert answer.status_code == 200, answer.text
    (segment,) = answer.json()["segments"]
    return segment


@pytest.mark.inventory("WH-065", "WH-066", "WH-078", "WH-176")
async def test_what_is_meant_is_told(server: LiveServer, asr: httpx.AsyncClient) -> None:
    sound = await said(server, "I would like to cancel my subscription, please.")
    told = await heard(asr, sound, model="whissle-large", structured_intents="true", top_k="1")
    assert told["metadata"]["intent"] == "INTENT_CANCEL"
    tiers = told["structured_intents"]
    assert tiers["speech_act"]["label"] == "SPEECH_ACT_REQUEST"
    assert tiers["domain"]["label"] == "DOMAIN_SUPPORT"
    assert list(tiers["domain"]["probabilities"]) == ["DOMAIN_SUPPORT"]
    among = {"intent_labels": "INTENT_GREETING,INTENT_REFUND_REQUEST", "metadata_prob": "true"}
    told = await heard(asr, sound, model="whissle-large", **among)
    assert told["metadata"]["intent"] == "INTENT_REFUND_REQUEST"
    shares = told["metadata_probs"]["intent"]
    assert set(shares) == {"INTENT_GREETING", "INTENT_REFUND_REQUEST"}
    assert sum(shares.values()) == pytest.approx(1)


@pytest.mark.inventory(
    "WH-123", "WH-124", "WH-125", "WH-126", "WH-127", "WH-128", "WH-129", "WH-130", "WH-131",
    "WH-132", "WH-133", "WH-134", "WH-135", "WH-136", "WH-137", "WH-138", "WH-139", "WH-140",
    "WH-141", "WH-142", "WH-143", "WH-144", "WH-145", "WH-146", "WH-148", "WH-149", "WH-150",
    "WH-151", "WH-152", "WH-153", "WH-154", "WH-155", "WH-156",
)  # fmt: skip
async def test_the_documented_labels_of_interviews_are_told(asr: httpx.AsyncClient) -> None:
    asked = {"model": "en-in-tech-misc", "metadata_prob": "true"}
    told = (await heard(asr, LONGER.read_bytes(), **asked))["metadata_probs"]
    assert {f"BEHAVIOR_{name}" for name in BEHAVIORS.split()} <= set(told["behavior"])
    assert {f"EVAL_{name}" for name in EVALS.split()} <= set(told["eval"])
    assert {"ROLE_INTERVIEWER", "ROLE_INTERVIEWEE"} <= set(told["role"])


@pytest.mark.inventory(
    "WH-170", "WH-171", "WH-172",
)  # fmt: skip
async def test_the_documented_roles_of_calls_about_loans_are_told(asr: httpx.AsyncClient) -> None:
    asked = {"model": "hinglish-loans", "language": "en", "metadata_prob": "true"}
    told = (await heard(asr, LONGER.read_bytes(), **asked))["metadata_probs"]
    assert set(told["role"]) == {"ROLE_AGENT", "ROLE_CUSTOMER", "ROLE_OTHER"}


@pytest.mark.inventory("WH-119", "WH-120", "WH-122")
async def test_the_documented_labels_of_the_voice_are_told(asr: httpx.AsyncClient) -> None:
    asked = {"model": "en-in-tech-misc", "metadata_prob": "true"}
    told = (await heard(asr, LONGER.read_bytes(), **asked))["metadata_probs"]
    assert set(told["emotion"]) == {
        f"EMOTION_{each}" for each in ("NEUTRAL", "HAPPY", "SAD", "ANGRY", "FEAR", "SURPRISE")
    }
    assert set(told["age"]) == {
        "AGE_0_18", "AGE_18_30", "AGE_30_45", "AGE_45_60", "AGE_60+",
    }  # fmt: skip
    assert set(told["gender"]) == {"GENDER_MALE", "GENDER_FEMALE"}


@pytest.mark.inventory("WH-053", "WH-079", "WH-117")
@pytest.mark.parametrize(
    ("model", "kind"), [("en-in-tech-misc", "interview"), ("hinglish-loans", "loans")]
)
async def test_every_label_of_the_words_is_told_how_likely_it_is(
    asr: httpx.AsyncClient, model: str, kind: Kind
) -> None:
    told = await heard(asr, LONGER.read_bytes(), model=model, language="en", metadata_prob="true")
    for category, labels in CATEGORIES[kind].items():
        shares = told["metadata_probs"][category]
        assert set(shares) == set(labels)
        assert sum(shares.values()) == pytest.approx(1)
        assert [*shares.values()] == sorted(shares.values(), reverse=True)
        assert told["metadata"][category] == label_of(shares)
    plain = await heard(asr, LONGER.read_bytes(), model=model, language="en")
    assert "metadata_probs" not in plain
    assert plain["metadata"] == told["metadata"]


@pytest.mark.inventory("WH-110", "WH-112")
async def test_a_final_of_a_stream_tells_what_the_recording_tells(
    server: LiveServer, asr: httpx.AsyncClient
) -> None:
    config = {"type": "config", "model": "en-in-tech-misc", "metadata_prob": True}
    address = f"{server.url.replace('http', 'ws')}/asr/stream?token={server.token}"
    async with connect(address, max_queue=None) as socket:
        await socket.send(json.dumps(config | {"intent_labels": "INTENT_CLAIMS_PAID"}))
        refused = json.loads(await socket.recv())
        assert (refused["type"], refused["code"]) == ("error", "intent_unknown")
        await socket.send(json.dumps(config))
        await socket.send(pcm(SHORT))
        await socket.send(json.dumps({"type": "end"}))
        messages = [json.loads(message) async for message in socket]
    (final,) = [each for each in messages if each.get("is_final")]
    assert set(final["metadata"]) == SHOWN
    told = await heard(asr, SHORT.read_bytes(), model="en-in-tech-misc", metadata_prob="true")
    assert set(final["metadata_probs"]) == set(told["metadata_probs"])
    for category in CATEGORIES["interview"]:
        assert final["metadata"][category] == label_of(final["metadata_probs"][category])


def label_of(shares: dict[str, float]) -> str:
    """As docs/tags.md says."""
    likeliest, share = max(shares.items(), key=lambda each: each[1])
    return likeliest if share >= 0.35 else next(each for each in shares if each in NOTHING_NAMED)


def pcm(recording: Path) -> bytes:
    limits = DecodeLimits(60, 60)
    sound = decode_audio(recording, sample_rate=16_000, limits=limits)
    return int16_from_float(sound).tobytes()
