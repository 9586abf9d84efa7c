"""Resampling: quality, and the stream against the whole."""

import numpy as np
import pytest

from app.core.audio.resample import Resampler, resample


def _tone(hertz: float, rate: int, seconds: float = 1.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype("f4")


def _level_db(samples: np.ndarray) -> float:
    steady = samples[2000:-2000].astype(np.float64)
    return 20 * np.log10(np.sqrt(np.mean(steady**2)) / (0.5 / np.sqrt(2)) + 1e-12)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("block", [77, 160, 1_152])
def test_a_stream_is_bit_for_bit_the_whole(rate: int, block: int) -> None:
    noise = np.random.default_rng(rate).uniform(-1, 1, rate).astype(np.float32)
    whole = resample(noise, rate, 16_000)
    stream = Resampler(rate, 16_000)
    parts = [stream.push(noise[at : at + block]) for at in range(0, rate, block)]
    parts.append(stream.push(noise[:0], last=True))
    assert np.array_equal(np.concatenate(parts), whole)
    assert len(whole) == 16_000


def test_what_would_alias_is_gone_and_speech_is_untouched() -> None:
    for hertz in (9_000, 12_000, 20_000):
        assert _level_db(resample(_tone(hertz, 48_000), 48_000, 16_000)) < -100
    for hertz in (100, 1_000, 7_000):
        assert abs(_level_db(resample(_tone(hertz, 48_000), 48_000, 16_000))) < 0.1


def test_channels_stay_apart() -> None:
    both = np.stack([_tone(300, 8_000), _tone(1_000, 8_000)])
    resampled = resample(both, 8_000, 16_000)
    assert resampled.shape == (2, 16_000)
    for channel, hertz in zip(resampled, (300, 1_000), strict=True):
        assert np.abs(channel - _tone(hertz, 16_000))[500:-500].max() < 1e-3


def test_the_same_rate_changes_nothing() -> None:
    tone = _tone(440, 16_000)
    assert np.array_equal(resample(tone, 16_000, 16_000), tone)
