"""How instructions and settings change lengths and pitch. No model."""

import numpy as np
import pytest

from app.tts.engines.kokoro.delivery import (
    FASTEST,
    HIGHEST_HZ,
    INSTRUCTIONS,
    LOWEST_HZ,
    Delivery,
    delivery_of,
)
from app.tts.speech import Manner

PITCH = np.array([0, 100, 200, 400, 0], np.float32)


def delivery(**settings: float | str) -> Delivery:
    return delivery_of(Manner(voice="af_heart", language="en-us", **settings))  # pyright: ignore[reportArgumentType]


def test_usually_nothing_changes() -> None:
    usual = delivery()
    assert usual == Delivery()
    assert usual.pitch(PITCH) is PITCH
    assert usual.lengths(np.array([0.2, 1.6, 7.4], np.float32)).tolist() == [1, 2, 7]


def test_speed_divides_lengths() -> None:
    frames = np.array([10, 5, 0.4], np.float32)
    assert delivery(speed=2.0).lengths(frames).tolist() == [5, 2, 1]
    assert delivery(speed=0.5).lengths(frames).tolist() == [20, 10, 1]


def test_exaggeration_spreads_pitch_around_its_middle() -> None:
    spread = delivery(exaggeration=1.0).pitch(PITCH)
    assert spread[[0, 4]].tolist() == [0, 0]
    assert spread[2] == pytest.approx(200)
    assert spread[1] < 75
    assert spread[3] > 500


def test_pitch_stays_a_voice_s() -> None:
    wide = Delivery(spread=4).pitch(PITCH)
    assert wide[1] == LOWEST_HZ
    assert wide[3] == HIGHEST_HZ
    assert Delivery(spread=2).pitch(np.zeros(3, np.float32)).tolist() == [0, 0, 0]


@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_each_instruction_does_what_its_name_says(name: str) -> None:
    asked = delivery(instruct=f"Please say it {name}!")
    assert asked == INSTRUCTIONS[name]
    assert asked != Delivery()


def test_instructions_are_found_by_other_words_and_come_together() -> None:
    both = delivery(instruct="Slowly, and in a deeper voice", speed=2.0)
    assert both.speed == pytest.approx(1.7)
    assert both.height == pytest.approx(0.87)
    assert delivery(instruct="slow slowly slower") == delivery(instruct="slow")
    assert delivery(instruct="as a pirate") == Delivery()


def test_speed_and_instruction_together_have_a_limit() -> None:
    assert delivery(instruct="fast and excited", speed=2.0).speed == FASTEST
