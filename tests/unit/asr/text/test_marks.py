"""What the network of marks is told, and the text that its answers make."""

from dataclasses import replace

import numpy as np
import pytest

from app.asr.text.marks import (
    BUCKETS,
    CAPITAL,
    CAPITALS,
    FEATURES,
    LOWER,
    MARKS,
    PauseOdds,
    Scores,
    features,
    written,
)
from app.asr.text.words import Word, text_of
from tests.unit.asr.text.speech import timed


def scores(*places: int, of: int) -> Scores:
    """Sure of one place in each row."""
    found = np.full((len(places), of), -5.0, np.float32)
    found[np.arange(len(places)), places] = -0.01
    return found


def told(words: list[Word], marks: str, casing: list[int] | None = None) -> list[Word]:
    """`marks`: one a word, `_` for none."""
    places = [MARKS.index(mark.replace("_", "")) for mark in marks]
    sure = scores(*(casing or [LOWER] * len(words)), of=3)
    return written(words, scores(*places, of=len(MARKS)), sure, PauseOdds())


def test_case_marks_and_which_digits_do_not_count() -> None:
    assert np.array_equal(features(["Hello", "42"]), features(["hello,", "17"]))
    assert not np.array_equal(features(["hello"]), features(["hallo"]))


@pytest.mark.parametrize(
    "word", ["", "...", "\x00", "a" * 100_000, "\ud800", "🙂", "ज़रूरत", "\u200d"]
)
def test_anything_has_features(word: str) -> None:
    found = features([word])
    assert found.shape == (1, FEATURES)
    assert found.min() > 0
    assert found.max() < BUCKETS


def test_sentences_begin_with_capitals_and_end() -> None:
    words = timed("are you there yes i am")
    assert text_of(told(words, "__?,__", [0, 0, 0, 0, CAPITAL, 0])) == "Are you there? Yes, I am."


def test_hindi_ends_with_a_danda() -> None:
    assert text_of(told(timed("आप कैसे हैं मैं ठीक हूँ"), "__?__.")) == "आप कैसे हैं? मैं ठीक हूँ।"
    assert text_of(told(timed("main ghar gaya"), "__.")) == "Main ghar gaya."


def test_the_last_word_ends_a_sentence_whatever_is_scored() -> None:
    assert text_of(told(timed("we were in"), "__,")).endswith((".", "?", "!"))


def test_only_the_text_of_a_word_changes() -> None:
    words = timed("mister smith calls nasa", (2, 1.5))
    found = told(words, "____", [CAPITAL, CAPITAL, LOWER, CAPITALS])
    assert [each.text for each in found][::3] == ["Mister", "NASA."]
    for before, after in zip(words, found, strict=True):
        assert replace(after, text=before.text, spoken="") == before
        assert after.raw == before.text


def test_what_is_written_already_keeps_its_letters() -> None:
    words = [
        Word("iPhone", 0, 1),
        Word("john.doe@gmail.com", 1, 2, spoken="john dot doe at gmail dot com"),
        Word("5:30 PM", 2, 3, spoken="five thirty pm"),
        Word("LoanTap", 3, 4),
    ]
    found = told(words, "___.", [CAPITALS, CAPITALS, CAPITAL, LOWER])
    assert text_of(found) == "iPhone john.doe@gmail.com 5:30 PM LoanTap."
    assert found[1] == words[1]


def test_a_pause_raises_the_odds_of_a_mark() -> None:
    unsure = np.log(np.array([[0.6, 0.15, 0.2, 0.03, 0.02]] * 2, np.float32))
    casing = scores(LOWER, LOWER, of=3)
    at_once = written(timed("good morning"), unsure, casing, PauseOdds())
    later = written(timed("good morning", (1, 1.0)), unsure, casing, PauseOdds())
    assert text_of(at_once) == "Good morning."
    assert text_of(later) == "Good. Morning."


def test_a_pause_alone_puts_no_stop_behind_a_word_that_goes_on() -> None:
    sure = np.log(np.array([[0.995, 0.003, 0.001, 0.0005, 0.0005]] * 2, np.float32))
    found = written(timed("the bank", (1, 2.0)), sure, scores(LOWER, LOWER, of=3), PauseOdds())
    assert text_of(found) == "The bank."
