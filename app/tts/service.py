"""The door to speaking: from text to sound, piece by piece as it is made."""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol
from uuid import UUID

from app.core.not_applied import NotApplied
from app.inference.executor import Executor, Lane
from app.tts.admission import Admission
from app.tts.cache import LONGEST_PHRASE, PhraseCache, PhraseKey
from app.tts.catalogue import Catalogue, Voice
from app.tts.domain import (
    USUAL,
    SpeakersBusy,
    TextEmpty,
    VoiceSettings,
    check_text,
    find_not_applied,
)
from app.tts.encoding import Sound, SoundEncoder, open_encoder
from app.tts.metrics import SpeakingMetrics
from app.tts.speech import SAMPLE_RATE, Engine, Manner, Sentence, SpeechChunk, TimedWord
from app.tts.text.lexicon import EMPTY, Lexicon

AT_ONCE_CHARACTERS = 1000
"""Of text that is read while the engine waits for it; the first sentence is read alone."""
TRY_AGAIN_S = 2


class Reader(Protocol):
    def __call__(
        self, text: str, language: str, lexicon: Lexicon, *, hundreds: bool = False
    ) -> Iterator[Sentence]:
        """Blocks, and so does each sentence."""
        ...


Pronounced = Callable[[UUID, str], Awaitable[Lexicon]]
"""How an organization has its words pronounced in a language."""

CatalogueOf = Callable[[UUID | None], Awaitable[Catalogue]]
"""What an organization can ask for; None is nobody's."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks, how it reads, what can be asked of it. `model` names the engine and its weights,
    so that a phrase of others is never taken for one of these."""

    engine: Engine
    read: Reader
    catalogue_of: CatalogueOf
    model: str


class SpeakingService:
    def __init__(
        self,
        speaker: Speaker,
        executor: Executor,
        *,
        pronounced: Pronounced,
        most_at_once: int,
        cache_bytes: int,
    ) -> None:
        self.catalogue_of = speaker.catalogue_of
        self.metrics = SpeakingMetrics()
        self._engine = speaker.engine
        self._read = speaker.read
        self._executor = executor
        self._pronounced = pronounced
        self._model = speaker.model
        self._admission = Admission(most_at_once)
        self._cache = PhraseCache(cache_bytes)
        self.keeps_phrases = cache_bytes > 0

    @property
    def room_for(self) -> int:
        """Voices that can speak at once, as far as is known by now."""
        return self._admission.room_for

    @property
    def speaking(self) -> int:
        return self._admission.speaking

    @property
    def ignores(self) -> frozenset[str]:
        return self._engine.ignores

    async def manner_of(self, settings: VoiceSettings, owner: UUID | None = None) -> Manner:
        """Raises where the organization has no such voice, or nobody speaks the language."""
        catalogue = await self.catalogue_of(owner)
        voice, language = catalogue.choose(settings.voice or catalogue.default, settings.language)
        return Manner(
            voice=voice.key,
            language=language,
            speed=settings.speed,
            temperature=settings.temperature,
            top_k=settings.top_k,
            exaggeration=settings.exaggeration,
            instruct=settings.instruct,
        )

    def find_not_applied(self, manner: Manner) -> list[NotApplied]:
        return find_not_applied(manner, self._engine.ignores)

    def speak(
        self, text: str, manner: Manner, *, owner: UUID | None = None
    ) -> AsyncGenerator[SpeechChunk, None]:
        """What is wrong is raised before the first sound. Closing it stops the work within one
        chunk. `owner`: the organization whose words these are; None for what is built in."""
        return self._phrase(text, manner, owner, self._admitted())

    async def _phrase(
        self, text: str, manner: Manner, owner: UUID | None, place: AbstractContextManager[None]
    ) -> AsyncGenerator[SpeechChunk, None]:
        """`place`: among those who speak, where it has to be made."""
        check_text(text)
        started_s = time.monotonic()
        manner = self._as_heard(manner)
        groups = self._groups(text, manner, owner)
        first = await anext(groups, None)
        if first is None:
            raise TextEmpty("text: nothing in it can be spoken", field="text")
        key = None
        if len(text) <= LONGEST_PHRASE:
            key = PhraseKey(owner, self._model, first, manner)
            if kept := self._kept(key):
                for chunk in kept:
                    yield chunk
                return
        self.metrics.characters.inc(len(text))
        made: list[SpeechChunk] = []
        with place:
            spoken = self._timed(self._spoken(first, groups, manner), started_s)
            async with aclosing(spoken):
                async for chunk in spoken:
                    if key:
                        made.append(chunk)
                    yield chunk
        if key:
            self._cache.keep(key, made)

    async def warm(
        self, phrases: Sequence[str], manner: Manner, *, owner: UUID | None = None
    ) -> None:
        """Short phrases that will be said: found at once from now on. Takes nobody's place, and
        stops within one chunk when somebody speaks."""
        for phrase in phrases:
            async with aclosing(self._phrase(phrase, manner, owner, nullcontext())) as chunks:
                async for _ in chunks:
                    if self.speaking:
                        return

    def forget_phrases(self) -> None:
        """A voice was deleted: what it said goes too."""
        self._cache.clear()

    def speak_sample(self, voice: Voice) -> AsyncGenerator[SpeechChunk, None]:
        """A sentence in the language that the voice is at home in."""
        manner = Manner(voice=voice.key, language=voice.home.language.code)
        return self.speak(voice.home.sample, manner)

    async def encoded(
        self, chunks: AsyncGenerator[SpeechChunk, None], sound: Sound
    ) -> AsyncGenerator[bytes, None]:
        """Pieces of a file or stream, none empty. Closes `chunks`."""
        run = self._executor.run
        encoder: SoundEncoder | None = None
        async with aclosing(chunks):
            async for chunk in chunks:
                encoder = encoder or await run(Lane.REALTIME, open_encoder, sound)
                if piece := await run(Lane.REALTIME, encoder.push, chunk.samples):
                    yield piece
        if encoder and (piece := await run(Lane.REALTIME, encoder.finish)):
            yield piece

    def _as_heard(self, manner: Manner) -> Manner:
        """What the engine ignores does not tell two phrases apart."""
        ignored = self._engine.ignores & set(Manner.__slots__)
        return replace(manner, **{name: getattr(USUAL, name) for name in ignored})

    def _kept(self, key: PhraseKey) -> Sequence[SpeechChunk]:
        kept = self._cache.find(key) or ()
        self.metrics.phrases.labels("yes" if kept else "no").inc()
        return kept

    @contextmanager
    def _admitted(self) -> Generator[None]:
        if not self._admission.has_room:
            self.metrics.refusals.inc()
            raise SpeakersBusy(
                "As many voices speak now as can without gaps; try again soon",
                retry_after_s=TRY_AGAIN_S,
            )
        self._admission.speaking += 1
        self.metrics.speaking.inc()
        try:
            yield
        finally:
            self._admission.speaking -= 1
            self.metrics.speaking.dec()

    async def _groups(
        self, text: str, manner: Manner, owner: UUID | None
    ) -> AsyncGenerator[tuple[Sentence, ...], None]:
        """A short phrase at once; of more the first sentence, so that it is heard soon."""
        lexicon = await self._pronounced(owner, manner.language) if owner else EMPTY
        run = self._executor.run
        read = partial(self._read, hundreds=manner.hundreds)
        sentences = await run(Lane.REALTIME, read, text, manner.language, lexicon)
        most = AT_ONCE_CHARACTERS if len(text) <= LONGEST_PHRASE else 1
        while group := await run(Lane.REALTIME, _take, sentences, most):
            yield group
            most = AT_ONCE_CHARACTERS

    async def _spoken(
        self,
        first: tuple[Sentence, ...],
        more: AsyncGenerator[tuple[Sentence, ...], None],
        manner: Manner,
    ) -> AsyncGenerator[SpeechChunk, None]:
        group: tuple[Sentence, ...] | None = first
        said = 0
        while group:
            before_s = said / SAMPLE_RATE
            async with aclosing(self._engine.speak(group, manner)) as chunks:
                async for chunk in chunks:
                    said += chunk.samples.size
                    yield _later(chunk, before_s)
            group = await anext(more, None)

    async def _timed(
        self, chunks: AsyncGenerator[SpeechChunk, None], started_s: float
    ) -> AsyncGenerator[SpeechChunk, None]:
        """Only what the engine takes is counted, not what a client takes to hear it."""
        pace = self._admission.pace
        took_s = made_s = 0.0
        async with aclosing(chunks):
            while True:
                begun_s, chunk_s = time.monotonic(), 0.0
                pace.begin(begun_s)
                try:
                    chunk = await anext(chunks, None)
                    chunk_s = chunk.samples.size / SAMPLE_RATE if chunk else 0.0
                finally:
                    pace.end(time.monotonic(), chunk_s)
                if chunk is None:
                    break
                if not made_s:
                    self.metrics.first_sound.observe(time.monotonic() - started_s)
                took_s += time.monotonic() - begun_s
                made_s += chunk_s
                yield chunk
        if made_s:
            self.metrics.real_time_factor.observe(took_s / made_s)


def _take(sentences: Iterator[Sentence], most_characters: int) -> tuple[Sentence, ...]:
    """One at least, if there is one; then as long as there is room."""
    taken: list[Sentence] = []
    characters = 0
    for sentence in sentences:
        taken.append(sentence)
        characters += sum(len(word.text) for word in sentence.words)
        if characters >= most_characters:
            break
    return tuple(taken)


def _later(chunk: SpeechChunk, by_s: float) -> SpeechChunk:
    if not by_s:
        return chunk
    words = tuple(_word_later(word, by_s) for word in chunk.words)
    return replace(chunk, words=words)


def _word_later(word: TimedWord, by_s: float) -> TimedWord:
    sounds = tuple(
        replace(sound, start_s=sound.start_s + by_s, end_s=sound.end_s + by_s)
        for sound in word.sounds
    )
    return replace(word, start_s=word.start_s + by_s, end_s=word.end_s + by_s, sounds=sounds)
