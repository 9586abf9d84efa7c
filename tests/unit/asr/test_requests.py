"""What may be asked of a transcription, by which names, and where a recording is cut."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.asr.catalogue import ALIASES, DEFAULT, MODELS, VARIANTS, Catalogue
from app.asr.domain import LanguageUnknown, ModelUnknown, OptionInvalid, SpeechSpan, parse_request
from app.asr.pieces import PieceRules, plan_pieces
from app.asr.tags.intents import IntentUnknown

RULES = PieceRules()


def test_a_form_of_strings_is_read() -> None:
    asked = parse_request(
        {"diarize": "true", "num_speakers": "3", "hotwords": "EMI, LoanTap,,EMI", "language": ""}
    )
    assert asked.diarize
    assert (asked.speaker_count.least, asked.speaker_count.most) == (3, 3)
    assert asked.hotword_list == ("EMI", "LoanTap")
    assert asked.language == "auto"
    assert set(asked.changed()) == {"diarize", "num_speakers", "hotwords"}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"diarize": "maybe"}, "diarize"),
        ({"beam_width": "wide"}, "beam_width"),
        ({"min_speakers": "4", "max_speakers": "2"}, "min_speakers"),
        ({"num_speakers": "0"}, "num_speakers"),
        ({"lm_alpha": "inf"}, "lm_alpha"),
        ({"n_best": ["1", "2"]}, "n_best"),
        ({"language": "-"}, "language"),
        ({"language": "_US"}, "language"),
        ({"hotwords": ",".join(map(str, range(300)))}, "hotwords"),
    ],
)
def test_a_wrong_option_is_named(fields: dict[str, object], wrong: str) -> None:
    with pytest.raises(OptionInvalid, match=f"^{wrong}: ") as refused:
        parse_request(fields)
    assert refused.value.details == {"field": wrong}


def test_every_name_of_a_variant_and_every_alias_is_a_model() -> None:
    names = {model.name for model in MODELS}
    assert {name for served in VARIANTS.values() for name in served} <= names
    assert set(ALIASES.values()) <= {*names, DEFAULT}


def test_the_default_is_that_of_the_variant_and_gives_way_to_a_language() -> None:
    catalogue = Catalogue("en-full")
    assert catalogue.choose("default", "auto").model.name == "en-in-tech-misc"
    assert catalogue.choose("default", "auto").language == "en"
    assert catalogue.choose("default", "en-IN", live=True).model.name == "en-tiny"
    hindi = catalogue.choose("default", "hi")
    assert (hindi.model.name, hindi.language) == ("whissle-large", "hi")
    assert Catalogue("multi-full").choose("default", "auto").language is None


@pytest.mark.inventory("WH-117", "WH-118")
def test_each_name_tells_the_tags_that_it_is_documented_with() -> None:
    told = {model.name: set(model.categories) for model in MODELS}
    voice = {"emotion", "age", "gender"}
    assert told == {
        "en-tiny": set(),
        "en-in-tech-misc": voice | {"behavior", "eval", "role", "intent"},
        "hinglish-loans": voice | {"intent", "role"},
        "zh": voice,
        "whissle-large": voice | {"intent"},
        "en-ctc": set(),
    }
    assert all(not told[model.name] & set(model.lacks) for model in MODELS)


def test_live_english_tells_what_the_default_tells() -> None:
    live = Catalogue("en-full").choose("default", "en", live=True).model
    assert (live.weights, live.words) == ("whisper-tiny.en", "interview")
    assert Catalogue("en-tiny").choose("default", "en", live=True).model.has_heads is False
    assert Catalogue("en-full").choose("en-tiny", "en", live=True).model.has_heads is False


@pytest.mark.inventory("WH-066")
def test_only_intents_of_the_model_can_be_asked_for() -> None:
    catalogue = Catalogue("all")
    asked = {"intent_labels": "INTENT_GREETING, INTENT_CLAIMS_PAID", "model": "hinglish-loans"}
    assert catalogue.choose_for(parse_request(asked)).model.words == "loans"
    with pytest.raises(IntentUnknown, match="'INTENT_CLAIMS_PAID'; known are INTENT_GREETING, "):
        catalogue.choose_for(parse_request(asked | {"model": "whissle-large"}))
    tiny = parse_request(asked | {"model": "en-tiny"})
    assert catalogue.choose_for(tiny).model.intents == ()


def test_what_nobody_knows_is_refused() -> None:
    catalogue = Catalogue("all")
    with pytest.raises(ModelUnknown, match="model"):
        catalogue.choose("nonsense", "auto")
    with pytest.raises(LanguageUnknown, match="language"):
        catalogue.choose("zh", "en")


@st.composite
def speech(draw: st.DrawFn) -> list[SpeechSpan]:
    at_s, spans = 0.0, list[SpeechSpan]()
    for gap_s, length_s in draw(
        st.lists(st.tuples(st.floats(0, 6), st.floats(0.1, 60)), max_size=12)
    ):
        spans.append(SpeechSpan(at_s + gap_s, at_s + gap_s + length_s))
        at_s = spans[-1].end_s
    return spans


@settings(deadline=None)
@given(speech(), st.integers(0, 2**32))
def test_pieces_hold_all_speech_and_none_is_too_long(spans: list[SpeechSpan], seed: int) -> None:
    frames = int((spans[-1].end_s if spans else 0) / 0.032) + 1
    probabilities = np.random.default_rng(seed).random(frames).tolist()
    pieces = plan_pieces(spans, probabilities, RULES)
    assert all(piece.end_s - piece.start_s <= RULES.longest_s + 0.04 for piece in pieces)
    for one, other in pairwise(pieces):
        assert one.end_s <= other.start_s
    for span in spans:
        held_s = sum(
            max(0.0, min(span.end_s, piece.end_s) - max(span.start_s, piece.start_s))
            for piece in pieces
        )
        assert held_s == pytest.approx(span.end_s - span.start_s, abs=1e-6)


def test_speech_without_a_pause_is_cut_where_it_is_quietest() -> None:
    probabilities = [0.9] * 1000
    probabilities[350] = 0.1
    (first, second) = plan_pieces([SpeechSpan(0, 20)], probabilities, RULES)
    assert first.end_s == second.start_s == pytest.approx(350 * 0.032)


@pytest.mark.parametrize(
    ("summarize", "shape", "mode"),
    [
        ("", "", ""),
        ("false", "", ""),
        ("Off", "json", ""),
        ("true", "", "true"),
        (" YES ", "", "true"),
        ("1", "json", "true"),
        ("sales_coaching", "", "sales_coaching"),
        (" Was it kind? ", "", "Was it kind?"),
        ("true", "srt", ""),
        ("true", "segments", ""),
    ],
)
@pytest.mark.inventory("WH-057")
def test_an_analysis_is_asked_for_where_the_answer_has_a_place_for_it(
    summarize: str, shape: str, mode: str
) -> None:
    asked = parse_request({"summarize": summarize, "format": shape})
    assert asked.mode_of_analysis == mode
    assert asked.as_heard.diarize is bool(mode), "it wants to know who speaks"
