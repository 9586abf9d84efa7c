"""Files that are damaged, or whose headers make no sense: a clear error, or what can be heard."""

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.core.audio.decode import DecodeLimits, decode_audio, stream_audio
from app.core.audio.errors import AudioEmpty, AudioOutOfRange, AudioUnreadable, NoAudioTrack
from app.core.audio.pcm import RawPcm
from app.core.audio.wav import wav_bytes

Made = Callable[..., Any]
LIMITS = DecodeLimits(max_duration_s=60, deadline_s=60)


def test_an_empty_file() -> None:
    for raw in (None, RawPcm(16_000)):
        with pytest.raises(AudioEmpty):
            decode_audio(io.BytesIO(b""), limits=LIMITS, raw=raw)


def test_a_file_of_no_samples() -> None:
    with pytest.raises(AudioEmpty):
        decode_audio(io.BytesIO(wav_bytes(np.empty(0, np.float32), 16_000)), limits=LIMITS)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"Dear customer, this is not a recording.\n" * 500, id="text"),
        pytest.param(b"RIFF", id="4 bytes"),
        pytest.param(bytes(100_000), id="zeros"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(5_000), id="picture"),
        pytest.param(b"%PDF-1.7\n" + bytes(5_000), id="pdf"),
        pytest.param(b"PK\x03\x04" + bytes(5_000), id="zip"),
        pytest.param(b"<html><body>Not found</body></html>", id="html"),
    ],
)
def test_what_is_no_audio(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(data)
    with pytest.raises(AudioUnreadable):
        decode_audio(path, limits=LIMITS)


@pytest.mark.parametrize("name", ["wav", "mp3", "flac", "ogg", "m4a", "webm", "mp4"])
def test_cut_off_within_the_header(name: str, files: dict[str, bytes]) -> None:
    for size in (3, 12, 30):
        with pytest.raises((AudioUnreadable, AudioEmpty, NoAudioTrack)):
            decode_audio(io.BytesIO(files[name][:size]), limits=LIMITS)


@pytest.mark.parametrize("name", ["wav", "mp3", "flac", "ogg", "webm", "mp4"])
def test_cut_off_midway_gives_the_first_part_and_says_so(
    name: str, files: dict[str, bytes]
) -> None:
    whole = decode_audio(io.BytesIO(files[name]), limits=LIMITS)
    cut = files[name][: len(files[name]) * 6 // 10]
    with stream_audio(io.BytesIO(cut), limits=LIMITS) as audio:
        heard = np.concatenate(list(audio))
    assert 0.3 * len(whole) < len(heard) < 0.8 * len(whole)
    assert np.abs(heard[8_000:24_000] - whole[8_000:24_000]).max() < 1e-3
    if name != "ogg":  # an Ogg file does not say how long it is
        assert audio.incomplete


def test_an_mp4_cut_off_before_its_index_cannot_be_read(files: dict[str, bytes]) -> None:
    with pytest.raises(AudioUnreadable):
        decode_audio(io.BytesIO(files["m4a"][: len(files["m4a"]) // 2]), limits=LIMITS)


def test_damage_in_the_middle_costs_only_the_damaged_part(files: dict[str, bytes]) -> None:
    data = bytearray(files["flac"])
    middle = len(data) // 2
    data[middle : middle + len(data) // 5] = bytes(len(data) // 5)
    with stream_audio(io.BytesIO(bytes(data)), limits=LIMITS) as audio:
        heard = np.concatenate(list(audio))
    assert len(heard) > 4 * 16_000
    assert audio.incomplete


@pytest.mark.parametrize(("container", "codec"), [("mp4", "mpeg4"), ("webm", "libvpx")])
def test_a_video_without_sound(container: str, codec: str, encode: Made) -> None:
    with pytest.raises(NoAudioTrack):
        decode_audio(io.BytesIO(encode(None, 0, container, "", video=codec)), limits=LIMITS)


def test_a_codec_that_is_not_accepted(encode: Made, speech_like: Made) -> None:
    data = encode(speech_like(44_100), 44_100, "matroska", "mp2")
    with pytest.raises(AudioUnreadable, match="coded"):
        decode_audio(io.BytesIO(data), limits=LIMITS)


@pytest.mark.parametrize(
    "header",
    [
        {"channels": 0},
        {"channels": 17},
        {"channels": 65_535},
        {"rate": 0},
        {"rate": 1},
        {"rate": 4_000_000_000},
        {"rate": 0x7FFFFFFF},
        {"bits": 0},
        {"bits": 65_535},
        {"tag": 0xBEEF},
    ],
    ids=str,
)
def test_absurd_wav_headers(header: dict[str, int], raw_wav: Made) -> None:
    with pytest.raises((AudioOutOfRange, AudioUnreadable)):
        decode_audio(io.BytesIO(raw_wav(**header)), limits=LIMITS)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_samples_that_are_not_numbers(bad: float, raw_wav: Made) -> None:
    samples = np.zeros(16_000, np.float32)
    samples[8_000] = bad
    with pytest.raises(AudioUnreadable, match="finite"):
        decode_audio(io.BytesIO(raw_wav(samples.tobytes(), bits=32, tag=3)), limits=LIMITS)
    doubles = samples.astype(np.float64).tobytes()
    with pytest.raises(AudioUnreadable, match="finite"):
        decode_audio(io.BytesIO(raw_wav(doubles, bits=64, tag=3)), limits=LIMITS)


def test_samples_beyond_full_scale_are_clipped(raw_wav: Made) -> None:
    loud = np.resize(np.array([3e38, -3e38, 0.5, -0.5], np.float32), 44_100)
    wav = raw_wav(loud.tobytes(), rate=44_100, bits=32, tag=3)
    heard = decode_audio(io.BytesIO(wav), limits=LIMITS)
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() <= 1


@pytest.mark.parametrize("placeholder", [0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFFF - 36])
def test_a_wav_written_to_a_pipe_has_no_length_and_is_read_to_its_end(
    placeholder: int, raw_wav: Made, unseekable: Made
) -> None:
    wav = raw_wav(data_size=placeholder)
    for source in (io.BytesIO(wav), unseekable(wav)):
        with stream_audio(source, limits=LIMITS) as audio:
            assert sum(len(block) for block in audio) == 8_000
        assert not audio.incomplete
