"""An engine that makes a tone for each word, and a reader that knows of full stops alone."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from uuid import UUID

import numpy as np

from app.inference.executor import Executor, LaneSize
from app.tts.catalogue import VoiceCatalogue
from app.tts.service import CatalogueOf, Pronounced, Speaker, SpeakingService
from app.tts.speech import (
    Manner,
    Sentence,
    SpeechChunk,
    SpokenWord,
    TimedSound,
    TimedWord,
)
from app.tts.text.lexicon import EMPTY, Lexicon

WORD_SAMPLES = 2400
WORD_S = 0.1


class ToneEngine:
    """`gate` is waited for before each word; `fails_at` is the word that goes wrong."""

    ignores = frozenset({"temperature", "top_k"})

    def __init__(self) -> None:
        self.begun: list[tuple[str, Manner]] = []
        self.sounds: list[list[str]] = []
        self.ended = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.waiting = asyncio.Event()
        self.at_gate = asyncio.Semaphore(0)
        self.fails_at: dict[str, Exception] = {}

    async def speak(
        self, sentences: Sequence[Sentence], manner: Manner
    ) -> AsyncGenerator[SpeechChunk, None]:
        words = [word for sentence in sentences for word in sentence.words]
        self.begun.append((" ".join(word.text for word in words), manner))
        self.sounds.append([word.sounds for word in words])
        try:
            for place, word in enumerate(words):
                self.waiting.set()
                self.at_gate.release()
                await self.gate.wait()
                await asyncio.sleep(0)
                if word.text in self.fails_at:
                    raise self.fails_at[word.text]
                yield _tone(word, place * WORD_S)
        finally:
            self.ended += 1


def _tone(word: SpokenWord, start_s: float) -> SpeechChunk:
    times = np.arange(WORD_SAMPLES, dtype=np.float32)
    end_s = start_s + WORD_S
    sounds = (TimedSound("a", start_s, end_s),)
    timed = TimedWord(word.text, word.begin, word.end, start_s, end_s, sounds)
    return SpeechChunk(0.5 * np.sin(times / 8).astype(np.float32), (timed,))


def read_words(
    text: str, language: str, lexicon: Lexicon, *, hundreds: bool = False
) -> Iterator[Sentence]:
    """`*` is nothing that could be spoken."""
    del language
    begin = 0
    for part in text.split("."):
        words: list[SpokenWord] = []
        for word in part.split():
            begin = text.index(word, begin)
            if word != "*":
                sounds = "".join(found.pronunciation.spoken for found in lexicon.find(word))
                sounds = sounds or ("hundred" if hundreds else "a")
                words.append(SpokenWord(word, begin, begin + len(word), sounds))
            begin += len(word)
        if words:
            yield Sentence(tuple(words))


def small_executor() -> Executor:
    size = LaneSize(threads=1, waiting=64)
    return Executor(realtime=size, batch=size, forbid_in_transaction=lambda: None)


async def usual(owner: UUID, language: str) -> Lexicon:
    del owner, language
    return EMPTY


async def stock(owner: UUID | None) -> VoiceCatalogue:
    del owner
    return VoiceCatalogue()


def service_of(
    engine: ToneEngine,
    executor: Executor,
    *,
    model: str = "tones 1",
    most_at_once: int = 2,
    cache_bytes: int = 1 << 20,
    pronounced: Pronounced = usual,
    catalogue_of: CatalogueOf = stock,
) -> SpeakingService:
    return SpeakingService(
        Speaker(engine, read_words, catalogue_of, model),
        executor,
        pronounced=pronounced,
        most_at_once=most_at_once,
        cache_bytes=cache_bytes,
    )
