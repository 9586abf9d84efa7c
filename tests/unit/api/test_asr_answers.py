"""A transcript as the gateway's document shows it, with what our own models cannot tell yet."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from app.api.gateway.asr_answers import answer_of
from app.asr.conversation import ConversationTold, Failure
from app.asr.domain import Segment, Transcript, parse_request
from app.asr.recognition import Tag
from app.asr.text.entities import find_entities
from app.asr.text.words import Word
from app.core.not_applied import NotApplied

WORDS = (Word("Pay", 1.0, 1.3, 0.98), Word("$500.", 1.4, 1.6004, 0.95, spoken="five hundred"))
EMOTIONS = {"EMOTION_HAPPY": 0.12, "EMOTION_NEUTRAL": 0.82, "EMOTION_SAD": 0.06}
INTENTS = {"INTENT_PRICE_QUERY": 0.45, "INTENT_NOT_INTERESTED": 0.3, "INTENT_BALANCE_QUERY": 0.25}
SEGMENT = Segment(
    start_s=1.0,
    end_s=1.6004,
    text="Pay $500.",
    confidence=0.965,
    words=WORDS,
    language="en",
    speaker="SPEAKER_00",
    entities=tuple(find_entities(WORDS)),
    tags={
        "emotion": Tag("EMOTION_NEUTRAL", EMOTIONS),
        "intent": Tag("INTENT_PRICE_QUERY", INTENTS),
    },
)
TRANSCRIPT = Transcript(
    text="Pay $500.",
    raw="pay five hundred",
    language="en",
    language_probability=1,
    segments=(SEGMENT,),
    duration_s=5.2,
    inference_s=0.8231,
    model="whissle-large",
    decoder="beam_search_kenlm",
    num_speakers=2,
)


def answered(transcript: Transcript = TRANSCRIPT, **asked: Any) -> dict[str, Any]:
    return msgspec.to_builtins(answer_of(transcript, parse_request(asked)))


def test_the_documents_fields() -> None:
    body = answered(word_timestamps="true")
    (segment,) = body.pop("segments")
    assert body == {
        "transcript": "Pay $500.",
        "duration": 5.2,
        "inference_time": "0.823s",
        "model": "whissle-large",
        "decoder": "beam_search_kenlm",
        "language": "en",
        "num_speakers": 2,
    }
    assert segment["words"][1] == {"word": "$500.", "start": 1.4, "end": 1.6, "confidence": 0.95}
    nothing = dict.fromkeys(("behavior", "role", "eval", "age", "gender"))
    told = {"emotion": "EMOTION_NEUTRAL", "intent": "INTENT_PRICE_QUERY"}
    assert segment["metadata"] == told | nothing
    assert not {"metadata_probs", "structured_intents"} & set(segment)


@pytest.mark.inventory("EX-008")
def test_probabilities_are_a_dictionary_or_a_list_the_likeliest_first() -> None:
    as_dict = answered(metadata_prob="true")["segments"][0]["metadata_probs"]
    assert list(as_dict["emotion"].items()) == [
        ("EMOTION_NEUTRAL", 0.82),
        ("EMOTION_HAPPY", 0.12),
        ("EMOTION_SAD", 0.06),
    ]
    as_list = answered(metadata_prob="true", metadata_prob_format="list", top_k="2")
    assert as_list["segments"][0]["metadata_probs"]["emotion"] == [
        {"token": "EMOTION_NEUTRAL", "probability": 0.82},
        {"token": "EMOTION_HAPPY", "probability": 0.12},
    ]


def test_rounded_probabilities_are_one_together() -> None:
    thirds = Tag("a", {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3})
    many = Tag("0", {str(number): number / 465 for number in range(31)})
    segment = replace(SEGMENT, tags={"own": thirds, "many": many})
    body = answered(replace(TRANSCRIPT, segments=(segment,)), metadata_prob="true")
    shown = body["segments"][0]["metadata_probs"]
    assert sorted(shown["own"].values()) == [0.3333, 0.3333, 0.3334]
    assert sum(round(share * 10_000) for share in shown["many"].values()) == 10_000
    assert body["segments"][0]["metadata"]["own"] == "a"


def test_the_likeliest_stays_so_where_rounding_makes_others_equal() -> None:
    shares = {"INTENT_BALANCE_QUERY": 0.49996, "INTENT_NOT_INTERESTED": 0.50004}
    tags = {"intent": Tag("INTENT_NOT_INTERESTED", shares)}
    transcript = replace(TRANSCRIPT, segments=(replace(SEGMENT, tags=tags),))
    body = answered(transcript, metadata_prob="true", structured_intents="true", top_k="1")
    told = body["segments"][0]
    assert told["metadata_probs"] == {"intent": {"INTENT_NOT_INTERESTED": 0.5}}
    assert told["structured_intents"]["speech_act"] == {
        "label": "SPEECH_ACT_REFUSE",
        "probability": 0.5,
        "probabilities": {"SPEECH_ACT_REFUSE": 0.5},
    }


@pytest.mark.inventory("WH-065")
def test_intents_are_told_in_two_tiers() -> None:
    tiers = answered(structured_intents="true")["segments"][0]["structured_intents"]
    assert tiers["speech_act"] == {
        "label": "SPEECH_ACT_ASK",
        "probability": 0.7,
        "probabilities": {"SPEECH_ACT_ASK": 0.7, "SPEECH_ACT_REFUSE": 0.3},
    }
    assert (tiers["domain"]["label"], tiers["domain"]["probability"]) == ("DOMAIN_SALES", 0.75)
    unlikely = Tag(
        "INTENT_OTHER", {"INTENT_CANCEL": 0.39, "INTENT_OTHER": 0.21, "INTENT_HOLD": 0.4}
    )
    vague = replace(TRANSCRIPT, segments=(replace(SEGMENT, tags={"intent": unlikely}),))
    tiers = answered(vague, structured_intents="true", top_k="1")["segments"][0]
    assert tiers["structured_intents"]["domain"] == {
        "label": "DOMAIN_OTHER",
        "probability": 0.21,
        "probabilities": {"DOMAIN_CONVERSATION": 0.4},
    }
    without = replace(TRANSCRIPT, segments=(replace(SEGMENT, tags={}),))
    body = answered(without, structured_intents="true")
    assert body["segments"][0]["structured_intents"] is None


@pytest.mark.inventory("WH-081", "EX-009")
def test_entities_have_the_names_of_every_client() -> None:
    assert answered()["segments"][0]["entities"] == [
        {
            "type": "MONEY",
            "value": "$500",
            "raw": "five hundred",
            "entity": "MONEY",
            "text": "$500",
        }
    ]


def test_what_was_asked_in_vain_is_said() -> None:
    vain = replace(TRANSCRIPT, not_applied=(NotApplied("top_k", "no heads"),))
    assert answered(vain, top_k="3")["not_applied"] == [{"option": "top_k", "reason": "no heads"}]


@pytest.mark.inventory("WH-083", "WH-084")
def test_what_is_said_of_the_conversation_comes_with_who_said_it() -> None:
    told = ConversationTold(
        summary="## Overview",
        analysis={"overall_score": 7},
        computed={"turns": 2},
        model="claude sonnet",
        tokens=120,
        notes=("Read in 2 parts",),
    )
    body = answered(replace(TRANSCRIPT, told=told), summarize="sales_coaching")
    assert (body["summary"], body["analysis"]) == ("## Overview", {"overall_score": 7})
    assert body["analysis_details"] == {
        "model": "claude sonnet",
        "tokens": 120,
        "notes": ["Read in 2 parts"],
        "computed": {"turns": 2},
    }
    assert "summary_error" not in body


def test_why_nothing_is_said_of_it_comes_instead() -> None:
    failed = ConversationTold(failure=Failure("model_overloaded", "claude takes no more for now"))
    body = answered(replace(TRANSCRIPT, told=failed), summarize="true")
    assert (body["summary"], body["analysis"]) == (None, None)
    assert body["summary_error"] == {
        "code": "model_overloaded",
        "error": "claude takes no more for now",
    }
    assert "analysis_details" not in body
