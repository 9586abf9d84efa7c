"""What is said of a conversation where only the small model of the house is there."""

from dataclasses import replace
from typing import Any

import pytest

from app.llm.analysis.modest import UNRELIABLE, WORDLESS
from app.llm.analysis.reading import estimate_tokens
from tests.unit.llm.analysis.scripted import CALL, LONG, ScriptedThinker, analysed, said

SMALL: dict[str, Any] = {"is_embedded": True, "provider": "embedded", "context_tokens": 8192}


async def test_the_small_model_writes_prose_and_no_facts() -> None:
    thinker = ScriptedThinker(lambda _: "They talk about a plan.", **SMALL)
    found = await analysed(thinker, "true")
    assert "## Overview\n\nThey talk about a plan." in found.summary
    assert "## Outcome\n\nNot told" in found.summary
    assert "**SPEAKER_01** (50% of the speech" in found.summary
    assert (found.model, found.notes) == ("embedded scripted", (UNRELIABLE,))
    assert [prompt.schema for prompt in thinker.asked] == [None]


async def test_where_no_mood_is_certain_nothing_is_said_of_the_model() -> None:
    moodless = replace(CALL, utterances=tuple(replace(each, labels={}) for each in CALL.utterances))
    found = await analysed(ScriptedThinker(lambda _: "Prose.", **SMALL), "true", moodless)
    assert (
        "## Emotional dynamics\n\nNot told: no segment has an emotion that the speech model is "
        "sure of."
    ) in found.summary


async def test_the_small_model_is_asked_once_for_a_sentence_on_the_ends_of_a_long_call() -> None:
    thinker = ScriptedThinker(lambda _: "It is about words.\nAnd 2018, 2019, 2020", **SMALL)
    found = await analysed(thinker, "true", LONG)
    assert "## Overview\n\nIt is about words.\n\n## Participants" in found.summary
    (prompt,) = thinker.asked
    assert estimate_tokens(prompt.messages[0].text) < 1000
    assert "[0] A" in prompt.messages[0].text
    assert "[399] B" in prompt.messages[0].text
    assert any("beginning and the end" in note for note in found.notes)


@pytest.mark.parametrize(
    "prose", ["Summarize this phone call.", " \n", "A talk about a talk about a talk about it."]
)
async def test_a_small_model_without_words_leaves_the_numbers(prose: str) -> None:
    found = await analysed(ScriptedThinker(lambda _: prose, **SMALL), "true")
    assert f"## Overview\n\n{WORDLESS}" in found.summary
    assert "**SPEAKER_01** (50% of the speech" in found.summary


async def test_without_a_model_that_judges_scores_are_null_and_phrases_are_shown() -> None:
    found = await analysed(ScriptedThinker(lambda _: "Prose.", **SMALL), "sales_coaching")
    assert (found.summary, found.analysis is not None) == ("Prose.", True)
    assert found.analysis is not None
    assert found.analysis["overall_score"] is None
    assert "LLM_PROVIDER" in found.analysis["reasons"]["overall_score"]
    practices = found.analysis["practices"]
    assert {each["score"] for each in practices.values()} == {None}
    assert practices["greeting"]["evidence"][0]["quote"] == "Good morning"
    assert practices["next_steps"]["evidence"][0]["segment"] == 2
    assert practices["closing"]["evidence"][0]["quote"] == "goodbye"
    assert practices["active_listening"]["evidence"] == []
    assert all(each["reason"] for each in practices.values())
    assert [(each["segment"], each["behavior"]) for each in found.analysis["behaviors"]] == [
        (0, "greeting"),
        (2, "next_steps"),
        (3, "closing"),
    ]


async def test_without_a_model_that_judges_rules_say_what_was_mentioned() -> None:
    talk = said(
        ("A", "Hello, am I speaking with Ms Lee? I'm calling about your loan."),
        ("B", "Yes."),
        ("A", "You owe five hundred dollars. Pay or you go to jail."),
    )
    found = await analysed(ScriptedThinker(lambda _: "Prose.", **SMALL), "collections", talk)
    assert found.analysis is not None
    compliance = found.analysis["compliance"]
    quotes = {
        name: (each["met"], [one["quote"] for one in each["evidence"]])
        for name, each in compliance.items()
    }
    assert quotes == {
        "identity_verification": (True, ["am I speaking with"]),
        "reason_stated": (True, ["I'm calling about"]),
        "amount_mentioned": (True, ["five hundred dollars"]),
        "no_harassment": (None, ["jail"]),
    }
    assert found.analysis["call_outcome"] is None
    assert set(found.analysis["reasons"]) == {
        *("compliance_score", "call_outcome", "customer_sentiment", "next_action"),
    }


async def test_rules_of_english_are_not_applied_to_other_languages() -> None:
    hindi = [replace(each, language="hi") for each in CALL.utterances]
    talk = replace(CALL, utterances=tuple(hindi))
    found = await analysed(ScriptedThinker(lambda _: "Prose.", **SMALL), "collections", talk)
    assert found.analysis is not None
    stated = found.analysis["compliance"]["reason_stated"]
    assert (stated["met"], stated["reason"]) == (None, "the rules know English phrases only")
    assert found.analysis["compliance"]["amount_mentioned"]["met"] is True
