"""Our own voice, come back from a loudspeaker that nobody cancels at the other end. Pure.

What is heard is compared with what was said shortly before, at every delay that there may be. While
it is mostly that, it is silence to us. Who speaks over it is louder than it, and is heard.
"""

from typing import Any, TypeAlias

import numpy as np

from app.core.audio.convert import Samples, float_from_int16

_RATE = 8000
_WINDOW = _RATE // 5
_MOST_LATE = _RATE * 4 // 5
_SPAN = _WINDOW + _MOST_LATE
_TRANSFORM = 1 << (_SPAN - 1).bit_length()
_QUIET = 1e-7
"""Mean of squares. Below it nothing is heard, or said."""
_LIKE = 0.6
_FRAME = _RATE // 50
_SWAY = _RATE // 25
"""The network delays both sides by less and more."""
_SURE = 10
_MARGIN = 4.0

Loudness: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]


class EchoGate:
    """Both sides of a call, as time goes by: `said` and `heard` are told of the same seconds."""

    def __init__(self, said_rate: int, heard_rate: int) -> None:
        self._said_step, self._heard_step = said_rate // _RATE, heard_rate // _RATE
        self._said: Samples = np.zeros(_SPAN, np.float32)
        self._heard: Samples = np.zeros(_WINDOW, np.float32)
        self._place, self._alike = 0, 0
        self._share = 0.0
        """How loud the echo is, beside what was said."""

    def said(self, sound: Samples) -> None:
        self._said = _later(self._said, _coarse(sound, self._said_step))

    def heard(self, pcm: bytes) -> bytes:
        """As it is to be heard."""
        sound = float_from_int16(np.frombuffer(pcm, np.int16))
        self._heard = _later(self._heard, _coarse(sound, self._heard_step))
        return bytes(len(pcm)) if self._is_echo() else pcm

    def _is_echo(self) -> bool:
        loudness = float(self._heard @ self._heard)
        if loudness < _QUIET * _WINDOW or float(self._said @ self._said) < _QUIET * _WINDOW:
            return False
        product = np.fft.rfft(self._said, _TRANSFORM) * np.fft.rfft(self._heard, _TRANSFORM).conj()
        likeness = np.abs(np.fft.irfft(product, _TRANSFORM)[: _MOST_LATE + 1])
        sums = np.zeros(_SPAN + 1)
        np.cumsum(np.square(self._said), out=sums[1:])
        loudnesses = np.maximum(sums[_WINDOW:] - sums[:-_WINDOW], _QUIET * _WINDOW)
        likeness /= np.sqrt(loudnesses * loudness)
        place = int(likeness.argmax())
        if likeness[place] > _LIKE:
            self._learn(place, loudness / float(loudnesses[place]))
            return True
        self._alike = 0
        return self._is_no_louder(sums)

    def _learn(self, place: int, share: float) -> None:
        """Where it lasts, it is no chance."""
        is_same = abs(place - self._place) <= _SWAY
        self._alike = self._alike + 1 if is_same else 1
        self._place = place
        if self._alike >= _SURE:
            self._share = share

    def _is_no_louder(self, sums: Loudness) -> bool:
        """Than the echo that is known must be now: it begins among other sounds, and ends so."""
        now = self._heard[-_FRAME:]
        end = self._place + _WINDOW
        ends = np.arange(max(_FRAME, end - _SWAY), min(_SPAN, end + _SWAY) + 1)
        most = float((sums[ends] - sums[ends - _FRAME]).max())
        return float(now @ now) < _MARGIN * self._share * most


def _coarse(sound: Samples, step: int) -> Samples:
    """Fewer samples, each the mean of some."""
    whole = sound[: sound.size // step * step]
    return whole.reshape(-1, step).mean(axis=1, dtype=np.float32)


def _later(window: Samples, sound: Samples) -> Samples:
    return np.concatenate([window, sound])[-window.size :]
