"""Intents of some labels only, and in two tiers."""

import pytest

from app.asr.recognition import Tag, Tags
from app.asr.tags.intents import IntentUnknown, check_intents, tiers_of, with_intents_among
from app.asr.tags.labels import CATEGORIES, DOMAINS, INTENT_TIERS, SPEECH_ACTS

SHARES = {"INTENT_PRICE_QUERY": 0.5, "INTENT_THANKS": 0.3, "INTENT_APOLOGY": 0.2}
TAGS: Tags = {
    "intent": Tag("INTENT_PRICE_QUERY", SHARES),
    "role": Tag("ROLE_AGENT", {"ROLE_AGENT": 1.0}),
}


@pytest.mark.inventory("WH-066")
def test_the_labels_asked_for_share_what_there_is() -> None:
    found = with_intents_among(TAGS, ["INTENT_THANKS", "INTENT_APOLOGY"])
    assert found["intent"].label == "INTENT_THANKS"
    assert found["intent"].probabilities == pytest.approx(
        {"INTENT_THANKS": 0.6, "INTENT_APOLOGY": 0.4}
    )
    assert found["role"] == TAGS["role"]
    assert with_intents_among(TAGS, []) == TAGS
    assert with_intents_among({}, ["INTENT_THANKS"]) == {}


def test_labels_that_seem_impossible_share_it_evenly() -> None:
    shares = {"INTENT_PRICE_QUERY": 1.0, "INTENT_THANKS": 0.0, "INTENT_APOLOGY": 0.0}
    tags: Tags = {"intent": Tag("INTENT_PRICE_QUERY", shares)}
    found = with_intents_among(tags, ["INTENT_THANKS", "INTENT_APOLOGY"])["intent"]
    assert found.probabilities == pytest.approx({"INTENT_THANKS": 0.5, "INTENT_APOLOGY": 0.5})


@pytest.mark.inventory("WH-065")
def test_a_tier_is_as_likely_as_its_intents_together() -> None:
    tiers = tiers_of(TAGS["intent"])
    assert tiers["speech_act"].label == "SPEECH_ACT_ASK"
    assert tiers["speech_act"].probabilities == pytest.approx(
        {"SPEECH_ACT_ASK": 0.5, "SPEECH_ACT_EXPRESS": 0.5}
    )
    assert tiers["domain"].probabilities == pytest.approx(
        {"DOMAIN_SALES": 0.5, "DOMAIN_CONVERSATION": 0.5}
    )


@pytest.mark.inventory("WH-065")
def test_what_is_no_intent_in_particular_is_of_no_domain_in_particular() -> None:
    shares = {"INTENT_PRICE_QUERY": 0.3, "INTENT_ORDER_STATUS": 0.3, "INTENT_PURCHASE": 0.15}
    tiers = tiers_of(Tag("INTENT_OTHER", shares | {"INTENT_OTHER": 0.25}))
    assert tiers["speech_act"].label == "SPEECH_ACT_ASK"
    assert tiers["speech_act"].probabilities["SPEECH_ACT_ASK"] == pytest.approx(0.6)
    assert tiers["domain"].label == "DOMAIN_OTHER"
    assert tiers["domain"].probabilities["DOMAIN_SALES"] == pytest.approx(0.45)
    assert tiers_of(Tag("INTENT_PRICE_QUERY", shares))["domain"].label == "DOMAIN_SALES"


def test_labels_of_another_model_have_no_tiers() -> None:
    assert tiers_of(Tag("book", {"book": 0.9, "INTENT_THANKS": 0.1})) == {}


@pytest.mark.parametrize("kind", ["loans", "general", "interview"])
def test_every_intent_of_ours_has_tiers(kind: str) -> None:
    labels = CATEGORIES[kind]["intent"]  # type: ignore[index]
    for label in labels:
        act, domain = INTENT_TIERS[label]
        assert act in SPEECH_ACTS
        assert domain in DOMAINS


@pytest.mark.inventory("WH-066")
def test_an_intent_that_the_model_does_not_tell_is_named_with_those_it_does() -> None:
    with pytest.raises(IntentUnknown, match="intent_labels: there is no intent 'x'") as refused:
        check_intents(["INTENT_THANKS", "x"], ["INTENT_THANKS"])
    assert refused.value.status == 422
    assert refused.value.details == {"field": "intent_labels", "known": ["INTENT_THANKS"]}
    check_intents(["INTENT_THANKS"], ["INTENT_THANKS"])
    check_intents(["x"], [])
