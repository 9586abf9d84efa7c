"""What is done to speech before a head learns from it: telephone, noise, speed and cuts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.core.audio.convert import Samples
from app.core.audio.g711 import decode_mulaw, encode_mulaw
from app.core.audio.resample import resample
from onnx_models.recipes.ctc.speech import SAMPLE_RATE

TELEPHONE_RATE = 8000
TELEPHONE_HZ = (300, 3400)
NOISE_DB = (5.0, 30.0)
SPEEDS = (0.9, 1.0, 1.1)
FEWEST_WORDS = 3
"""Left after a cut."""

TimedWords = Sequence[tuple[float, float, str]]


@dataclass(frozen=True)
class Chances:
    telephone: float = 0.35
    noise: float = 0.5
    cut: float = 0.4


def changed(
    samples: Samples, noises: Sequence[Samples], chances: Chances, random: np.random.Generator
) -> Samples:
    """At another speed, in noise, over the telephone, each by chance."""
    samples = at_speed(samples, float(random.choice(SPEEDS)))
    if random.random() < chances.noise:
        noise = noises[random.integers(len(noises))]
        start = int(random.integers(noise.size))
        samples = in_noise(samples, np.roll(noise, -start), float(random.uniform(*NOISE_DB)))
    return by_telephone(samples) if random.random() < chances.telephone else samples


def at_speed(samples: Samples, speed: float) -> Samples:
    """Faster is higher too, as a tape is."""
    return resample(samples, round(SAMPLE_RATE * speed), SAMPLE_RATE)


def in_noise(samples: Samples, noise: Samples, ratio_db: float) -> Samples:
    """The noise goes round for as long as the speech lasts, `ratio_db` below it."""
    around = np.resize(noise, samples.size)
    loudness = np.sqrt(np.mean(samples**2) / max(float(np.mean(around**2)), 1e-12))
    mixed = samples + around * (loudness * 10 ** (-ratio_db / 20))
    return (mixed / max(1.0, float(np.abs(mixed).max()))).astype(np.float32)


def by_telephone(samples: Samples) -> Samples:
    """300 to 3400 Hz, eight bits of mu-law."""
    narrow = resample(samples, SAMPLE_RATE, TELEPHONE_RATE)
    spectrum = np.fft.rfft(narrow)
    hertz = np.fft.rfftfreq(narrow.size, 1 / TELEPHONE_RATE)
    spectrum[(hertz < TELEPHONE_HZ[0]) | (hertz > TELEPHONE_HZ[1])] = 0
    band = np.clip(np.fft.irfft(spectrum, narrow.size), -1, 1)
    coded = encode_mulaw((band * 32767).astype(np.int16))
    heard = decode_mulaw(coded).astype(np.float32) / 32768
    return resample(heard, TELEPHONE_RATE, SAMPLE_RATE)


def cut(
    samples: Samples, words: TimedWords, random: np.random.Generator
) -> tuple[Samples, str] | None:
    """The beginning or the end is gone, as in a stream; None where it is too short for that."""
    if len(words) < 2 * FEWEST_WORDS:
        return None
    at = int(random.integers(FEWEST_WORDS, len(words) - FEWEST_WORDS + 1))
    between_s = (words[at - 1][1] + words[at][0]) / 2
    place = round(between_s * SAMPLE_RATE)
    if random.random() < 0.5:
        return samples[:place], " ".join(word for _, _, word in words[:at])
    return samples[place:], " ".join(word for _, _, word in words[at:])
