"""Live sound at another rate: the same whatever its blocks, soon, and near to the best there is."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.audio.convert import Samples
from app.core.audio.live_resample import LiveResampler

RATES = [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000]
ODD_RATES = [8001, 15999, 44101, 47951]
"""None has a divisor in common with 16,000."""


def tone(hz: float, rate: int, seconds: float = 0.5) -> Samples:
    return np.sin(2 * np.pi * hz * np.arange(round(rate * seconds)) / rate).astype(np.float32)


def whole(sound: Samples, rate: int) -> Samples:
    resampler = LiveResampler(rate, 16000)
    return np.concatenate((resampler.push(sound), resampler.flush()))


@pytest.mark.parametrize("rate", RATES + ODD_RATES)
@pytest.mark.parametrize("hz", [0.0, 100.0, 1000.0, 3000.0])
def test_a_tone_is_the_same_tone_in_the_same_place(rate: int, hz: float) -> None:
    sound = np.ones(rate // 2, np.float32) if not hz else tone(hz, rate)
    expected = np.ones(8000, np.float32) if not hz else tone(hz, 16000)
    found = whole(sound, rate)
    assert abs(found.size - 8000) <= 1
    inner = slice(200, 7800)
    assert np.abs(found[inner] - expected[inner]).max() < 0.01


@pytest.mark.parametrize("rate", [24000, 44100, 48000])
def test_what_is_too_high_does_not_come_out_as_something_else(rate: int) -> None:
    assert np.abs(whole(tone(10_500, rate), rate)[200:7800]).max() < 0.01


@pytest.mark.parametrize("rate", [8003, 44103, 47953])
def test_no_rate_needs_much_to_begin_with(rate: int) -> None:
    """A client may change its rate with every message, and everybody else would wait."""
    tracemalloc.start()
    try:
        LiveResampler(rate, 16000)
        assert tracemalloc.get_traced_memory()[1] < 16_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("rate", RATES)
def test_blocks_make_no_difference_and_nothing_waits_long(rate: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, rate // 2).astype(np.float32)
    resampler = LiveResampler(rate, 16000)
    pieces: list[Samples] = []
    block = rate // 50
    for start in range(0, noise.size, block):
        pieces.append(resampler.push(noise[start : start + block]))
        heard_s = min(noise.size, start + block) / rate
        late_s = heard_s - sum(map(len, pieces)) / 16000
        assert late_s <= 0.003
    assert np.array_equal(np.concatenate((*pieces, resampler.flush())), whole(noise, rate))


@given(st.sampled_from(RATES + ODD_RATES), st.lists(st.integers(0, 700), max_size=12))
def test_any_blocks(rate: int, sizes: list[int]) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, sum(sizes)).astype(np.float32)
    resampler = LiveResampler(rate, 16000)
    blocks = np.split(noise, np.cumsum(sizes)[:-1]) if sizes else []
    found = [resampler.push(block) for block in blocks]
    assert np.array_equal(np.concatenate((*found, resampler.flush())), whole(noise, rate))
