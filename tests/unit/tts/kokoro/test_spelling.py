"""From words to tokens, and from lengths to times. No model."""

import numpy as np
import pytest

from app.tts.engines.kokoro.spelling import Spelled, spell
from app.tts.engines.kokoro.vocabulary import MOST_TOKENS, TOKENS
from app.tts.speech import SpokenWord


def words(*sounds: str) -> list[SpokenWord]:
    return [SpokenWord(f"w{place}", place, place + 1, each) for place, each in enumerate(sounds)]


def only(*sounds: str) -> Spelled:
    (spelled,) = spell(words(*sounds))
    return spelled


def test_tokens_are_those_the_network_was_trained_on() -> None:
    assert only("həlˈoʊ,", "wˈɜːld!").tokens == [
        50, 83, 54, 156, 57, 135, 3, 16, 65, 156, 87, 158, 54, 46, 5,
    ]  # fmt: skip
    assert len(TOKENS) == 114
    assert (TOKENS[";"], TOKENS["ɡ"], TOKENS["ᵻ"]) == (1, 92, 177)


def test_what_the_alphabet_lacks_is_left_out_and_words_of_nothing_too() -> None:
    spelled = only("a\N{SNOWMAN}b", "\N{SNOWMAN}", "c")
    assert spelled.symbols == "ab c"
    assert [word.text for word in spelled.words] == ["w0", "w2"]
    assert list(spell(words("\N{SNOWMAN}", ""))) == []
    assert list(spell([])) == []


def test_marks_belong_to_their_sounds_and_punctuation_to_none() -> None:
    first, second = only("hˈɜː,", "tʰa.").timed(np.array([4, 1, 2, 3, 1, 5, 2, 1, 1, 2, 6, 3]), 10)
    assert [(each.sound, each.start_s, each.end_s) for each in first.sounds] == [
        ("h", pytest.approx(10.1), pytest.approx(10.125)),
        ("ˈɜː", pytest.approx(10.125), pytest.approx(10.275)),
    ]
    assert first.end_s == pytest.approx(10.275)
    assert [each.sound for each in second.sounds] == ["tʰ", "a"]
    assert (second.start_s, second.end_s) == (pytest.approx(10.425), pytest.approx(10.55))


def test_a_word_that_is_a_mark_alone_takes_no_time() -> None:
    (_, dash) = only("a", "—").timed(np.array([1, 2, 1, 4, 1]), 0)
    assert dash.start_s == dash.end_s == pytest.approx(0.0875)
    assert dash.sounds == ()


def test_what_is_too_long_is_cut_behind_punctuation() -> None:
    clause = ["aaaaaaaaa"] * 20 + ["bbbbbbbb,"]
    pieces = list(spell(words(*clause * 4)))
    assert [piece.symbols[-1] for piece in pieces[:-1]] == [","] * (len(pieces) - 1)
    assert all(len(piece.symbols) <= MOST_TOKENS for piece in pieces)
    assert [word.text for piece in pieces for word in piece.words] == [
        f"w{place}" for place in range(4 * len(clause))
    ]


def test_without_punctuation_it_is_cut_between_words_and_a_word_at_the_limit() -> None:
    pieces = list(spell(words(*["aaaaaaaaa"] * 100)))
    assert [len(piece.words) for piece in pieces] == [51, 49]
    assert len(only("a" * 600).symbols) == MOST_TOKENS
