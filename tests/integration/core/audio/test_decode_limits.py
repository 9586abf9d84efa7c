"""Files that are too long, or pretend not to be: bounded time and memory whatever they claim."""

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.core.audio.decode import DecodeLimits, decode_audio, stream_audio
from app.core.audio.errors import AudioTooLong, AudioTooSlow
from app.core.audio.pcm import RawPcm

Made = Callable[..., Any]
LIMITS = DecodeLimits(max_duration_s=60, deadline_s=60)


class Endless(io.RawIOBase):
    """A header, then silence for ever: what a length cannot be known of."""

    def __init__(self, start: bytes) -> None:
        self._start = start
        self.sent_bytes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data, self._start = self._start[:size], self._start[size:]
        data = data or bytes(size)
        self.sent_bytes += len(data)
        return data


def test_a_declared_duration_is_refused_before_anything_is_decoded(raw_wav: Made) -> None:
    hour = raw_wav(rate=16_000, data_size=3600 * 32_000)
    with pytest.raises(AudioTooLong) as refused:
        stream_audio(io.BytesIO(hour), limits=LIMITS)
    assert refused.value.details == {"max_duration_s": 60}
    two_minutes = io.BytesIO(bytes(2 * 16_000 * 120))
    with pytest.raises(AudioTooLong):
        stream_audio(two_minutes, limits=LIMITS, raw=RawPcm(16_000))


def test_what_never_ends_is_refused_once_the_limit_is_heard(raw_wav: Made) -> None:
    endless = Endless(raw_wav(b"", data_size=0xFFFFFFFF))
    heard = 0
    with (
        stream_audio(endless, limits=LIMITS) as audio,
        pytest.raises(AudioTooLong),
    ):
        for block in audio:
            heard += len(block)
    assert 58 * 16_000 < heard <= 60 * 16_000
    assert endless.sent_bytes < 80 * 32_000
    with pytest.raises(AudioTooLong):
        decode_audio(Endless(b""), limits=LIMITS, raw=RawPcm(16_000))


@pytest.mark.parametrize(("container", "codec"), [("flac", "flac"), ("ogg", "libopus")])
def test_a_decompression_bomb_is_stopped_at_the_limit(
    container: str, codec: str, encode: Made, unseekable: Made
) -> None:
    """Twenty minutes of silence in some kilobytes, in a file that does not say how long it is."""
    silence = np.zeros(1200 * 8_000, np.float32)
    data = encode(silence, 8_000, container, codec, seekable=False)
    assert len(data) < 600_000
    with pytest.raises(AudioTooLong):
        decode_audio(unseekable(data), limits=LIMITS)


def test_a_tiny_mp3_of_hours(encode: Made) -> None:
    frames = encode(
        np.zeros(48_000, np.float32),
        48_000,
        "mp3",
        "libmp3lame",
        options={"write_xing": "0", "id3v2_version": "0"},
    )
    with pytest.raises(AudioTooLong):
        decode_audio(io.BytesIO(frames * 3600), limits=LIMITS)


CHILD = """
import io, resource, sys
from pathlib import Path
from app.core.audio.decode import DecodeLimits, stream_audio
from app.core.audio.wav import wav_bytes
import numpy as np
limits = DecodeLimits(max_duration_s=11 * 3600, deadline_s=600)
def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
for _ in stream_audio(io.BytesIO(wav_bytes(np.zeros(80_000, np.float32), 8_000)), limits=limits):
    pass
before = peak_mb()
samples = 0
try:
    with stream_audio(Path(sys.argv[1]), limits=limits) as audio:
        for block in audio:
            samples += len(block)
except Exception as error:
    print(type(error).__name__, end=" ")
print(samples, peak_mb() - before)
"""


def _decoded_in_a_child(path: Path) -> list[str]:
    """What a process of its own makes of the file: [error,] samples, growth of its peak in MB."""
    run = subprocess.run(
        [sys.executable, "-c", CHILD, path], capture_output=True, text=True, check=True
    )
    assert run.stderr == ""
    return run.stdout.split()


def test_ten_hours_stream_in_flat_memory(tmp_path: Path, raw_wav: Made) -> None:
    path = tmp_path / "day.wav"
    size = 10 * 3600 * 8_000
    with path.open("wb") as file:  # sparse: takes no room on the disk
        file.write(raw_wav(b"", rate=8_000, bits=8, tag=7, data_size=size))
        file.truncate(44 + size)
    samples, growth_mb = _decoded_in_a_child(path)
    assert int(samples) == 10 * 3600 * 16_000
    assert int(growth_mb) < 40


@pytest.mark.parametrize(("samples", "tracks"), [(170_000_000, 1), (80_000_000, 40)])
def test_a_tiny_mp4_cannot_make_libav_build_a_giant_index(
    samples: int, tracks: int, tmp_path: Path, crafted_mp4: Made
) -> None:
    """1,500 bytes of header that took 2.8 GB before allocations were capped."""
    path = tmp_path / "small.mp4"
    path.write_bytes(crafted_mp4(samples, tracks=tracks))
    error, _, growth_mb = _decoded_in_a_child(path)
    assert error in {"AudioEmpty", "AudioUnreadable", "AudioTooLong"}
    assert int(growth_mb) < 200


def test_the_deadline_holds_while_opening_and_while_reading(files: dict[str, bytes]) -> None:
    late = DecodeLimits(max_duration_s=60, deadline_s=0)
    for data in files.values():
        with pytest.raises(AudioTooSlow):
            decode_audio(io.BytesIO(data), limits=late)
    with pytest.raises(AudioTooSlow):
        decode_audio(io.BytesIO(b"\0\0"), limits=late, raw=RawPcm(16_000))


def test_the_failure_of_a_stream_is_its_own_and_haunts_nobody(raw_wav: Made) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > 10_000:
                raise ConnectionResetError("the uploader left")
            return super().read(size)

    with pytest.raises(ConnectionResetError):
        decode_audio(Broken(raw_wav(bytes(400_000))), limits=LIMITS)
    assert len(decode_audio(io.BytesIO(raw_wav()), limits=LIMITS)) == 8_000
