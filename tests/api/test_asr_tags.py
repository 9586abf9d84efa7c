"""What recognition tells beside words, over the wire: of recordings, of streams, and what there is
to be told."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest

from app.asr.tags.labels import GENERAL_INTENTS, LOAN_INTENTS
from tests.api.conftest import LiveServer
from tests.api.recordings import LONGER

SHOWN = {"emotion", "behavior", "role", "eval", "age", "gender", "intent"}
VOICE = ["emotion", "age", "gender"]


@pytest.fixture
async def asr(server: LiveServer) -> AsyncGenerator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {server.token}"}
    base = f"{server.url}/asr"
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as client:
        yield client


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
