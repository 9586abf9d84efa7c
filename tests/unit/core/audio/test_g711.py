"""G.711 against the standard's own definition, and against audioop where Python still has it."""

import sys
import warnings
from types import ModuleType

import numpy as np
import pytest

from app.core.audio.g711 import decode_alaw, decode_mulaw, encode_alaw, encode_mulaw

EVERY_BYTE = bytes(range(256))
EVERY_SAMPLE = np.arange(-32768, 32768, dtype=np.int16)


def _audioop() -> ModuleType:
    if sys.version_info >= (3, 13):
        pytest.skip("audioop left the standard library in Python 3.13")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return __import__("audioop")


def _standard_mulaw_level(code: int) -> int:
    """G.711 table 2: the 14-bit value of a code, scaled to 16 bits."""
    inverted = code ^ 0xFF
    segment, step = (inverted >> 4) & 7, inverted & 15
    magnitude = ((2 * step + 33) << segment) - 33
    return (-magnitude if inverted & 0x80 else magnitude) * 4


def _standard_alaw_level(code: int) -> int:
    """G.711 table 1: the 13-bit value of a code, scaled to 16 bits."""
    inverted = code ^ 0x55
    segment, step = (inverted >> 4) & 7, inverted & 15
    magnitude = 2 * step + 1 if segment == 0 else (2 * step + 33) << (segment - 1)
    return (magnitude if inverted & 0x80 else -magnitude) * 8


def test_every_code_decodes_to_the_level_of_the_standard() -> None:
    assert decode_mulaw(EVERY_BYTE).tolist() == [_standard_mulaw_level(c) for c in range(256)]
    assert decode_alaw(EVERY_BYTE).tolist() == [_standard_alaw_level(c) for c in range(256)]


def _decision_values(levels: list[int], first: int) -> list[int]:
    """G.711: each level stands in the middle between two decision values; so they follow."""
    values = [first]
    for level in levels:
        values.append(2 * level - values[-1])
    return values


def test_every_sample_takes_the_interval_of_the_standard() -> None:
    # Levels of the magnitudes 1 to 127 (mu-law, 14 bits) and 0 to 127 (A-law, 13 bits).
    mulaw = sorted(_standard_mulaw_level(code) // 4 for code in range(0x80, 0xFF))
    alaw = sorted(_standard_alaw_level(code) // 8 for code in range(0x80, 0x100))

    linear = EVERY_SAMPLE.astype(np.int32) >> 2
    number = np.searchsorted(_decision_values(mulaw, 1)[:-1], abs(linear), side="right")
    expected = np.where(linear < 0, 0x7F - number, 0xFF - number)
    assert encode_mulaw(EVERY_SAMPLE) == expected.astype(np.uint8).tobytes()

    linear = EVERY_SAMPLE.astype(np.int32) >> 3
    magnitude = np.where(linear < 0, -linear - 1, linear)
    number = np.searchsorted(_decision_values(alaw, 0)[1:-1], magnitude, side="right")
    expected = (number | np.where(linear < 0, 0, 0x80)) ^ 0x55
    assert encode_alaw(EVERY_SAMPLE) == expected.astype(np.uint8).tobytes()


def test_codes_survive_a_round_trip() -> None:
    assert encode_alaw(decode_alaw(EVERY_BYTE)) == EVERY_BYTE
    both_zeros_are_one = EVERY_BYTE.replace(b"\x7f", b"\xff")
    assert encode_mulaw(decode_mulaw(EVERY_BYTE)) == both_zeros_are_one


def test_bit_for_bit_like_audioop() -> None:
    audioop = _audioop()
    raw = EVERY_SAMPLE.tobytes()
    assert encode_mulaw(EVERY_SAMPLE) == audioop.lin2ulaw(raw, 2)
    assert encode_alaw(EVERY_SAMPLE) == audioop.lin2alaw(raw, 2)
    assert decode_mulaw(EVERY_BYTE).tobytes() == audioop.ulaw2lin(EVERY_BYTE, 2)
    assert decode_alaw(EVERY_BYTE).tobytes() == audioop.alaw2lin(EVERY_BYTE, 2)


def test_strided_samples_and_no_samples() -> None:
    stereo = EVERY_SAMPLE.reshape(-1, 2)
    assert encode_mulaw(stereo[:, 0]) == encode_mulaw(EVERY_SAMPLE[::2].copy())
    assert encode_alaw(EVERY_SAMPLE[:0]) == b""
    assert decode_alaw(b"").size == 0
