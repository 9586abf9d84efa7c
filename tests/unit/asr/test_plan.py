"""What a request asks of Whisper's search."""

from typing import Any

import pytest

from app.asr.catalogue import Catalogue
from app.asr.domain import parse_request
from app.asr.live import StreamOptions
from app.asr.live_options import find_not_applied_live
from app.asr.plan import HearingPlan, find_not_applied, make_plan
from app.asr.recognition import Fusion

CHOICE = Catalogue("en-tiny").choose("en-tiny", "en")


def plan(*, has_lm: bool = True, **asked: Any) -> HearingPlan:
    return make_plan(parse_request(asked), CHOICE, has_lm=has_lm, with_words=False)


@pytest.mark.inventory("WH-048", "WH-051", "WH-052")
def test_the_language_model_has_the_weights_asked_for() -> None:
    usual = plan()
    assert usual.decoder == "beam_search_kenlm"
    assert usual.asked.options.fusion == Fusion(alpha=0.1, beta=0.5)
    assert usual.asked.options.beam_width > 1
    own = plan(lm_alpha=0.3, lm_beta=1.5)
    assert own.asked.options.fusion == Fusion(alpha=0.3, beta=1.5)


@pytest.mark.inventory("WH-049")
def test_strict_triples_its_weight() -> None:
    fusion = plan(lm_mode="strict").asked.options.fusion
    assert fusion
    assert fusion.alpha == pytest.approx(0.3)


@pytest.mark.parametrize("asked", [{"use_lm": False}, {"lm_mode": "greedy"}, {"has_lm": False}])
def test_without_one_the_likeliest_token_is_taken(asked: dict[str, Any]) -> None:
    found = plan(**asked)
    assert found.decoder == "greedy"
    assert found.asked.options.fusion is None
    assert found.asked.options.beam_width == 1


@pytest.mark.inventory("WH-063")
def test_alternatives_take_a_search() -> None:
    found = plan(use_lm=False, n_best=3)
    assert found.decoder == "beam_search"
    assert found.asked.options.n_best > 3


@pytest.mark.inventory("WH-059")
def test_the_documented_weight_of_hotwords_is_scaled_for_whisper() -> None:
    assert plan(hotwords="LoanTap").asked.options.hotword_weight == 1.0
    assert plan(hotwords="LoanTap", hotword_weight=25).asked.options.hotword_weight == 2.5


@pytest.mark.parametrize(
    ("model", "in_vain"),
    [
        ("en-tiny", ["intent_labels", "metadata_prob", "structured_intents", "top_k"]),
        ("zh", ["intent_labels", "structured_intents"]),
        ("whissle-large", []),
    ],
)
def test_tags_are_asked_in_vain_of_models_that_tell_none(model: str, in_vain: list[str]) -> None:
    asked = {
        "metadata_prob": True,
        "structured_intents": True,
        "intent_labels": "INTENT_THANKS",
        "top_k": 3,
    }
    choice = Catalogue("all").choose(model, "auto")
    found = find_not_applied(parse_request(asked), choice, has_lm=True)
    assert sorted(each.option for each in found) == in_vain


@pytest.mark.parametrize(
    ("language", "in_vain"),
    [("de", ["intent_labels", "structured_intents"]), ("hi", []), ("en", []), ("auto", [])],
)
def test_a_stream_is_told_that_words_of_its_language_are_not_tagged(
    language: str, in_vain: list[str]
) -> None:
    options = StreamOptions(structured_intents=True, intent_labels="INTENT_THANKS")
    choice = Catalogue("all").choose("whissle-large", language, live=True)
    found = find_not_applied_live(options, choice)
    assert sorted(each.option for each in found) == in_vain
    assert {each.reason for each in found} <= {"only words of en, hi are tagged"}
