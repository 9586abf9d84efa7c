"""What is asked of a model for each kind of analysis, and what of its answers is believed."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from app.core.errors import Unavailable
from app.llm.analysis.asking import AnswerUnusable
from app.llm.analysis.domain import Conversation
from app.llm.analysis.modest import UNRELIABLE
from app.llm.analysis.reading import estimate_tokens
from app.llm.analysis.sales import PRACTICES
from app.llm.conversation import ModelRefused, Prompt
from tests.unit.llm.analysis.scripted import (
    CALL,
    LONG,
    SWITCHED,
    ScriptedThinker,
    analysed,
    in_turn,
    said,
)


def practice(score: int | None, *evidence: tuple[int, str]) -> dict[str, Any]:
    cited = [{"segment": segment, "quote": quote} for segment, quote in evidence]
    return {"score": score, "comment": "So so.", "evidence": cited}


COACHED: dict[str, Any] = {
    **dict.fromkeys(PRACTICES, practice(None)),
    "greeting": practice(8, (0, "good morning"), (1, "good morning")),
    "next_steps": practice(5, (2, "I will send you the moon")),
    "buyer_outcome": "interested",
    "highlights": [
        {
            "kind": "strength",
            "text": "Opened well.",
            "evidence": [{"segment": 0, "quote": "how can I help you"}],
        }
    ],
    "summary": "A call about a plan.",
}
BEHAVIORS = {
    "behaviors": [
        {"segment": 0, "behavior": "greeting"},
        {"segment": 1, "behavior": "question"},
        {"segment": 2, "behavior": "next_steps"},
        {"segment": 9, "behavior": "closing"},
    ]
}
CHECKED: dict[str, Any] = {
    "identity_verification": {"met": False, "comment": "Not asked.", "evidence": []},
    "reason_stated": {"met": True, "comment": "Said.", "evidence": [{"segment": 1, "quote": "x"}]},
    "amount_mentioned": {
        "met": True,
        "comment": "Said.",
        "evidence": [{"segment": 2, "quote": "$40 a month"}],
    },
    "no_harassment": {"met": None, "comment": "Too short.", "evidence": []},
    "call_outcome": "no_agreement",
    "customer_sentiment": "neutral",
    "next_action": "Send the offer.",
    "summary": "A short call.",
}
SUMMED: dict[str, Any] = {
    "overview": "A customer asks for a price.",
    "participants": [{"speaker": "SPEAKER_00", "description": "the seller"}],
    "key_topics": ["price"],
    "emotional_dynamics": "Calm.",
    "entities": [
        {"kind": "PRODUCT", "name": "the plan", "segment": 1},
        {"kind": "ORG", "name": "Acme", "segment": 1},
    ],
    "outcome": "An offer follows.",
}


def coach(prompt: Prompt) -> str:
    return json.dumps(BEHAVIORS if "one label for each" in prompt.messages[0].text else COACHED)


@pytest.mark.inventory("WH-178", "WH-179", "WH-180", "WH-181", "WH-182", "WH-183")
async def test_sales_coaching_keeps_scores_and_only_what_was_said_as_evidence() -> None:
    thinker = ScriptedThinker(coach)
    found = await analysed(thinker, "sales_coaching")
    assert found.summary == "A call about a plan."
    assert found.analysis is not None
    assert found.analysis["overall_score"] == 6.5
    assert list(found.analysis["practices"]) == list(PRACTICES)
    greeting = found.analysis["practices"]["greeting"]
    assert (greeting["score"], greeting["has_evidence"]) == (8, True)
    assert greeting["evidence"] == [
        {"segment": 0, "speaker": "SPEAKER_00", "start": 0, "end": 2, "quote": "good morning"}
    ]
    steps = found.analysis["practices"]["next_steps"]
    assert (steps["score"], steps["has_evidence"], steps["evidence"]) == (5, False, [])
    closing = found.analysis["practices"]["closing"]
    assert closing["score"] is None
    assert "occasion" in closing["reason"]
    assert found.analysis["buyer_outcome"] == "interested"
    assert found.analysis["highlights"][0]["evidence"][0]["quote"] == "how can I help you"
    assert [(each["segment"], each["behavior"]) for each in found.analysis["behaviors"]] == [
        (0, "greeting"),
        (1, "question"),
        (2, "next_steps"),
    ]
    assert any("3 citations" in note for note in found.notes)
    assert found.model == "claude scripted"
    assert (found.usage.input_tokens, found.usage.output_tokens) == (200, 20)


async def test_behaviors_that_the_recognizer_heard_are_not_asked_for() -> None:
    thinker = ScriptedThinker(coach)
    heard = [replace(each, labels={"behavior": "BEHAVIOR_DIRECT"}) for each in CALL.utterances]
    found = await analysed(thinker, "sales_coaching", replace(CALL, utterances=tuple(heard)))
    assert found.analysis is not None
    assert {each["source"] for each in found.analysis["behaviors"]} == {"recognizer"}
    assert len(found.analysis["behaviors"]) == 4
    assert len(thinker.asked) == 1


@pytest.mark.inventory("WH-184", "WH-185", "WH-186", "WH-187", "WH-188")
async def test_collections_checks_each_rule() -> None:
    found = await analysed(ScriptedThinker(lambda _: json.dumps(CHECKED)), "collections")
    assert found.analysis is not None
    compliance = found.analysis["compliance"]
    assert {name: (each["met"], each["has_evidence"]) for name, each in compliance.items()} == {
        "identity_verification": (False, False),
        "reason_stated": (True, False),
        "amount_mentioned": (True, True),
        "no_harassment": (None, False),
    }
    assert found.analysis["compliance_score"] == 0.67
    assert found.analysis["call_outcome"] == "no_agreement"
    assert found.analysis["customer_sentiment"] == "neutral"
    assert found.analysis["next_action"] == "Send the offer."


@pytest.mark.inventory("WH-189")
async def test_the_summary_has_its_six_sections_with_numbers_from_code() -> None:
    found = await analysed(ScriptedThinker(lambda _: json.dumps(SUMMED)), "true")
    titles = re.findall("^## (.*)$", found.summary, re.MULTILINE)
    assert titles == [
        *("Overview", "Participants", "Key topics", "Emotional dynamics", "Entities", "Outcome"),
    ]
    assert "**SPEAKER_00** (50% of the speech in 2 turns" in found.summary
    assert "the seller" in found.summary
    assert "- PRODUCT: the plan" in found.summary
    assert "Acme" not in found.summary
    assert found.analysis is None
    assert found.computed.questions == 1


@pytest.mark.inventory("WH-190")
async def test_any_other_mode_is_the_prompt_over_every_segment_and_its_labels() -> None:
    labels = {"emotion": "E", "intent": "I", "behavior": "B", "age": "A", "gender": "G"}
    talk = said(("X", "Hello."), ("Y", "Yes."), labels=labels | {"role": "R"})
    thinker = ScriptedThinker(lambda _: "  They greet. ")
    found = await analysed(thinker, "Who greets?", talk)
    assert (found.summary, found.analysis) == ("They greet.", None)
    (prompt,) = thinker.asked
    told = "(emotion: E, intent: I, behavior: B, age: A, gender: G, role: R)"
    assert f"| [0] X 0:00 {told}: Hello.\n| [1] Y 0:03 {told}: Yes.\n" in prompt.messages[0].text
    assert prompt.messages[0].text.endswith("Who greets?")
    assert prompt.schema is None


@pytest.mark.inventory("WH-190")
async def test_a_prompt_may_ask_for_json() -> None:
    answer = 'Here it is:\n```json\n{"empathy": 7, "why": {"a": [1]}}\n```'
    found = await analysed(ScriptedThinker(lambda _: answer), "Score empathy. Return JSON.")
    assert (found.summary, found.analysis) == (answer, {"empathy": 7, "why": {"a": [1]}})


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (
            json.dumps(COACHED | {"greeting": practice(11)}),
            "greeting.score: Expected `int` \u2039= 10",
        ),
        (
            json.dumps(COACHED | {"greeting": practice(-1)}),
            "greeting.score: Expected `int` \u203a= 0",
        ),
        (json.dumps(COACHED | {"buyer_outcome": "rich"}), "buyer_outcome: Invalid enum value"),
        (json.dumps(COACHED | {"bonus": 1}), "unknown field `bonus`"),
        ("Sure! Here is what I think", "JSON is malformed"),
        ("", "truncated"),
    ],
)
async def test_an_answer_that_does_not_fit_is_asked_for_once_more_with_the_fault(
    wrong: str, fault: str
) -> None:
    talk = replace(CALL, utterances=tuple(_labelled()))
    thinker = ScriptedThinker(in_turn(wrong, json.dumps(COACHED)))
    found = await analysed(thinker, "sales_coaching", talk)
    assert found.analysis is not None
    assert found.analysis["practices"]["greeting"]["score"] == 8
    first, second = (prompt.messages[0].text for prompt in thinker.asked)
    assert second.startswith(first)
    assert fault in second.removeprefix(first)
    assert found.usage.output_tokens == 20


async def test_a_second_wrong_answer_is_an_error() -> None:
    thinker = ScriptedThinker(in_turn("[1]", "no JSON"))
    with pytest.raises(AnswerUnusable, match=r"claude could not be used, twice: .*no JSON object"):
        await analysed(thinker, "Return JSON")
    cut = ScriptedThinker(lambda _: '{"a": ', reason="length")
    with pytest.raises(AnswerUnusable, match="cut off after 3000 tokens"):
        await analysed(cut, "Return JSON")


async def test_a_refusal_is_told_and_not_asked_again() -> None:
    thinker = ScriptedThinker(lambda _: "", reason="refused")
    with pytest.raises(ModelRefused):
        await analysed(thinker, "true")
    assert len(thinker.asked) == 1


async def test_the_schema_that_is_asked_for_is_the_one_that_is_checked() -> None:
    thinker = ScriptedThinker(coach)
    await analysed(thinker, "sales_coaching")
    schema = next(each.schema for each in thinker.asked if "Coach the seller" in str(each.messages))
    assert schema is not None
    assert (schema["type"], schema["additionalProperties"]) == ("object", False)
    assert set(schema["required"]) == {*PRACTICES, "buyer_outcome", "highlights", "summary"}
    assert schema["$defs"]["PracticeFound"]["properties"]["score"] == {
        "anyOf": [{"type": "integer", "minimum": 0, "maximum": 10}, {"type": "null"}]
    }


@pytest.mark.parametrize("context_tokens", [4096, 8192, 32_000])
async def test_a_long_call_is_read_in_parts_and_answered_from_notes(context_tokens: int) -> None:
    note = "- [7] it was said: " + "detail " * 100

    def answer(prompt: Prompt) -> str:
        is_noting = "Do not answer it yet" in prompt.messages[0].text
        return note if is_noting else "Answered."

    thinker = ScriptedThinker(answer, context_tokens=context_tokens)
    found = await analysed(thinker, "What came of it?", LONG)
    assert found.summary == "Answered."
    texts = [prompt.messages[0].text for prompt in thinker.asked]
    seen = [
        int(number)
        for text in texts
        for number in re.findall(r"^\| \[(\d+)\] [AB] ", text, re.MULTILINE)
    ]
    assert sorted(seen) == list(range(400))
    for prompt, text in zip(thinker.asked, texts, strict=True):
        whole = estimate_tokens(prompt.system) + estimate_tokens(text) + prompt.most_tokens
        assert whole <= context_tokens
        assert "What came of it?" in text
    assert note.strip() in texts[-1]
    parts = sum("<transcript " in text for text in texts)
    assert f"The conversation was read in {parts} parts" in found.notes


async def test_a_model_that_holds_too_little_is_told_of() -> None:
    thinker = ScriptedThinker(lambda _: "x", context_tokens=512)
    with pytest.raises(Unavailable, match="holds 512 tokens"):
        await analysed(thinker, "true")
    assert not thinker.asked


async def test_where_the_small_model_steps_in_its_facts_are_not_taken() -> None:
    """Claude failed, and what answers in its place may invent: its answer is thrown away."""
    thinker = ScriptedThinker(
        lambda prompt: coach(prompt) if prompt.schema else "Prose.",
        provider="embedded",
        switched=SWITCHED,
    )
    found = await analysed(thinker, "sales_coaching")
    assert found.analysis is not None
    assert found.analysis["overall_score"] is None
    assert found.summary == "Prose."
    assert found.notes[0] == "claude did not answer (overloaded); gemini did"
    assert UNRELIABLE in found.notes


async def test_where_nobody_speaks_nobody_is_asked() -> None:
    thinker = ScriptedThinker(lambda _: "x")
    found = await analysed(thinker, "sales_coaching", Conversation((), 60))
    assert (found.summary, found.analysis, found.model) == (
        "Nobody speaks in the recording.",
        None,
        "",
    )
    assert found.computed.silence_s == 60
    assert not thinker.asked


async def test_an_unknown_speaker_is_said_to_be_one() -> None:
    thinker = ScriptedThinker(lambda _: "Fine.")
    found = await analysed(thinker, "How was it?", said(("", "Hello."), ("", "Yes.")))
    assert "Who speaks is not known: the transcript was made without diarize" in found.notes


def _labelled() -> list[Any]:
    return [replace(each, labels={"behavior": "B"}) for each in CALL.utterances]
