"""Samples between 16-bit integers and floats."""

import numpy as np

from app.core.audio.convert import float_from_int16, int16_from_float

EVERY_SAMPLE = np.arange(-32768, 32768, dtype=np.int16)


def test_every_int16_survives_the_round_trip() -> None:
    floats = float_from_int16(EVERY_SAMPLE)
    assert floats.dtype == np.float32
    assert floats.min() == -1.0
    assert floats.max() < 1.0
    assert np.array_equal(int16_from_float(floats), EVERY_SAMPLE)


def test_beyond_full_scale_is_clipped_and_never_wraps() -> None:
    loud = np.array([1.0, 1.5, 1e30, np.inf, -1.0, -1.5, -1e30, -np.inf], np.float32)
    assert int16_from_float(loud).tolist() == [32767] * 4 + [-32768] * 4


def test_rounding_is_to_the_nearest_and_not_a_number_is_silence() -> None:
    samples = np.array([0.6 / 32768, -0.6 / 32768, 0.4 / 32768, np.nan], np.float32)
    assert int16_from_float(samples).tolist() == [1, -1, 0, 0]
