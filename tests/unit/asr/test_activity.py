"""Speech and what is none, told without a model: real voices, in quiet and in noise."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.asr.activity import WITHOUT_MODEL, Activity, EnergyActivity
from app.asr.domain import FRAME_MS
from app.asr.endpointing import Endpointing, EndpointRules, Signal
from app.core.audio.convert import Samples
from app.core.audio.decode import DecodeLimits, decode_audio

SPEECH = Path(__file__).parents[2] / "fixtures" / "speech"
VOICES = ("LJ001-0004.ogg", "spk1_snt1.ogg", "spk2_snt2.ogg", "LJ001-0002.ogg")
BEFORE_S, AFTER_S = 1.5, 2.0
SOFT_NOISE, NOISE, LOUD_NOISE = 10 ** (-60 / 20), 10 ** (-50 / 20), 10 ** (-35 / 20)

backends = pytest.mark.parametrize("make", WITHOUT_MODEL.values(), ids=WITHOUT_MODEL.keys())
Make = Callable[[], Activity]


def voice(name: str) -> Samples:
    limits = DecodeLimits(60, 60)
    return decode_audio(SPEECH / name, sample_rate=16_000, limits=limits)


def noise(seconds: float, level: float) -> Samples:
    count = round(seconds * 16_000)
    return (level * np.random.default_rng(7).standard_normal(count)).astype(np.float32)


def with_noise(sound: Samples, level: float) -> Samples:
    whole = np.pad(sound, (round(BEFORE_S * 16_000), round(AFTER_S * 16_000)))
    return whole + noise(whole.size / 16_000, level)


async def probabilities(make: Make, sound: Samples, piece: int = 512) -> list[float]:
    activity = make()
    found: list[float] = []
    for start in range(0, sound.size, piece):
        found += await activity.push(sound[start : start + piece])
    return found


async def turns(make: Make, sound: Samples, threshold: float = 0.5) -> list[tuple[Signal, float]]:
    """What begins and ends, and when."""
    rules = EndpointRules(threshold=threshold, silence_threshold=0.7 * threshold, pause_ms=800)
    endpointing = Endpointing(rules)
    told: list[tuple[Signal, float]] = []
    for probability in await probabilities(make, sound):
        signal = endpointing.push(probability)
        if signal in (Signal.BEGAN, Signal.ENDED):
            at_ms = endpointing.start_ms if signal is Signal.BEGAN else endpointing.speech_end_ms
            told.append((signal, at_ms / 1000))
    return told


@backends
@pytest.mark.parametrize("level", [SOFT_NOISE, NOISE])
@pytest.mark.parametrize("name", VOICES)
async def test_who_speaks_is_found_from_the_beginning_to_the_end(
    make: Make, name: str, level: float
) -> None:
    sound = voice(name)
    found = await turns(make, with_noise(sound, level))
    signals = [signal for signal, _ in found]
    assert signals[0] is Signal.BEGAN
    assert signals[-1] is Signal.ENDED
    assert BEFORE_S - 0.3 <= found[0][1] <= BEFORE_S + 0.6
    end_s = BEFORE_S + sound.size / 16_000
    assert end_s - 0.9 <= found[-1][1] <= end_s + 0.3


@backends
@pytest.mark.parametrize("level", [0.0, SOFT_NOISE, NOISE, LOUD_NOISE])
async def test_noise_that_stays_is_no_speech(make: Make, level: float) -> None:
    assert await turns(make, noise(10, level)) == []


async def test_what_is_noise_is_learned_again_when_it_grows() -> None:
    grows = np.concatenate([noise(5, SOFT_NOISE), noise(10, LOUD_NOISE)])
    found = await probabilities(EnergyActivity, grows)
    assert found[-1] < 0.2
    assert found[round(5500 / FRAME_MS)] > 0.5  # nobody can know yet


async def test_a_threshold_decides_what_is_loud_enough() -> None:
    sound = with_noise(voice("LJ001-0004.ogg") * np.float32(0.04), SOFT_NOISE)
    (_, began_s), (_, ended_s) = await turns(EnergyActivity, sound, 0.3)
    (_, strictly_began_s), (_, strictly_ended_s) = await turns(EnergyActivity, sound, 0.9)
    assert strictly_ended_s - strictly_began_s < (ended_s - began_s) / 2


async def test_an_offset_of_the_line_is_no_sound() -> None:
    found = await probabilities(EnergyActivity, np.full(32_000, 0.3, np.float32))
    assert max(found) < 0.1


@backends
async def test_the_size_of_pieces_does_not_matter(make: Make) -> None:
    sound = with_noise(voice("spk2_snt1.ogg"), NOISE)
    whole = await probabilities(make, sound)
    assert await probabilities(make, sound, 160) == whole
    assert await probabilities(make, sound, 1111) == whole
    assert len(whole) == sound.size // 512


@pytest.mark.inventory("SO-032", "SO-053")
async def test_a_threshold_that_is_raised_is_not_taken_in_by_a_louder_background() -> None:
    """As the document advises: 0.6 to 0.7."""
    swells = np.concatenate(
        [noise(4, SOFT_NOISE * 2), noise(1, 10 ** (-46 / 20)), noise(3, SOFT_NOISE)]
    )
    assert await turns(EnergyActivity, swells, 0.5)
    assert await turns(EnergyActivity, swells, 0.7) == []
