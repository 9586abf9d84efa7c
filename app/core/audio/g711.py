"""G.711: telephone bytes, mu-law and A-law, to 16-bit samples and back, by table."""

import functools

import numpy as np
from numpy.typing import NDArray

Int16 = NDArray[np.int16]
UInt8 = NDArray[np.uint8]


def decode_mulaw(data: bytes) -> Int16:
    return _mulaw_levels()[np.frombuffer(data, dtype=np.uint8)]


def encode_mulaw(samples: Int16) -> bytes:
    return _mulaw_codes()[samples.view(np.uint16)].tobytes()


def decode_alaw(data: bytes) -> Int16:
    return _alaw_levels()[np.frombuffer(data, dtype=np.uint8)]


def encode_alaw(samples: Int16) -> bytes:
    return _alaw_codes()[samples.view(np.uint16)].tobytes()


def _every_sample() -> NDArray[np.int32]:
    """All 65,536 samples, in the order of their bits read as unsigned."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)


def _segments(magnitudes: NDArray[np.int32], first_end: int) -> NDArray[np.int32]:
    ends = ((first_end + 1) << np.arange(8)) - 1
    return np.searchsorted(ends, magnitudes).astype(np.int32)


@functools.cache
def _mulaw_levels() -> Int16:
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


@functools.cache
def _mulaw_codes() -> UInt8:
    linear = _every_sample() >> 2  # 14 bits, as the standard has it
    magnitude = np.minimum(np.abs(linear), 8159) + 33
    segment = _segments(magnitude, 0x3F)
    code = np.minimum((segment << 4) | ((magnitude >> (segment + 1)) & 0x0F), 0x7F)
    code = np.where(segment > 7, 0x7F, code)
    return (code ^ np.where(linear < 0, 0x7F, 0xFF)).astype(np.uint8)


@functools.cache
def _alaw_levels() -> Int16:
    code = np.arange(256) ^ 0x55
    step = ((code & 0x0F) << 4) + 8
    segment = (code & 0x70) >> 4
    magnitude = np.where(segment > 0, (step + 0x100) << np.maximum(segment - 1, 0), step)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


@functools.cache
def _alaw_codes() -> UInt8:
    linear = _every_sample() >> 3  # 13 bits
    magnitude = np.where(linear < 0, -linear - 1, linear)
    segment = _segments(magnitude, 0x1F)
    code = (segment << 4) | ((magnitude >> np.maximum(segment, 1)) & 0x0F)
    return (code ^ np.where(linear < 0, 0x55, 0xD5)).astype(np.uint8)
