"""WAV as we write it, read by the standard library."""

import io
import wave

import numpy as np
import pytest

from app.core.audio.wav import wav_bytes, wav_header


def test_a_complete_file_is_what_the_standard_library_reads() -> None:
    stereo = np.array([[0.5, -0.5, 2.0], [0.25, 0.0, -2.0]], np.float32)
    with wave.open(io.BytesIO(wav_bytes(stereo, 8_000))) as read:
        assert (read.getnchannels(), read.getsampwidth(), read.getframerate()) == (2, 2, 8_000)
        frames = np.frombuffer(read.readframes(10), "<i2").reshape(-1, 2)
    assert frames.T.tolist() == [[16384, -16384, 32767], [8192, 0, -32768]]


def test_a_streaming_header_is_44_bytes_without_a_length() -> None:
    header = wav_header(24_000)
    assert len(header) == 44
    assert header[4:8] == header[40:44] == b"\xff\xff\xff\xff"


def test_more_than_the_format_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="4 GiB"):
        wav_header(48_000, 2, data_bytes=2**32)
