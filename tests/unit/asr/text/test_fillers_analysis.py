"""Fillers, and the figures of speech analysis as docs/speech_analysis.md defines them."""

import pytest

from app.asr.text.analysis import analyse, vocabulary_range
from app.asr.text.fillers import find_fillers, without_fillers
from app.asr.text.grammar import count_slips
from app.asr.text.words import text_of
from tests.unit.asr.text.speech import timed


@pytest.mark.parametrize(
    ("sentence", "kept"),
    [
        ("Um, so I think, uh, we should go.", "so I think, we should go."),
        ("you know I went home", "I went home"),
        ("do you know him", "do you know him"),
        ("you know what I said", "you know what I said"),
        ("I mean it", "I mean it"),
        ("what do you mean", "what do you mean"),
        ("we should, you know, leave", "we should, leave"),
        ("Yes, um.", "Yes."),
        ("an umbrella and her error", "an umbrella and her error"),
    ],
)
def test_english_fillers(sentence: str, kept: str) -> None:
    assert text_of(without_fillers(timed(sentence), "en")) == kept


def test_hindi_fillers() -> None:
    assert find_fillers(timed("उम मैं हम्म जाऊँगा"), "hi") == [True, False, True, False]


@pytest.mark.inventory("WH-055", "WH-082")
def test_fluent_speech() -> None:
    result = analyse(timed("the quick brown fox jumps over a lazy dog"), "en")
    assert (result.lexical_fluency, result.vocabulary_range, result.grammar_score) == (1, 1, 1)
    assert result.pauses == ()
    # Nine words of 0.3 s, 0.1 s between.
    assert result.pace_wpm == result.articulation_wpm == pytest.approx(60 * 9 / 3.5, abs=0.1)


def test_fillers_repetitions_and_long_pauses_cost_fluency() -> None:
    result = analyse(timed("i um i think so", (4, 2.0)), "en")
    assert (result.filler_count, result.repetition_count, result.word_count) == (1, 1, 4)
    assert [round(pause.length_s, 3) for pause in result.pauses] == [2.0]
    span_s = 5 * 0.3 + 3 * 0.1 + 2.0
    assert result.lexical_fluency == pytest.approx((1 - 2 / 5) * (1 - 1.0 / span_s), abs=1e-3)
    assert result.pace_wpm == pytest.approx(60 * 4 / span_s, abs=0.1)
    assert result.articulation_wpm == pytest.approx(60 * 4 / (span_s - 2.0), abs=0.1)


def test_nothing_said_gives_no_scores() -> None:
    result = analyse([], "en")
    assert result.lexical_fluency is None
    assert result.vocabulary_range is None
    assert result.pace_wpm is None
    assert result.word_count == 0


def test_grammar_is_told_for_english_only() -> None:
    assert analyse(timed("वह जाता है"), "hi").grammar_score is None


def test_vocabulary_range_does_not_fall_with_length() -> None:
    words = [f"word{index % 60}" for index in range(60)]
    assert vocabulary_range(words * 10) == 1.0
    assert vocabulary_range(["same"] * 100) == pytest.approx(1 / 50)


@pytest.mark.parametrize(
    "slip",
    [
        "he go home",
        "they was here",
        "i is late",
        "she don't care",
        "a apple",
        "an car",
        "he did went",
        "i have went",
        "we seen it",
        "more better",
        "i don't know nothing",
        "you could of told me",
        "much people came",
        "many informations",
        "i saw the the cat",
    ],
)
def test_a_slip_is_found(slip: str) -> None:
    assert count_slips(slip) == 1


@pytest.mark.parametrize(
    "sentence",
    [
        "does he go home",
        "let it go",
        "i saw her and she had had enough",
        "an hour and a university",
        "a one way street in an old european town",
        "i insist that he go",
        "could of course be",
        "nothing could be better and more important",
        "very very good, no no",
    ],
)
def test_what_is_right_is_no_slip(sentence: str) -> None:
    assert count_slips(sentence) == 0
