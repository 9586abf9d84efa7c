"""Every format, decoded again by libav."""

import io

import numpy as np
import pytest

from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.audio.g711 import decode_alaw, decode_mulaw
from app.tts.encoding import SoundFormat, as_whole_file, open_encoder, sound_of
from app.tts.speech import SAMPLE_RATE

NO_LIMITS = DecodeLimits(max_duration_s=1e6, deadline_s=1e6)
SECONDS = 2.0
TONE = (0.4 * np.sin(np.arange(int(SECONDS * SAMPLE_RATE)) * 2 * np.pi * 440 / SAMPLE_RATE)).astype(
    np.float32
)


def parts(name: SoundFormat, rate: int | None, blocks: int = 7) -> list[bytes]:
    encoder = open_encoder(sound_of(name, rate))
    pieces = [encoder.push(block) for block in np.array_split(TONE, blocks)]
    return [*pieces, encoder.finish()]


def pitch_hz(samples: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.argmax(spectrum) * rate / samples.size)


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
@pytest.mark.parametrize("name", ["wav", "mp3", "opus", "aac", "flac"])
def test_a_file_holds_the_sound_at_the_rate_that_was_asked_for(
    name: SoundFormat, rate: int
) -> None:
    data = as_whole_file(sound_of(name, rate), parts(name, rate))
    heard = decode_audio(io.BytesIO(data), sample_rate=rate, limits=NO_LIMITS)
    assert heard.size / rate == pytest.approx(SECONDS, abs=0.2)
    middle = heard[rate // 2 : rate]
    assert pitch_hz(middle, rate) == pytest.approx(440, abs=3)
    assert float(np.abs(middle).max()) == pytest.approx(0.4, abs=0.06)


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 48000])
def test_bare_samples_are_as_many_as_they_last(rate: int) -> None:
    data = b"".join(parts("pcm", rate))
    samples = np.frombuffer(data, "<i2") / 32768
    assert samples.size == SECONDS * rate
    assert pitch_hz(samples[rate // 2 : rate], rate) == pytest.approx(440, abs=3)


@pytest.mark.parametrize(("name", "decode"), [("mulaw", decode_mulaw), ("alaw", decode_alaw)])
def test_telephone_sound_has_its_rate_unless_another_is_asked_for(
    name: SoundFormat, decode: object
) -> None:
    assert sound_of(name, None).sample_rate == 8000
    data = b"".join(parts(name, None))
    assert len(data) == SECONDS * 8000
    samples = decode(data)  # pyright: ignore[reportCallIssue, reportUnknownVariableType]
    assert pitch_hz(np.asarray(samples)[4000:8000], 8000) == pytest.approx(440, abs=3)


def test_blocks_make_no_difference() -> None:
    assert b"".join(parts("pcm", 16000, 1)) == b"".join(parts("pcm", 16000, 200))


@pytest.mark.parametrize("name", ["mp3", "opus", "aac", "flac"])
def test_what_is_ready_comes_before_the_end(name: SoundFormat) -> None:
    """A listener hears the beginning while the rest is made."""
    pieces = parts(name, 24000, 20)
    early = sum(map(len, pieces[:10]))
    assert early > 0.25 * sum(map(len, pieces))


def test_a_whole_wav_says_how_long_it_is_and_a_stream_that_it_ends_with_itself() -> None:
    streamed = b"".join(parts("wav", 24000))
    whole = as_whole_file(sound_of("wav", 24000), parts("wav", 24000))
    assert streamed[40:44] == b"\xff" * 4
    assert int.from_bytes(whole[40:44], "little") == len(whole) - 44
    assert int.from_bytes(whole[4:8], "little") == len(whole) - 8
    assert streamed[44:] == whole[44:]


def test_what_is_louder_than_full_scale_is_clipped() -> None:
    encoder = open_encoder(sound_of("pcm", 24000))
    data = encoder.push(np.array([2.0, -2.0, np.nan], np.float32)) + encoder.finish()
    assert np.frombuffer(data, "<i2").tolist() == [32767, -32768, 0]
