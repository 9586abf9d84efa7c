"""Levels in decibels of full scale; what the limiter lets through."""

import numpy as np
import pytest

from app.asr.signal import GainRules, LevelMeter, amplify, gain_db, normalize_gain
from app.core.audio.convert import Samples

RATE = 16000
RULES = GainRules()


def tone(level_db: float, seconds: float = 2.0) -> Samples:
    """A sine of that root mean square."""
    time_s = np.arange(round(seconds * RATE)) / RATE
    return (np.sqrt(2) * 10 ** (level_db / 20) * np.sin(2 * np.pi * 440 * time_s)).astype(
        np.float32
    )


def level_of(samples: Samples) -> float:
    meter = LevelMeter(RATE)
    meter.push(samples)
    level = meter.level_db(RULES)
    assert level is not None
    return level


@pytest.mark.parametrize("level_db", [-50, -35, -20, -6])
@pytest.mark.parametrize("rate", [8000, 16000, 48000])
def test_every_level_becomes_the_target(level_db: float, rate: int) -> None:
    normal = normalize_gain(tone(level_db), rate, RULES)
    assert level_of(normal) == pytest.approx(RULES.target_db, abs=0.2)


def test_pauses_do_not_count() -> None:
    speech = tone(-30, 1.0)
    with_pauses = np.concatenate((speech, np.zeros(9 * RATE, np.float32), speech))
    hiss = np.random.default_rng(0).normal(0, 0.0005, with_pauses.size).astype(np.float32)
    assert level_of(with_pauses + hiss) == pytest.approx(-30, abs=0.3)


@pytest.mark.parametrize("samples", [0, 1, 79, 80, 81, 100_003])
def test_as_many_samples_come_out(samples: int) -> None:
    sound = np.full(samples, 0.01, np.float32)
    assert normalize_gain(sound, RATE, RULES).shape == sound.shape


def test_silence_and_near_silence_are_not_blown_up() -> None:
    assert not normalize_gain(np.zeros(RATE, np.float32), RATE, RULES).any()
    assert gain_db(None, RULES) == 0
    assert gain_db(-65, RULES) == RULES.max_gain_db


def test_peaks_stay_below_the_ceiling_and_the_rest_is_as_loud_as_asked() -> None:
    sound = tone(-40)
    sound[5000:5020] = 0.9
    sound[-1] = -0.9
    loud = np.concatenate(list(amplify([sound], 20, RATE, RULES)))
    assert np.abs(loud).max() <= 10 ** (RULES.ceiling_db / 20) + 1e-6
    assert level_of(loud[16000:30000]) == pytest.approx(-20, abs=0.2)


def test_the_gain_comes_down_before_a_peak_and_without_a_step() -> None:
    sound = np.full(RATE, 0.05, np.float32)
    sound[8000] = 1.0
    (loud,) = [np.concatenate(list(amplify([sound], 12, RATE, RULES)))]
    gains = np.delete(loud / sound, 8000)
    assert np.abs(np.diff(gains)).max() < 0.05
    assert gains[-1] == pytest.approx(10 ** (12 / 20), rel=1e-3)


@pytest.mark.parametrize("block_samples", [1, 160, 4096, 50_000])
def test_the_size_of_blocks_does_not_matter(block_samples: int) -> None:
    sound = tone(-25) * np.linspace(0.2, 3, 2 * RATE, dtype=np.float32)
    blocks = [sound[start : start + block_samples] for start in range(0, sound.size, block_samples)]
    whole = np.concatenate(list(amplify([sound], 15, RATE, RULES)))
    pieces = np.concatenate(list(amplify(blocks, 15, RATE, RULES)))
    np.testing.assert_allclose(pieces, whole, atol=1e-6)
