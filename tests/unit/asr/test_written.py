"""Recognized words as a request wants them written."""

from typing import Any

import pytest

from app.asr.diarization import SpeakerTurn
from app.asr.domain import parse_request
from app.asr.utterances import SpokenWord, make_segments, unmarked_languages
from tests.unit.asr.text.speech import timed


def written(sentence: str, language: str = "en", **asked: Any) -> str:
    spoken = [SpokenWord(word, language) for word in timed(sentence)]
    (segment,) = make_segments(spoken, None, parse_request(asked))
    return segment.text


@pytest.mark.inventory("WH-047")
@pytest.mark.parametrize(
    ("language", "said", "usual", "without"),
    [
        ("en", "twenty three", "23.", "Twenty three."),
        ("hi", "पाँच सौ", "500।", "पाँच सौ।"),
        ("hi", "मुझे पाँच सौ रुपये दो", "मुझे ₹500 दो।", "मुझे पाँच सौ रुपये दो।"),
    ],
)
def test_numbers(language: str, said: str, usual: str, without: str) -> None:
    assert written(said, language) == usual
    assert written(said, language, itn="false") == without


@pytest.mark.inventory("WH-046")
def test_punctuation() -> None:
    assert written("are you there") == "Are you there?"
    assert written("Are you there?", punctuation="false") == "are you there"
    assert written("你是有能力的 不是吗。", "zh", punctuation="false") == "你是有能力的不是吗"


@pytest.mark.inventory("WH-062")
def test_profanity() -> None:
    assert written("this is bullshit") == "This is bullshit."
    assert written("this is bullshit", profanity_filter="true") == "This is b*******."


@pytest.mark.parametrize("language", ["zh", "ja", "th"])
def test_words_of_a_script_without_spaces_are_joined(language: str) -> None:
    assert written("你 是 有 能力 的", language) == "你是有能力的"
    assert written("loan tap 你 好", language, hotwords="LoanTap") == "LoanTap你好"


def test_each_run_of_a_voice_or_a_language_needs_marks_of_its_own() -> None:
    words = timed("Are you there? yes i am")
    spoken = [SpokenWord(word, "en") for word in words]
    asked = parse_request({})
    assert unmarked_languages(spoken, None, asked) == set()
    turns = [SpeakerTurn(0.0, words[2].end_s, 0), SpeakerTurn(words[2].end_s, words[-1].end_s, 1)]
    assert unmarked_languages(spoken, turns, asked) == {"en"}
    two = [*spoken[:3], *(SpokenWord(word, "hi") for word in words[3:])]
    assert unmarked_languages(two, None, asked) == {"hi"}
    assert unmarked_languages(two, turns, parse_request({"punctuation": False})) == set()
    assert unmarked_languages([], None, asked) == set()
