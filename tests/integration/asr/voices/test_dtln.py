"""The real denoiser: noise goes, speech stays where it was."""

from pathlib import Path

import numpy as np
import pytest

from app.asr.engines.dtln import SAMPLE_RATE, Dtln
from app.core.audio.convert import Samples
from app.core.audio.decode import DecodeLimits, decode_audio

NO_LIMITS = DecodeLimits(max_duration_s=1e6, deadline_s=1e6)


def denoised(dtln: Dtln, sound: Samples, block_samples: int | None = None) -> Samples:
    size = block_samples or max(1, sound.size)
    blocks = [sound[start : start + size] for start in range(0, sound.size, size)]
    return np.concatenate([np.zeros(0, np.float32), *dtln.denoise(blocks)])


def noise(seconds: float) -> Samples:
    random = np.random.default_rng(0)
    return random.normal(0, 0.05, round(seconds * SAMPLE_RATE)).astype(np.float32)


@pytest.mark.parametrize("samples", [0, 1, 127, 128, 129, 512, 5000])
def test_as_many_samples_come_out_as_went_in(dtln: Dtln, samples: int) -> None:
    assert denoised(dtln, noise(1)[:samples]).shape == (samples,)


@pytest.mark.parametrize("block_samples", [1, 100, 512, 7000])
def test_the_size_of_blocks_does_not_matter(dtln: Dtln, block_samples: int) -> None:
    sound = noise(0.5)
    whole = denoised(dtln, sound)
    np.testing.assert_array_equal(denoised(dtln, sound, block_samples), whole)


def test_noise_alone_goes(dtln: Dtln) -> None:
    sound = noise(4)
    left = denoised(dtln, sound)
    assert np.mean(left[SAMPLE_RATE:] ** 2) < 0.01 * np.mean(sound**2)


def test_silence_stays_silent(dtln: Dtln) -> None:
    assert np.abs(denoised(dtln, np.zeros(SAMPLE_RATE, np.float32))).max() < 1e-3


@pytest.mark.parametrize("kept", [0.5, 1.0])
def test_what_is_kept_of_the_sound_is_mixed_in_where_it_was(dtln: Dtln, kept: float) -> None:
    sound = noise(1)
    mixed = np.concatenate(list(dtln.denoise([sound], kept)))
    expected = (1 - kept) * denoised(dtln, sound) + kept * sound
    np.testing.assert_allclose(mixed, expected, atol=1e-6)


def ratio_db(clean: Samples, heard: Samples) -> float:
    """Scale-invariant signal-to-distortion ratio."""
    wanted = (heard @ clean) / (clean @ clean) * clean
    rest = heard - wanted
    return float(10 * np.log10((wanted @ wanted) / (rest @ rest)))


@pytest.mark.shared
@pytest.mark.parametrize("place", ["coffee-shop", "dograh_office", "pipecat_office"])
@pytest.mark.parametrize(("before_db", "gained_db"), [(0, 4), (10, 3), (20, 0)])
def test_speech_stands_out_of_the_noise_of_places(
    dtln: Dtln, shared_data: Path, place: str, before_db: float, gained_db: float
) -> None:
    speech = decode_audio(
        shared_data / "english_test_fixtures" / "jfk.flac",
        sample_rate=SAMPLE_RATE,
        limits=NO_LIMITS,
    )
    around = decode_audio(
        shared_data / "noise_ambience" / f"{place}.opus", sample_rate=SAMPLE_RATE, limits=NO_LIMITS
    )[: speech.size]
    level = np.sqrt(np.mean(speech**2) / np.mean(around**2)) * 10 ** (-before_db / 20)
    mixed = (0.5 * (speech + level * around)).astype(np.float32)
    assert ratio_db(speech, denoised(dtln, mixed)) > before_db + gained_db
