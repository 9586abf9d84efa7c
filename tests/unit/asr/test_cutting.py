"""Where a sentence without a pause is cut, and that the next one takes up where it left off."""

import numpy as np
import pytest

from app.asr.agreement import MARGIN_S, Agreement, count_known
from app.asr.cutting import MOST_OVERLAP_S, OVERLAP_S, OVERLAP_WORDS, choose_cut, overlap
from app.asr.text.words import Word, text_of


def words(text: str, start_s: float = 0.0, each_s: float = 0.5) -> list[Word]:
    return [
        Word(word, start_s + at * each_s, start_s + (at + 1) * each_s)
        for at, word in enumerate(text.split())
    ]


def noise(seconds: float, quiet_s: float) -> np.ndarray:
    """Loud, but for 50 ms around `quiet_s`."""
    sound = np.random.default_rng(0).normal(0, 0.1, round(seconds * 16000)).astype(np.float32)
    sound[round((quiet_s - 0.025) * 16000) : round((quiet_s + 0.025) * 16000)] = 0
    return sound


TWELVE = "one two three four five six seven eight nine ten eleven twelve"


def test_it_is_cut_at_the_quietest_moment_between_two_words() -> None:
    assert choose_cut(words(TWELVE, 100), noise(6, 4.5), 100.0, 0) == (9, 104.5)


@pytest.mark.parametrize("quiet_s", [1.0, 5.5])
def test_it_is_cut_neither_early_nor_where_words_may_be_cut_off(quiet_s: float) -> None:
    count, cut_s = choose_cut(words(TWELVE), noise(6, quiet_s), 0.0, 0)
    assert 0.65 * 6 <= cut_s == count * 0.5 <= 6 - MARGIN_S


def test_what_was_told_to_be_stable_stays() -> None:
    assert choose_cut(words(TWELVE), noise(6, 4.5), 0.0, 10)[0] == 10
    assert choose_cut(words(TWELVE), noise(6, 4.5), 0.0, 12) == (12, 6.0)


def test_sound_without_words_is_passed_over_but_for_its_end() -> None:
    assert choose_cut([], noise(6, 1), 50.0, 0) == (0, 56 - MARGIN_S)
    assert choose_cut(words("hm"), noise(6, 1), 0.0, 0) == (1, pytest.approx(3.9))


def test_the_next_sentence_hears_some_words_again() -> None:
    again = overlap(words(TWELVE, each_s=0.3), 3.6)
    assert again.start_s == pytest.approx(3.6 - max(OVERLAP_S, OVERLAP_WORDS * 0.3))
    assert text_of(again.told) == "nine ten eleven twelve"
    slow = overlap(words("one two", each_s=4), 8.0)
    assert (slow.start_s, text_of(slow.told)) == (8 - MOST_OVERLAP_S, "two")
    assert overlap([], 5.4).told == ()


@pytest.mark.parametrize(
    ("again", "new"),
    [
        ("aforementioned gutenberg bible is printed", "bible is printed"),
        ("the aforementioned guttenburg bible is", "bible is"),  # one heard besides
        ("guttenberg bible is", "bible is"),  # one not heard again
        ("Aforementioned, Guttenberg.", ""),
        ("", ""),
    ],
)
def test_words_heard_again_are_not_told_again(again: str, new: str) -> None:
    told = words("aforementioned guttenberg")
    at_s = {"the": -0.5, "guttenberg": 0.5}.get(again.split(" ")[0], 0.0)
    heard = words(again, at_s)
    assert text_of(heard[count_known(told, heard) :]) == new
    assert text_of(Agreement(told).keep(heard)) == new


def test_a_word_said_twice_is_told_twice() -> None:
    told = words("it is very")
    assert text_of(Agreement(told).keep(words("it is very very good"))) == "very good"


def test_times_that_drift_lose_nothing() -> None:
    told = words("which were the immediate")
    for drift_s in (-0.4, -0.2, 0.2, 0.4):
        heard = words("which were the immediate predecessors of the book", drift_s)
        assert text_of(Agreement(told).keep(heard)) == "predecessors of the book"


def test_stable_words_after_those_told_are_kept() -> None:
    agreement = Agreement(words("the block"))
    for _ in range(2):
        agreement.add(words("the block books which"), 9)
    assert text_of(agreement.stable) == "books which"
    assert text_of(agreement.keep(words("a block book which were"))) == "books which were"
