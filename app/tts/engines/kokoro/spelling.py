"""From words to tokens, and from how long each token lasts to when words are heard. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.tts.engines.kokoro.vocabulary import (
    MOST_TOKENS,
    PREFIXES,
    PUNCTUATION,
    SUFFIXES,
    TOKENS,
)
from app.tts.speech import SpokenWord, TimedSound, TimedWord

FRAME_S = 0.025


@dataclass(frozen=True, slots=True)
class Spelled:
    """`symbols` as the network gets them; each word's begin at the place in `starts`."""

    words: tuple[SpokenWord, ...]
    symbols: str
    starts: tuple[int, ...]

    @property
    def tokens(self) -> list[int]:
        return [TOKENS[symbol] for symbol in self.symbols]

    def timed(self, lengths: NDArray[np.int64], start_s: float) -> list[TimedWord]:
        """`lengths`: frames of each token between two pads. `start_s`: of the first pad."""
        bounds = start_s + FRAME_S * np.cumsum([0, *lengths])[1:-1]
        # A word is heard from within the space before it on.
        spaces = np.array(self.starts[1:], np.int64)
        bounds[spaces] = (bounds[spaces - 1] + bounds[spaces]) / 2
        stops = (*self.starts[1:], len(self.symbols))
        times: list[TimedWord] = []
        for word, begin, stop in zip(self.words, self.starts, stops, strict=True):
            sounds = tuple(
                TimedSound(self.symbols[first:last], float(bounds[first]), float(bounds[last]))
                for first, last in _sounds(self.symbols, begin, stop)
            )
            first_s, last_s = (
                (sounds[0].start_s, sounds[-1].end_s) if sounds else (float(bounds[begin]),) * 2
            )
            times.append(TimedWord(word.text, word.begin, word.end, first_s, last_s, sounds))
        return times


def spell(words: Sequence[SpokenWord]) -> Iterator[Spelled]:
    """One piece, or several where the network would not take it: cut behind the last punctuation,
    else between words. What Kokoro's alphabet lacks is left out."""
    rest = [(word, _known(word.sounds)) for word in words]
    rest = [(word, sounds) for word, sounds in rest if sounds.strip()]
    while rest:
        count = _taken([sounds for _, sounds in rest])
        yield _joined(rest[:count])
        rest = rest[count:]


def _known(sounds: str) -> str:
    return "".join(symbol for symbol in sounds if symbol in TOKENS).strip()[:MOST_TOKENS]


def _taken(sounds: Sequence[str]) -> int:
    """How many words of the first piece."""
    total, ended = -1, 0
    for count, each in enumerate(sounds):
        total += 1 + len(each)
        if total > MOST_TOKENS:
            return ended or count
        if each[-1] in PUNCTUATION:
            ended = count + 1
    return len(sounds)


def _joined(words: Sequence[tuple[SpokenWord, str]]) -> Spelled:
    symbols, starts = "", list[int]()
    for _, sounds in words:
        symbols += " " if symbols else ""
        starts.append(len(symbols))
        symbols += sounds
    return Spelled(tuple(word for word, _ in words), symbols, tuple(starts))


def _sounds(symbols: str, begin: int, stop: int) -> Iterator[tuple[int, int]]:
    """Places of sounds with their marks; punctuation is none."""
    at = first = begin
    while at < stop:
        symbol = symbols[at]
        at += 1
        if symbol in PREFIXES:
            continue
        while at < stop and symbols[at] in SUFFIXES:
            at += 1
        if symbol not in PUNCTUATION:
            yield first, at
        first = at
