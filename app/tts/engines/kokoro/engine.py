"""Kokoro as an engine: sentences to chunks of sound, each made in one call of a lane."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from app.core.audio.convert import Samples
from app.inference.executor import Executor, Lane
from app.inference.registry import ModelRegistry
from app.tts.domain import VoiceUnknown
from app.tts.engines.kokoro.delivery import Delivery, delivery_of
from app.tts.engines.kokoro.network import KokoroNetwork, Pack
from app.tts.engines.kokoro.rendering import Rendering
from app.tts.engines.kokoro.source import HALF_FRAME
from app.tts.engines.kokoro.spelling import Spelled, spell
from app.tts.speech import SAMPLE_RATE, Manner, Sentence, SpeechChunk, TimedWord

MODEL = "kokoro"


class FoundPack(Protocol):
    """A voice that was not published with the model. `speed`: where the manner says 1."""

    @property
    def pack(self) -> Pack: ...

    @property
    def speed(self) -> float: ...


FindPack = Callable[[str], Awaitable[FoundPack | None]]


async def _no_pack(voice: str) -> None:
    """Of an engine that has the published voices alone."""
    del voice


@dataclass(frozen=True, slots=True)
class Saying:
    """What is said next, and whether it is the first."""

    spelled: Spelled
    pack: Pack
    delivery: Delivery
    is_first: bool


class KokoroEngine:
    ignores = frozenset({"temperature", "top_k"})

    def __init__(
        self, models: ModelRegistry, executor: Executor, find_own: FindPack = _no_pack
    ) -> None:
        self._models = models
        self._executor = executor
        self._find_own = find_own

    async def speak(
        self, sentences: Sequence[Sentence], manner: Manner
    ) -> AsyncGenerator[SpeechChunk, None]:
        said = 0
        async with self._models.lease(MODEL, KokoroNetwork, Lane.REALTIME) as network:
            pack, speed = await self._voice(network, manner.voice)
            delivery = delivery_of(replace(manner, speed=manner.speed * speed))
            for sentence in sentences:
                for spelled in spell(sentence.words):
                    saying = Saying(spelled, pack, delivery, is_first=not said)
                    async for chunk in self._piece(network, saying, said):
                        said += chunk.samples.size
                        yield chunk
                if sentence.pause_s and said:
                    pause = np.zeros(round(sentence.pause_s * SAMPLE_RATE), np.float32)
                    said += pause.size
                    yield SpeechChunk(pause)

    async def _voice(self, network: KokoroNetwork, voice: str) -> tuple[Pack, float]:
        """And how fast it speaks."""
        pack = network.voices.get(voice)
        if pack is not None:
            return pack, 1.0
        own = await self._find_own(voice)
        if own is None:
            raise VoiceUnknown("voice: it is no longer there", field="voice")
        return own.pack, own.speed

    async def _piece(
        self, network: KokoroNetwork, saying: Saying, said: int
    ) -> AsyncGenerator[SpeechChunk, None]:
        run = self._executor.run
        rendering, words = await run(Lane.REALTIME, begin_saying, network, saying, said)
        while not rendering.done:
            samples = await run(Lane.REALTIME, rendering.next)
            said += samples.size
            yield SpeechChunk(samples, _begun(words, said / SAMPLE_RATE, last=rendering.done))


def begin_saying(
    network: KokoroNetwork, saying: Saying, said: int
) -> tuple[Rendering, list[TimedWord]]:
    """`said`: samples before. Blocks."""
    spelled = saying.spelled
    utterance = network.read(spelled.tokens, saying.pack, saying.delivery)
    rendering = Rendering(network, utterance, trimmed=saying.is_first)
    start_s = (said - rendering.begin * HALF_FRAME) / SAMPLE_RATE
    return rendering, spelled.timed(utterance.lengths, start_s)


def say(network: KokoroNetwork, sentence: Sentence, pack: Pack, delivery: Delivery) -> Samples:
    """All of a sentence. Blocks."""
    return np.concatenate([np.zeros(0, np.float32), *_said(network, sentence, pack, delivery)])


def _said(
    network: KokoroNetwork, sentence: Sentence, pack: Pack, delivery: Delivery
) -> Iterator[Samples]:
    is_first = True
    for spelled in spell(sentence.words):
        saying = Saying(spelled, pack, delivery, is_first=is_first)
        rendering, _ = begin_saying(network, saying, 0)
        while not rendering.done:
            yield rendering.next()
        is_first = False


def _begun(words: list[TimedWord], until_s: float, *, last: bool) -> tuple[TimedWord, ...]:
    """Takes those out of `words` that begin before `until_s`."""
    count = len(words) if last else sum(word.start_s < until_s for word in words)
    begun = tuple(words[:count])
    del words[:count]
    return begun
