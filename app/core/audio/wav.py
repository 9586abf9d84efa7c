"""Writing WAV: 16-bit PCM, with a header for a known length or for a stream without end."""

import struct

import numpy as np

from app.core.audio.convert import Samples, int16_from_float

_UNKNOWN = 0xFFFFFFFF
_SIZE_BEFORE_DATA = 36


def wav_header(sample_rate: int, channels: int = 1, *, data_bytes: int | None = None) -> bytes:
    """44 bytes. Without `data_bytes` the sizes say "until the stream ends", as players accept."""
    if data_bytes is None:
        riff_size = data_size = _UNKNOWN
    elif data_bytes <= _UNKNOWN - _SIZE_BEFORE_DATA - 1:
        riff_size, data_size = data_bytes + _SIZE_BEFORE_DATA, data_bytes
    else:
        raise ValueError("a WAV file holds less than 4 GiB")
    frame_bytes = 2 * channels
    rates = (sample_rate, sample_rate * frame_bytes, frame_bytes, 16)
    form = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", riff_size, b"WAVE", b"fmt ", 16, 1, channels, *rates
    )
    return form + struct.pack("<4sI", b"data", data_size)


def wav_bytes(samples: Samples, sample_rate: int) -> bytes:
    """A complete file of (n,) or (channels, n) samples."""
    channels = 1 if samples.ndim == 1 else samples.shape[0]
    data = np.ascontiguousarray(int16_from_float(samples).T, dtype="<i2").tobytes()
    return wav_header(sample_rate, channels, data_bytes=len(data)) + data
