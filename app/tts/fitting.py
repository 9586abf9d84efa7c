"""From a recording of a speaker to a voice of Kokoro: the mix of the stock voices that sounds most
like it, found by speaking, listening and trying again.

A voice is two halves, timbre and prosody. Each half of the new one is a weighted sum of the same
half of all stock voices: a start near the reference, moved along the directions in which the stock
voices differ most. So every row of the pack, one for each length of text, moves alike, and speech
stays speech.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.audio.resample import resample
from app.inference.executor import Executor, Lane
from app.tts import measures
from app.tts.evolution import Evolution
from app.tts.reference import Reference
from app.tts.speech import SAMPLE_RATE
from app.tts.voice_vectors import Embed, Pack, Say, Vector

Weights = NDArray[np.float64]

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

SLOWEST, FASTEST = 0.8, 1.25

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


Progress = Callable[[float], None]


class VoiceFitter:
    """`known`: vectors of the stock voices, a row each, where they have been heard before."""

    def __init__(
        self,
        stock: StockVoices,
        embed: Embed,
        say: Say,
        phrases: Phrases,
        executor: Executor,
        known: Vector | None = None,
    ) -> None:
        self._stock = stock
        self._embed = embed
        self._say = say
        self._phrases = phrases
        self._executor = executor
        self.known = known
        self._timbre = directions(stock.packs[:, :, TIMBRE], TIMBRE_DIRECTIONS)
        self._prosody = directions(stock.packs[:, :, PROSODY], PROSODY_DIRECTIONS)

    async def fit(
        self, reference: Reference, *, evaluations: int, progress: Progress = lambda _: None
    ) -> FittedVoice:
        """Speaks a phrase `evaluations` times and some more, each time as one piece of batch work:
        cancelled, it stops after the one under way."""
        known = await self._get_known()
        nearest = int(np.argmax(known @ reference.vector))
        start = await self._start(known @ reference.vector, reference)
        size = len(self._timbre) + len(self._prosody)
        search = Evolution(np.zeros(size), FIRST_STEP, _SEED)
        generations = max(1, evaluations // search.population)
        for generation in range(generations):
            phrase = self._phrases.search[generation % len(self._phrases.search)]
            losses = [await self._loss(start, moves, phrase, reference) for moves in search.ask()]
            search.tell(losses)
            progress((generation + 1) / generations)
        found = await self._executor.run(Lane.BATCH, self._mix, start, search.mean)
        stock = self._stock.packs[nearest]
        ours = await self._judge(found, self._phrases.judge, reference)
        theirs = await self._judge(stock, self._phrases.judge, reference)
        if theirs.loss(reference) < ours.loss(reference):
            found, ours = stock, theirs
        speed = reference.syllables_per_s / max(ours.syllables_per_s, 0.1)
        return FittedVoice(
            pack=found,
            likeness=ours,
            nearest_stock=self._stock.names[nearest],
            stock_likeness=theirs,
            speed=float(np.clip(speed, SLOWEST, FASTEST)),
        )

    async def _get_known(self) -> Vector:
        """The first time every voice speaks."""
        if self.known is None:
            run = self._executor.run
            rows = [await run(Lane.BATCH, self._heard_vector, pack) for pack in self._stock.packs]
            self.known = np.stack(rows)
        return self.known

    async def _start(self, alike: Vector, reference: Reference) -> Weights:
        """The nearest stock voice, or a mix of the near ones: whichever is heard to be nearer."""
        one = np.eye(len(alike))[int(np.argmax(alike))]
        mixed = np.exp(_MIX_SHARPNESS * (alike.astype(np.float64) - alike.max()))
        mixed /= mixed.sum()
        still = np.zeros(len(self._timbre) + len(self._prosody))
        phrase = self._phrases.search[0]
        losses = [await self._loss(start, still, phrase, reference) for start in (one, mixed)]
        return one if losses[0] <= losses[1] else mixed

    async def _loss(
        self, start: Weights, moves: Weights, phrase: int, reference: Reference
    ) -> float:
        run = self._executor.run
        return await run(Lane.BATCH, self._loss_of, start, moves, phrase, reference)

    def _loss_of(self, start: Weights, moves: Weights, phrase: int, reference: Reference) -> float:
        heard = self._heard(self._mix(start, moves), [phrase], reference)
        return heard.loss(reference) + DISTANCE_WEIGHT * float(moves @ moves)

    def _mix(self, start: Weights, moves: Weights) -> Pack:
        size, packs = len(self._timbre), self._stock.packs
        timbre = start + moves[:size] @ self._timbre
        prosody = start + moves[size:] @ self._prosody
        halves = (
            np.tensordot(timbre.astype(np.float32), packs[:, :, TIMBRE], 1),
            np.tensordot(prosody.astype(np.float32), packs[:, :, PROSODY], 1),
        )
        return np.concatenate(halves, axis=1)

    async def _judge(self, pack: Pack, phrases: Sequence[int], reference: Reference) -> Likeness:
        return await self._executor.run(Lane.BATCH, self._heard, pack, phrases, reference)

    def _heard(self, pack: Pack, phrases: Sequence[int], reference: Reference) -> Likeness:
        spoken = [self._say(pack, phrase) for phrase in phrases]
        sound = resample(np.concatenate(spoken), SAMPLE_RATE, measures.SAMPLE_RATE)
        return Likeness(
            similarity=float(self._embed(sound) @ reference.vector),
            pitch_hz=measures.median_pitch_hz(sound),
            syllables_per_s=measures.syllables_per_s(sound),
        )

    def _heard_vector(self, pack: Pack) -> Vector:
        spoken = [self._say(pack, phrase) for phrase in self._phrases.search[:2]]
        return self._embed(resample(np.concatenate(spoken), SAMPLE_RATE, measures.SAMPLE_RATE))


def directions(half: NDArray[np.float32], count: int) -> Weights:
    """Rows of weights of the stock voices: to move by one row is to move by one standard deviation
    along a principal component of what they differ in. Each row sums to zero."""
    count = min(count, len(half) - 1)
    means = half.mean(axis=1, dtype=np.float64)
    moved = means - means.mean(axis=0)
    left, _, _ = np.linalg.svd(moved, full_matrices=False)
    return left[:, :count].T / np.sqrt(len(means) - 1)


def _octaves(ours_hz: float, theirs_hz: float) -> float:
    """Between two pitches, at most one: more says that no pitch was found."""
    return min(1.0, abs(float(np.log2(max(ours_hz, 1.0) / max(theirs_hz, 1.0)))))
