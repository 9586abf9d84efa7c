"""Labels of a live stream: stable once given, and in order of appearance."""

import numpy as np
import pytest

from app.asr.clustering import SpeakerCount
from app.asr.diarization import DiarizationRules
from app.asr.domain import SpeechSpan
from app.asr.speakers import MAX_REMEMBERED, LiveSpeakers
from tests.unit.asr.voices import SIZE, heard, voices

RULES = DiarizationRules()


def stream(script: list[int], count: SpeakerCount, utterance_s: float = 4.0) -> list[list[int]]:
    """The speakers of each utterance of 4 s, a second of silence after each."""
    directions = voices(max(script) + 1, alike=0.2)
    live = LiveSpeakers(count, RULES)
    labels: list[list[int]] = []
    for index, speaker in enumerate(script):
        span = SpeechSpan(index * 5.0, index * 5.0 + utterance_s)
        windows = live.plan(span)
        vectors = heard(directions[speaker], len(windows), index)
        labels.append([turn.speaker for turn in live.add(span, windows, vectors)])
    return labels


def test_each_voice_keeps_its_number() -> None:
    script = [0, 1, 0, 0, 2, 1, 0, 2, 2, 1, 0]
    assert stream(script, SpeakerCount()) == [[speaker] for speaker in script]


def test_one_voice_is_one_number() -> None:
    assert stream([0] * 30, SpeakerCount()) == [[0]] * 30


@pytest.mark.parametrize("expected", [2, 3])
def test_a_voice_is_not_split_to_make_up_the_number_expected(expected: int) -> None:
    script = [0, 0, 1, 0, 1, 1, 0]
    labels = stream(script, SpeakerCount.exactly(expected))
    assert labels == [[speaker] for speaker in script]


def test_no_more_numbers_than_allowed() -> None:
    labels = stream([0, 1, 2, 3, 0, 1, 2, 3], SpeakerCount(1, 2))
    assert {number for turn in labels for number in turn} == {0, 1}


def test_a_long_stream_is_forgotten_evenly_and_still_known() -> None:
    script = [index % 2 for index in range(3 * MAX_REMEMBERED // 14)]
    assert stream(script, SpeakerCount()) == [[speaker] for speaker in script]


def test_a_new_voice_within_an_utterance() -> None:
    directions = voices(2, alike=0.2)
    live = LiveSpeakers(SpeakerCount(), RULES)
    first, second = SpeechSpan(0, 10), SpeechSpan(11, 23)
    windows = live.plan(first)
    live.add(first, windows, heard(directions[0], len(windows), 0))
    windows = live.plan(second)
    half = sum(window.start_s < 16.5 for window in windows)
    vectors = np.concatenate(
        (heard(directions[0], half, 1), heard(directions[1], len(windows) - half, 2))
    )
    turns = live.add(second, windows, vectors)
    assert [turn.speaker for turn in turns] == [0, 1]
    assert abs(turns[0].end_s - 17) < 1


def test_a_word_too_short_to_know_is_who_spoke_last() -> None:
    directions = voices(2, alike=0.2)
    live = LiveSpeakers(SpeakerCount(), RULES)
    nothing = np.zeros((0, SIZE), np.float32)
    assert [turn.speaker for turn in live.add(SpeechSpan(0, 0.1), [], nothing)] == [0]
    for number in range(2):
        span = SpeechSpan(number * 10.0 + 1, number * 10.0 + 9)
        windows = live.plan(span)
        live.add(span, windows, heard(directions[number], len(windows), number))
    assert [turn.speaker for turn in live.add(SpeechSpan(30, 30.1), [], nothing)] == [1]
