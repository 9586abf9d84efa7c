"""Pitch, pace and loudness of sounds that are known."""

import numpy as np
import pytest

from app.tts import measures
from tests.unit.tts.fitting.sounds import RATE, syllables


@pytest.mark.parametrize("pitch_hz", [80, 125, 210, 330])
@pytest.mark.parametrize("colour", [0, 1, 2])
def test_the_pitch_of_a_buzz_is_found(pitch_hz: float, colour: int) -> None:
    found = measures.median_pitch_hz(syllables(pitch_hz, 4, colour=colour))
    assert found == pytest.approx(pitch_hz, rel=0.03)


def test_noise_and_silence_have_no_pitch() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * RATE).astype(np.float32)
    assert np.mean(measures.pitch_hz(noise) > 0) < 0.05
    assert measures.median_pitch_hz(np.zeros(RATE, np.float32)) == 0.0


def test_who_speaks_faster_has_more_syllables_a_second() -> None:
    paces = [2.5, 3, 4, 5, 6, 7]
    found = [measures.syllables_per_s(syllables(150, 6, per_s=per_s)) for per_s in paces]
    assert found == sorted(found)
    assert found == pytest.approx(paces, rel=0.4)
    slow, fast = found[1], found[-2]
    assert fast / slow == pytest.approx(2, rel=0.25)


def test_half_as_loud_is_6_db_less() -> None:
    sound = syllables(150, 2)
    moved = measures.loudness_db(sound) - measures.loudness_db(sound / 2)
    assert np.median(moved) == pytest.approx(6.02, abs=0.01)


def test_a_snippet_shorter_than_a_frame_is_measured() -> None:
    assert measures.loudness_db(np.zeros(10, np.float32)).tolist() == [-90.0]
