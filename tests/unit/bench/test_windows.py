"""What counts as an error and as a runaway, and sounds without a word."""

import numpy as np
import pytest

from app.asr.recognition import SAMPLE_RATE, Hypothesis, Recognition
from app.bench.windows import Errors, is_runaway, units_of
from app.bench.wordless import MADE


@pytest.mark.parametrize(
    ("text", "language", "units"),
    [
        ("It's 5 o'clock.", "en", ["its", "five", "oclock"]),
        ("¿Qué tal, José?", "es", ["qué", "tal", "josé"]),
        ("क्या हो रहा है?", "hi", ["क्या", "हो", "रहा", "है"]),
        ("你是 有能力的。", "zh", ["你", "是", "有", "能", "力", "的"]),
        ("…", "ja", []),
    ],
)
def test_errors_are_counted_in_words_or_letters(text: str, language: str, units: list[str]) -> None:
    assert units_of(text, language) == units


@pytest.mark.parametrize(
    ("text", "language", "seconds", "expected"),
    [
        ("Thank you.", "en", 0.3, False),
        ("Thank you for watching this video.", "en", 0.3, True),
        ("so so so so so so", "en", 5, True),
        ("it is what it is and that is it", "en", 5, False),
        ("谢谢大家观看", "zh", 0.8, False),
        ("谢谢大家观看这个视频再见", "zh", 0.8, True),
        ("", "en", 3, False),
    ],
)
def test_nobody_says_so_much_or_the_same_again_and_again(
    text: str, language: str, seconds: float, expected: bool
) -> None:
    heard = Recognition((Hypothesis(text, -0.5),), language, 1.0, 0.0)
    assert is_runaway(heard, seconds) is expected


def test_the_difference_of_the_windows_comes_with_what_chance_could_do() -> None:
    words = [10] * 50
    same = Errors(words, {"fitted": [1] * 50, "full": [1] * 50})
    assert same.difference() == (0, 0, 0)
    mixed = Errors(words, {"fitted": [2, 0] * 25, "full": [1] * 50})
    middle, low, high = mixed.difference()
    assert middle == 0
    assert low < 0 < high
    worse = Errors(words, {"fitted": [2] * 50, "full": [1] * 50})
    assert worse.difference() == pytest.approx((10, 10, 10))
    assert worse.rate("fitted") == pytest.approx(20)


@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("seconds", [0.3, 2.0])
def test_sounds_without_a_word_are_as_long_as_asked_and_never_clip(
    kind: str, seconds: float
) -> None:
    sounds = [MADE[kind](np.random.default_rng(seed), seconds) for seed in range(20)]
    assert {each.size for each in sounds} == {round(seconds * SAMPLE_RATE)}
    assert {each.dtype for each in sounds} == {np.dtype(np.float32)}
    assert all(np.isfinite(each).all() and np.abs(each).max() <= 1 for each in sounds)
    levels = [float(np.sqrt(np.mean(each**2))) for each in sounds]
    assert (max(levels) < 0.01) is (kind == "silence")
    again = MADE[kind](np.random.default_rng(0), seconds)
    np.testing.assert_array_equal(again, sounds[0])
