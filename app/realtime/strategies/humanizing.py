"""The sounds of a person in a room: a quiet tone, and a breath before long sentences. The noise is
the same in every call."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from functools import lru_cache

import numpy as np

from app.core.audio.convert import Samples
from app.realtime.conversation import Mouth, Spoken
from app.realtime.words import words_of

_ROOM_S = 2.0
_ROOM_DB = -62.0
_ROOM_FADE_S = 0.3
_BREATH_S = 0.28
_BREATH_DB = -44.0
_LONG_WORDS = 12


class RoomTone:
    """`next` goes on where it stopped, without a seam."""

    def __init__(self, sample_rate: int) -> None:
        self._room = _room(sample_rate)
        self._fade_samples = _ROOM_FADE_S * sample_rate
        self._place = 0

    def next(self, count: int) -> Samples:
        places = np.arange(self._place, self._place + count)
        self._place += count
        level = np.minimum(places / self._fade_samples, 1.0).astype(np.float32)
        return self._room[places % self._room.size] * level


class BreathingMouth:
    """Breathes in before a sentence that needs it, while that is still being made."""

    def __init__(self, mouth: Mouth, sample_rate: int) -> None:
        self._mouth = mouth
        self._breath = _breath(sample_rate)
        self._breath_s = self._breath.size / sample_rate

    async def speak(self, text: str) -> AsyncGenerator[Spoken, None]:
        needs_it = len(words_of(text)) >= _LONG_WORDS
        later_s = self._breath_s if needs_it else 0.0
        if needs_it:
            yield Spoken(self._breath)
        async with aclosing(self._mouth.speak(text)) as pieces:
            async for spoken in pieces:
                words = tuple(
                    replace(word, start_s=word.start_s + later_s, end_s=word.end_s + later_s)
                    for word in spoken.words
                )
                yield replace(spoken, words=words)


@lru_cache(maxsize=8)
def _room(sample_rate: int) -> Samples:
    """Ends where it begins: made of whole waves. Softer towards high tones, as air in a room is."""
    return _noise(sample_rate, _ROOM_S, _ROOM_DB, low_hz=60.0, high_hz=600.0)


@lru_cache(maxsize=8)
def _breath(sample_rate: int) -> Samples:
    noise = _noise(sample_rate, _BREATH_S, _BREATH_DB, low_hz=500.0, high_hz=2500.0)
    drawn = np.sin(np.pi * np.linspace(0.0, 1.0, noise.size) ** 0.7) ** 2
    return noise * drawn.astype(np.float32)


def _noise(
    sample_rate: int, length_s: float, level_db: float, *, low_hz: float, high_hz: float
) -> Samples:
    count = round(length_s * sample_rate)
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / sample_rate)
    spectrum *= (hertz > low_hz) / (1 + (hertz / high_hz) ** 2)
    noise = np.fft.irfft(spectrum, count)
    noise *= 10 ** (level_db / 20) / np.sqrt(np.mean(noise**2))
    return noise.astype(np.float32)
