"""Room tone and breath, measured."""

from collections.abc import AsyncGenerator

import numpy as np
import pytest

from app.core.audio.convert import Samples
from app.realtime.conversation import HeardWord, Spoken
from app.realtime.strategies.humanizing import BreathingMouth, RoomTone

pytestmark = pytest.mark.inventory("WH-281")
RATE = 8000
LONG = "We are open from nine to five on weekdays and from ten to one on Saturdays."


def decibels(sound: Samples) -> float:
    return 10 * float(np.log10(np.mean(np.square(sound, dtype=np.float64))))


def test_room_tone_is_quiet_steady_and_the_same_in_every_call() -> None:
    first, second = RoomTone(RATE), RoomTone(RATE)
    whole = first.next(10 * RATE)
    pieces = np.concatenate([second.next(160) for _ in range(10 * RATE // 160)])
    assert np.array_equal(whole, pieces)
    seconds = [decibels(part) for part in np.split(whole[RATE:], 9)]
    assert all(-65 < level < -59 for level in seconds)


def test_room_tone_has_no_clicks() -> None:
    tone = RoomTone(RATE).next(10 * RATE)
    steps = np.abs(np.diff(tone, prepend=np.float32(0)))
    within = np.abs(np.diff(tone[RATE : 2 * RATE])).max()
    assert steps.max() <= 1.5 * within


class PlainMouth:
    async def speak(self, text: str) -> AsyncGenerator[Spoken, None]:
        yield Spoken(np.ones(100, np.float32), (HeardWord(len(text), 0.0, 0.5),))


async def test_a_long_sentence_is_breathed_for_and_its_words_come_later() -> None:
    breath, sound = [piece async for piece in BreathingMouth(PlainMouth(), RATE).speak(LONG)]
    assert -60 < decibels(breath.sound) < -40
    assert abs(breath.sound[0]) < 1e-4
    assert abs(breath.sound[-1]) < 1e-4
    assert breath.words == ()
    [word] = sound.words
    length_s = breath.sound.size / RATE
    assert (word.end, word.start_s, word.end_s) == (len(LONG), length_s, 0.5 + length_s)


async def test_a_short_sentence_needs_no_breath() -> None:
    [sound] = [piece async for piece in BreathingMouth(PlainMouth(), RATE).speak("Sure.")]
    assert sound.words == (HeardWord(5, 0.0, 0.5),)
