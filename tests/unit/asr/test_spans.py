"""From scripted probabilities to spans: each frame is 32 ms."""

import pytest

from app.asr.domain import FRAME_MS, SpanRules, SpeechSpan, find_spans

BARE = SpanRules(min_speech_ms=64, min_silence_ms=96, pad_ms=0)


def spans(script: str, rules: SpanRules) -> list[tuple[int, int]]:
    """`#` is speech, `~` lies between the thresholds, `.` is silence; answers in frames."""
    probabilities = [{"#": 0.9, "~": 0.4, ".": 0.1}[frame] for frame in script]
    found = find_spans(probabilities, len(script) * FRAME_MS, rules)
    return [
        (round(span.start_s * 1000 / FRAME_MS), round(span.end_s * 1000 / FRAME_MS))
        for span in found
    ]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("", []),
        ("........", []),
        ("~~~~~~~~", []),
        ("..####......", [(2, 6)]),
        ("########", [(0, 8)]),
        ("..######", [(2, 8)]),
        ("..##......", []),
        ("..###.....", [(2, 5)]),
        ("####..####......", [(0, 10)]),
        ("####....####....", [(0, 4), (8, 12)]),
        ("####~~~~~~~~....", [(0, 12)]),
        ("####.~~~~.......", [(0, 4)]),
        ("~~~####....", [(3, 7)]),
    ],
)
def test_thresholds_and_least_lengths(script: str, expected: list[tuple[int, int]]) -> None:
    assert spans(script, BARE) == expected


def test_padding_stays_within_the_sound_and_never_overlaps() -> None:
    rules = SpanRules(min_speech_ms=64, min_silence_ms=96, pad_ms=10 * FRAME_MS)
    assert spans(".####......####..", rules) == [(0, 8), (8, 17)]


def test_padding_widens_both_ends() -> None:
    rules = SpanRules(min_speech_ms=64, min_silence_ms=96, pad_ms=30)
    probabilities = [0.0] * 10 + [0.9] * 10 + [0.0] * 10
    assert find_spans(probabilities, 960, rules) == [SpeechSpan(0.29, 0.67)]


def test_the_last_frame_may_reach_beyond_the_sound() -> None:
    assert find_spans([0.9] * 10, 310, SpanRules()) == [SpeechSpan(0.0, 0.31)]


@pytest.mark.parametrize("silence_threshold", [0.0, 0.6])
def test_thresholds_that_contradict_each_other_are_refused(silence_threshold: float) -> None:
    with pytest.raises(ValueError, match="silence_threshold <= threshold"):
        SpanRules(threshold=0.5, silence_threshold=silence_threshold)
