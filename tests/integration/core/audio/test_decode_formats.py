"""Every accepted format gives back the sound that went in."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.core.audio.convert import int16_from_float
from app.core.audio.decode import Channels, DecodeLimits, decode_audio, stream_audio
from app.core.audio.g711 import encode_mulaw
from app.core.audio.pcm import RawPcm
from app.core.audio.resample import resample
from app.core.audio.wav import wav_bytes, wav_header

Made = Callable[..., Any]
LIMITS = DecodeLimits(max_duration_s=60, deadline_s=60)
EXPERIMENTAL = {"strict": "experimental"}

LOSSLESS = [
    ("wav", "pcm_s16le", 44_100),
    ("wav", "pcm_f32le", 48_000),
    ("flac", "flac", 44_100),
    ("wav", "pcm_s24le", 22_050),
    ("wav", "pcm_u8", 8_000),
    ("mp4", "alac", 44_100),
]
LOSSY = [("mp3", "libmp3lame", 44_100), ("mp3", "libmp3lame", 8_000), ("ogg", "libopus", 48_000),
         ("ogg", "vorbis", 44_100), ("ipod", "aac", 44_100), ("mp4", "aac", 48_000),
         ("webm", "libopus", 48_000), ("matroska", "aac", 44_100), ("adts", "aac", 44_100),
         ("wav", "pcm_mulaw", 8_000), ("wav", "adpcm_ms", 16_000)]  # fmt: skip


def _aligned(heard: np.ndarray, said: np.ndarray, delay: int) -> tuple[np.ndarray, np.ndarray]:
    """The two signals shifted by the delay within ±`delay` samples that fits best."""
    shifts = range(-delay, delay + 1)
    middle = said[4_000:36_000]
    best = max(shifts, key=lambda shift: float(heard[4_000 + shift : 36_000 + shift] @ middle))
    return heard[4_000 + best : 36_000 + best], middle


def _snr_db(heard: np.ndarray, said: np.ndarray) -> float:
    return float(10 * np.log10(np.sum(said**2) / (np.sum((heard - said) ** 2) + 1e-12)))


@pytest.mark.parametrize(("container", "codec", "rate"), LOSSLESS)
def test_lossless_formats_are_exact_in_time_and_value(
    container: str, codec: str, rate: int, encode: Made, speech_like: Made
) -> None:
    said = speech_like(rate)
    heard = decode_audio(io.BytesIO(encode(said, rate, container, codec)), limits=LIMITS)
    expected = resample(said, rate, 16_000)
    assert heard.dtype == np.float32
    assert len(heard) == len(expected) == 48_000
    assert _snr_db(heard, expected) > (25 if codec == "pcm_u8" else 70)


@pytest.mark.parametrize(("container", "codec", "rate"), LOSSY)
def test_lossy_formats_keep_the_sound_and_its_time(
    container: str, codec: str, rate: int, encode: Made, speech_like: Made
) -> None:
    said = speech_like(rate)
    sent = np.stack([said, said]) if codec == "vorbis" else said  # its encoder is stereo only
    data = encode(sent, rate, container, codec, options=EXPERIMENTAL)
    heard = decode_audio(io.BytesIO(data), limits=LIMITS)
    expected = resample(said, rate, 16_000)
    assert abs(len(heard) - len(expected)) < 0.15 * 16_000
    padded = np.pad(heard, (0, 4_000))
    assert _snr_db(*_aligned(padded, expected, 1_600)) > 12


@pytest.mark.parametrize(("container", "codec"), [("mp4", "mpeg4"), ("webm", "libvpx")])
def test_the_sound_of_a_video(container: str, codec: str, encode: Made, speech_like: Made) -> None:
    audio_codec = "aac" if container == "mp4" else "libopus"
    data = encode(speech_like(48_000), 48_000, container, audio_codec, video=codec)
    with stream_audio(io.BytesIO(data), limits=LIMITS) as audio:
        samples = np.concatenate(list(audio))
    assert abs(len(samples) - 48_000) < 1_600
    assert np.abs(samples).max() > 0.1
    assert not audio.incomplete


def test_stereo_is_mixed_or_kept_apart(encode: Made, speech_like: Made) -> None:
    agent, caller = speech_like(8_000), speech_like(8_000)[::-1].copy()
    data = encode(np.stack([agent, caller]), 8_000, "wav", "pcm_s16le")
    split = decode_audio(io.BytesIO(data), channels="split", limits=LIMITS)
    mixed = decode_audio(io.BytesIO(data), limits=LIMITS)
    assert split.shape == (2, 48_000)
    assert _snr_db(split[0], resample(agent, 8_000, 16_000)) > 60
    assert _snr_db(split[1], resample(caller, 8_000, 16_000)) > 60
    assert np.abs(split.mean(axis=0) - mixed).max() < 1e-6
    alone = decode_audio(io.BytesIO(wav_bytes(agent, 8_000)), channels="split", limits=LIMITS)
    assert alone.shape == (1, 48_000)


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100])
def test_any_rate_may_be_asked_for(rate: int, encode: Made, speech_like: Made) -> None:
    data = encode(speech_like(44_100), 44_100, "flac", "flac")
    assert len(decode_audio(io.BytesIO(data), sample_rate=rate, limits=LIMITS)) == 3 * rate


@pytest.mark.parametrize("channels", ["mix", "split"])
def test_the_stream_joined_is_the_whole(
    channels: Channels, encode: Made, speech_like: Made, tmp_path: Path
) -> None:
    path = tmp_path / "call.mp3"
    both = np.stack([speech_like(44_100), speech_like(44_100)[::-1]])
    path.write_bytes(encode(both, 44_100, "mp3", "libmp3lame"))
    with stream_audio(path, channels=channels, limits=LIMITS) as audio:
        assert (audio.info.container, audio.info.codec) == ("mp3", "mp3float")
        assert (audio.info.sample_rate, audio.info.channels) == (44_100, 2)
        assert audio.info.duration_s == pytest.approx(3, abs=0.1)
        blocks = list(audio)
    assert len(blocks) >= 4
    whole = decode_audio(path, channels=channels, limits=LIMITS)
    assert np.array_equal(np.concatenate(blocks, axis=-1), whole)


def test_raw_pcm_is_read_as_it_is_said_to_be(speech_like: Made, unseekable: Made) -> None:
    said = speech_like(8_000)
    pcm = np.stack([int16_from_float(said), int16_from_float(-said)], axis=1).tobytes()
    for source in (io.BytesIO(pcm), unseekable(pcm)):
        split = decode_audio(source, channels="split", limits=LIMITS, raw=RawPcm(8_000, 2))
        assert split.shape == (2, 48_000)
        assert _snr_db(split[0], resample(said, 8_000, 16_000)) > 60
        assert np.abs(split[0] + split[1]).max() < 1e-3


def test_raw_pcm_cut_within_a_sample_is_incomplete() -> None:
    with stream_audio(
        io.BytesIO(b"\1\0" * 999 + b"\1"), limits=LIMITS, raw=RawPcm(16_000)
    ) as audio:
        assert sum(len(block) for block in audio) == 999
    assert audio.incomplete


@pytest.mark.parametrize(
    ("container", "codec", "options"),
    [("wav", "pcm_s16le", None), ("mp3", "libmp3lame", None), ("flac", "flac", None),
     ("ogg", "libopus", None), ("webm", "libopus", None),
     ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov"})],
)  # fmt: skip
def test_a_stream_that_cannot_seek(
    container: str,
    codec: str,
    options: dict[str, str] | None,
    encode: Made,
    speech_like: Made,
    unseekable: Made,
) -> None:
    data = encode(speech_like(48_000), 48_000, container, codec, options=options)
    heard = decode_audio(unseekable(data), limits=LIMITS)
    assert abs(len(heard) - 48_000) < 2_400


def test_a_seekable_stream_is_read_from_its_beginning_and_left_open(speech_like: Made) -> None:
    stream = io.BytesIO(wav_bytes(speech_like(16_000), 16_000))
    stream.seek(1_000)
    assert len(decode_audio(stream, limits=LIMITS)) == 48_000
    assert not stream.closed


def test_what_we_write_we_read(speech_like: Made, unseekable: Made) -> None:
    said = speech_like(16_000)
    pcm = int16_from_float(said).tobytes()
    for source in (io.BytesIO(wav_header(16_000) + pcm), unseekable(wav_header(16_000) + pcm)):
        with stream_audio(source, limits=LIMITS) as audio:
            heard = np.concatenate(list(audio))
        assert np.array_equal(int16_from_float(heard), int16_from_float(said))
        assert not audio.incomplete


def test_our_mulaw_is_libavs_mulaw(raw_wav: Made, speech_like: Made) -> None:
    samples = int16_from_float(speech_like(8_000))
    wav = raw_wav(encode_mulaw(samples), rate=8_000, bits=8, tag=7)
    heard = decode_audio(io.BytesIO(wav), sample_rate=8_000, limits=LIMITS)
    raw = io.BytesIO(samples.tobytes())
    said = decode_audio(raw, sample_rate=8_000, limits=LIMITS, raw=RawPcm(8_000))
    assert _snr_db(heard, said) > 30


def test_a_recording_that_changes_its_rate_midway(encode: Made, speech_like: Made) -> None:
    chained = encode(speech_like(44_100), 44_100, "ogg", "flac")
    chained += encode(speech_like(22_050), 22_050, "ogg", "flac")
    heard = decode_audio(io.BytesIO(chained), limits=LIMITS)
    assert abs(len(heard) - 96_000) < 1_600
