"""A short window that stands for thirty seconds."""

import numpy as np
import pytest

from app.asr.engines.whisper.window import (
    FULL_FRAMES,
    OF_ENGLISH,
    OF_LANGUAGES,
    WHOLE,
    Silence,
    make_window,
    window_frames,
)


@pytest.mark.parametrize("silence", [OF_ENGLISH, OF_LANGUAGES])
@pytest.mark.parametrize("duration_s", [0, 0.1, 3.99, 7.2, 15, 29.4, 30])
def test_the_window_holds_the_sound_and_stands_for_thirty_seconds(
    duration_s: float, silence: Silence
) -> None:
    frames = window_frames(duration_s, silence)
    window = make_window(frames, silence)
    assert frames >= min(FULL_FRAMES, (duration_s + silence.seconds) * 50)
    assert np.exp(window.log_weights).sum() == pytest.approx(FULL_FRAMES, abs=16)
    assert list(window.positions) == sorted(set(window.positions))
    assert window.positions[-1] < FULL_FRAMES
    assert window.frames.max() < window.mel_frames // 2
    assert window.frames.size == window.positions.size == window.log_weights.size


def test_short_sound_is_much_less_work() -> None:
    assert make_window(window_frames(3)).frames.size < FULL_FRAMES / 5
    of_languages = make_window(window_frames(3, OF_LANGUAGES), OF_LANGUAGES).frames.size
    assert of_languages < FULL_FRAMES / 2


@pytest.mark.parametrize("duration_s", [0, 3, 30])
def test_the_full_window_is_whispers_own(duration_s: float) -> None:
    window = make_window(window_frames(duration_s, WHOLE), WHOLE)
    np.testing.assert_array_equal(window.positions, np.arange(FULL_FRAMES))
    np.testing.assert_array_equal(window.frames, window.positions)
    assert window.mel_frames == 3000
    assert not window.log_weights.any()
