"""Our own voice, come back: it is silence, and who speaks over it is heard."""

from pathlib import Path

import numpy as np
import pytest

from app.core.audio.convert import Samples, int16_from_float
from app.core.audio.decode import DecodeLimits, decode_audio
from app.realtime.transports.echo import EchoGate

RATE, HEARD_RATE = 24_000, 48_000
FRAME = RATE // 50
SPEECH = Path(__file__).parents[3] / "fixtures" / "speech"


def speech(number: int) -> Samples:
    limits = DecodeLimits(60, 60)
    recordings = sorted(SPEECH.glob("*.ogg"))
    sound = decode_audio(recordings[number], sample_rate=RATE, limits=limits)[: 4 * RATE]
    return 0.1 * sound / np.sqrt(np.mean(np.square(sound)))


def heard(said: Samples, at_microphone: Samples) -> Samples:
    """What passes, at the rate of what is said."""
    gate = EchoGate(RATE, HEARD_RATE)
    passed: list[bytes] = []
    for place in range(0, min(said.size, at_microphone.size) - FRAME, FRAME):
        gate.said(said[place : place + FRAME])
        frame = np.repeat(at_microphone[place : place + FRAME], HEARD_RATE // RATE)
        passed.append(gate.heard(int16_from_float(frame).tobytes()))
    return np.frombuffer(b"".join(passed), np.int16)[::2].astype(np.float32) / 32768


def delayed(sound: Samples, seconds: float) -> Samples:
    return np.concatenate([np.zeros(round(seconds * RATE), np.float32), sound])


def energy(sound: Samples) -> float:
    return float(np.sum(np.square(sound)))


@pytest.mark.parametrize("late_s", [0.05, 0.2, 0.7])
@pytest.mark.parametrize("loudness", [0.1, 0.5, -0.3])
def test_an_echo_is_silence(late_s: float, loudness: float) -> None:
    said = speech(0)
    noise = np.random.default_rng(3).normal(0, 2e-4, said.size + RATE).astype(np.float32)
    echo = loudness * delayed(said, late_s)
    echo += noise[: echo.size]
    assert energy(heard(said, echo)) < 0.02 * energy(echo[: said.size])


def test_an_echo_of_a_room_is_mostly_silence() -> None:
    said, chance = speech(0), np.random.default_rng(5)
    tail = np.exp(-np.arange(round(0.15 * RATE)) / (0.02 * RATE)) * chance.normal(
        size=round(0.15 * RATE)
    )
    tail[0] = 4.0
    room = np.convolve(delayed(said, 0.15), 0.03 * tail).astype(np.float32)
    assert energy(heard(said, room)) < 0.1 * energy(room[: said.size])


def test_who_speaks_is_heard_over_the_echo_and_over_none() -> None:
    said, caller = speech(0), speech(1)
    length = min(said.size, caller.size)
    for echo in (0.0, 0.1):
        at_microphone = caller[:length] + echo * delayed(said, 0.2)[:length]
        assert energy(heard(said, at_microphone)) > 0.9 * energy(at_microphone)


def test_who_speaks_while_nothing_was_said_is_heard_as_it_is() -> None:
    caller = speech(1)
    passed = heard(np.zeros(caller.size, np.float32), caller)
    assert np.abs(passed - caller[: passed.size]).max() < 1e-3
