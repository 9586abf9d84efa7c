"""From a recording of a speaker to a voice of Kokoro: the mix of the stock voices that sounds most
like it, found by speaking, listening and trying again.

A voice is two halves, timbre and prosody. Each half of the new one is a weighted sum of the same
half of all stock voices: a start near the reference, moved along the directions in which the stock
voices differ most. So every row of the pack, one for each length of text, moves alike, and speech
stays speech.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.audio.convert import Samples
from app.core.audio.resample import resample
from app.inference.executor import Executor, Lane
from app.tts import measures
from app.tts.evolution import Evolution
from app.tts.reference import Reference
from app.tts.speech import SAMPLE_RATE

Pack = NDArray[np.float32]
"""(510, 256): a row for each count of sounds in a text."""

Vector = NDArray[np.float32]
Weights = NDArray[np.float64]
Embed = Callable[[Samples], Vector]
"""What a voice is like, as a vector of length one, from 16 kHz mono. Blocks."""

Say = Callable[[Pack, int], Samples]
"""One of the phrases in a voice, at SAMPLE_RATE. Blocks."""

TIMBRE = slice(0, 128)
PROSODY = slice(128, 256)
TIMBRE_DIRECTIONS = 16
PROSODY_DIRECTIONS = 6

FIRST_STEP = 0.35
"""In standard deviations of the stock voices."""

PITCH_WEIGHT = 0.3
"""An octave off costs as much as this much likeness."""

DISTANCE_WEIGHT = 0.004
"""Of the square of the distance from the start: voices far from all others speak badly."""

_MIX_SHARPNESS = 20.0
_SEED = 20


@dataclass(frozen=True, slots=True)
class StockVoices:
    names: Sequence[str]
    packs: NDArray[np.float32]
    """(voices, 510, 256)"""


@dataclass(frozen=True, slots=True)
class Phrases:
    """Numbers of phrases for `Say`: some to search with, others that only judge the outcome."""

    search: Sequence[int]
    judge: Sequence[int]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How a voice compares with the reference."""

    similarity: float
    """Cosine of the two speaker vectors."""
    pitch_hz: float
    syllables_per_s: float

    def loss(self, reference: Reference) -> float:
        return 1 - self.similarity + PITCH_WEIGHT * _octaves(self.pitch_hz, reference.pitch_hz)


@dataclass(frozen=True, slots=True)
class FittedVoice:
    """Likenesses are of phrases that the search did not use. `speed` is what makes the voice as
    fast as the reference."""

    pack: Pack
    likeness: Likeness
    nearest_stock: str
    stock_likeness: Likeness
    speed: float
    evaluations: int


Progress = Callable[[float], None]


class VoiceFitter:
    """Keeps what it learned of the stock voices, for the next reference."""

    def __init__(
        self, stock: StockVoices, embed: Embed, say: Say, phrases: Phrases, executor: Executor
    ) -> None:
        self._stock = stock
        self._embed = embed
        self._say = say
        self._phrases = phrases
        self._executor = executor
        self._surveying = asyncio.Lock()
        self._survey: NDArray[np.float32] | None = None
        self._directions = (
            directions(stock.packs[:, :, TIMBRE], TIMBRE_DIRECTIONS),
            directions(stock.packs[:, :, PROSODY], PROSODY_DIRECTIONS),
        )

    async def fit(
        self, reference: Reference, *, evaluations: int, progress: Progress = lambda _: None
    ) -> FittedVoice:
        """Speaks a phrase `evaluations` times and some more, each time as one piece of batch work:
        cancelled, it stops after the one under way."""
        known = await self._surveyed()
        closest = np.argsort(-known @ reference.vector)
        start = await self._start(reference, known)
        size = TIMBRE_DIRECTIONS + PROSODY_DIRECTIONS
        search = Evolution(np.zeros(size), FIRST_STEP, _SEED)
        for generation in range(max(1, evaluations // search.population)):
            phrase = self._phrases.search[generation % len(self._phrases.search)]
            losses = [
                await self._loss(start, moves, phrase, reference) for moves in search.ask()
            ]
            search.tell(losses)
            progress(min(1.0, (generation + 1) * search.population / evaluations))
        moved = self._mix(start, search.mean)
        ours = await self._judge(moved, reference)
        first = self._stock.packs[closest[0]]
        theirs = await self._judge(first, reference)
        return FittedVoice(
            pack=moved,
            likeness=ours,
            nearest_stock=self._stock.names[closest[0]],
            stock_likeness=theirs,
            speed=float(np.clip(reference.syllables_per_s / ours.syllables_per_s, 0.8, 1.25)),
            evaluations=evaluations,
        )
