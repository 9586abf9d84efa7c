"""From tokens and their moments to words, and from turns that were heard to all of the speech."""

import pytest

from app.asr.diarization import SpeakerTurn
from app.asr.domain import SpeechSpan
from app.asr.engines.sherpa.turns import cover
from app.asr.engines.sherpa.words import TOKEN_S, Heard, words_of
from app.asr.recognition import Word


def heard(tokens: list[str], times_s: list[float]) -> Heard:
    return Heard(tokens, times_s, [-0.5] * len(tokens))


def texts(tokens: list[str], *, unspaced: bool = False) -> list[str]:
    times_s = [float(place) for place in range(len(tokens))]
    return [word.text for word in words_of(heard(tokens, times_s), 99, unspaced=unspaced)]


def test_a_word_lasts_until_the_next_or_a_little_after_its_last_token() -> None:
    words = words_of(heard([" so", " mor", "ning"], [0.1, 0.2, 0.6]), 5, unspaced=False)
    assert [(word.text, word.start_s) for word in words] == [("so", 0.1), ("morning", 0.2)]
    assert [word.end_s for word in words] == pytest.approx([0.2, 0.6 + TOKEN_S])


def test_no_word_leaves_the_utterance() -> None:
    (word,) = words_of(heard([" late"], [1.2]), 1.0, unspaced=False)
    assert (word.start_s, word.end_s) == (1.0, 1.0)


def test_probabilities_are_those_of_tokens() -> None:
    (word,) = words_of(Heard([" a", "b"], [0, 1], [-1.0, 0.0]), 2, unspaced=False)
    assert word == Word("ab", 0, 1 + TOKEN_S, pytest.approx(0.6065, abs=1e-4))
    assert heard([" a"], [0]).log_probability == -0.5
    assert Heard([], [], []).log_probability == 0


def test_signs_of_a_language_without_spaces_are_words() -> None:
    tokens = ["你", "好", " HEL", "LO", "世"]
    assert texts(tokens, unspaced=True) == ["你", "好", "HELLO", "世"]
    assert heard(tokens, [0.0] * 5).text == "你好 HELLO世"


def test_bytes_of_a_sign_are_one_sign() -> None:
    tokens = ["<0xE4>", "<0xBD>", "<0xA0>", "<0xE5>", "<0xA5>", "<0xBD>"]
    assert texts(tokens, unspaced=True) == ["你", "好"]
    assert texts(["▁caf", "<0xC3>", "<0xA9>", "s", "▁a"]) == ["cafés", "a"]
    assert heard(["<0xE4>"], [0]).text == "\ufffd"


def test_lone_spaces_are_no_words() -> None:
    assert texts([" ", " a", " "]) == ["a"]
    assert texts([]) == []


A, B = 7, 3


def test_all_of_the_speech_is_covered_by_one_speaker_at_a_time() -> None:
    spans = [SpeechSpan(0, 4), SpeechSpan(5, 6)]
    turns = [SpeakerTurn(0.5, 3, A), SpeakerTurn(2.5, 3.4, B)]
    assert cover(spans, turns) == [
        SpeakerTurn(0, 3, 0),
        SpeakerTurn(3, 4, 1),
        SpeakerTurn(5, 6, 1),
    ]


def test_without_turns_all_is_the_first_speaker() -> None:
    assert cover([SpeechSpan(1, 2)], []) == [SpeakerTurn(1, 2, 0)]
