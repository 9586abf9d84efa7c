"""What is wrong with a recording is said before a voice is made of it."""

from collections.abc import Callable

import numpy as np
import pytest

from app.core.audio.convert import Samples
from app.tts import measures
from app.tts.reference import ReferenceUnfit, read_reference
from app.tts.voice_vectors import Vector
from tests.unit.tts.fitting.sounds import RATE, syllables

GOOD = syllables(140, 14, colour=1)


def pitch_tells(samples: Samples) -> Vector:
    """A stand-in for the encoder: below 200 Hz it is one person, above another; and no moment is
    quite like the other."""
    is_low = measures.median_pitch_hz(samples) < 200
    moment = np.random.default_rng(int(np.abs(samples).sum() * 1000)).normal(0, 0.2, 4)
    vector = np.array([is_low, not is_low, *moment])
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def noisy(share: float) -> Samples:
    level = share * float(np.sqrt(np.mean(np.square(GOOD))))
    noise = np.random.default_rng(0).normal(0, level, GOOD.size)
    return (GOOD + noise).astype(np.float32)


def test_a_good_recording_is_read() -> None:
    read = read_reference(GOOD, pitch_tells)
    assert read.pitch_hz == pytest.approx(140, rel=0.03)
    assert 3 < read.syllables_per_s < 5
    assert np.linalg.norm(read.vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("recording", "problem"),
    [
        (lambda: GOOD[: 9 * RATE], "too_short"),
        (lambda: np.tile(GOOD, 5), "too_long"),
        (lambda: np.zeros(12 * RATE, np.float32), "silent"),
        (lambda: np.clip(GOOD * 50, -1, 1), "clipped"),
        (lambda: np.pad(GOOD[: 5 * RATE], (0, 9 * RATE)), "too_much_silence"),
        (lambda: noisy(0.3), "too_noisy"),
        (
            lambda: np.concatenate([GOOD[: 8 * RATE], syllables(260, 8, colour=2)]),
            "several_speakers",
        ),
    ],
)
def test_what_is_wrong_is_named(recording: Callable[[], Samples], problem: str) -> None:
    with pytest.raises(ReferenceUnfit) as unfit:
        read_reference(recording(), pitch_tells)
    assert unfit.value.details["problem"] == problem
    assert unfit.value.details["field"] == "recording"
    assert (unfit.value.status, unfit.value.code) == (422, "reference_unfit")


def test_a_hiss_that_comes_and_goes_is_nobody_speaking() -> None:
    hiss = np.random.default_rng(0).normal(0, 0.1, GOOD.size).astype(np.float32)
    swell = np.abs(syllables(140, 14, colour=1)) > 0.01
    with pytest.raises(ReferenceUnfit, match="nobody can be heard speaking"):
        read_reference(hiss * np.where(swell, 1.0, 1e-3).astype(np.float32), pitch_tells)


def test_what_never_changes_is_nobody_speaking() -> None:
    with pytest.raises(ReferenceUnfit, match="nobody can be heard speaking"):
        read_reference(GOOD, lambda _: np.array([1, 0], np.float32))
