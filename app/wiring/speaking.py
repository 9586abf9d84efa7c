"""What speaks."""

import logging
from collections.abc import Iterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from threading import Lock
from uuid import UUID

from app.core.aio import Supervisor
from app.core.errors import AppError
from app.core.scope import OrgScope
from app.core.settings import Settings, Tts
from app.inference.executor import Lane
from app.inference.manifest import Model
from app.inference.model_store import ModelStore
from app.tts.domain import DEFAULT_VOICE
from app.tts.engines.chosen import remote_engine, remote_voices
from app.tts.engines.kokoro.engine import MODEL, KokoroEngine
from app.tts.engines.kokoro.network import KokoroNetwork
from app.tts.engines.remote_voices import RemoteVoices
from app.tts.fitted_voices import CHANNEL as FITTED_VOICES
from app.tts.own_voices import OwnVoices
from app.tts.service import Speaker, SpeakingService
from app.tts.speech import Manner, Sentence
from app.tts.text.languages import LANGUAGES
from app.tts.text.lexicon import EMPTY, Lexicon
from app.tts.text.plain import read_plainly
from app.tts.text.reading import TextReader
from app.wiring.base import Foundation
from app.wiring.senses import MIB, Inference

log = logging.getLogger(__name__)

DICTIONARIES = "misaki-en"
ACTOR = "speaking"
LANGUAGE = "en-us"
WARM_UP = "Hello, how can I help you today?"


async def opened_speaking(
    base: Foundation,
    senses: Inference,
    settings: Settings,
    supervisor: Supervisor,
    stack: AsyncExitStack,
) -> SpeakingService:
    speaker = await _speaker(base, senses, settings, stack)
    speaking = _service(speaker, base, senses, settings)
    base.metrics.add(speaking.metrics)
    base.notices.subscribe(FITTED_VOICES, speaking.forget_phrases)
    if settings.models.warm_up and isinstance(speaker.engine, KokoroEngine):
        senses.starting.wait_for(supervisor.spawn("speech warm-up", _warm_up(senses, speaker)))
    return speaking


async def speaking_elsewhere(
    base: Foundation, senses: Inference, settings: Settings, stack: AsyncExitStack
) -> SpeakingService | None:
    """The server of TTS_BACKEND, for those who ask for it, where it does not speak for everybody
    already."""
    tts = settings.tts
    if tts.engine != MODEL or not tts.backend:
        return None
    speaker = await _remote_speaker(replace(tts, engine="openai"), stack)
    return _service(speaker, base, senses, settings)


def _service(
    speaker: Speaker, base: Foundation, senses: Inference, settings: Settings
) -> SpeakingService:
    async def pronounced(owner: UUID, language: str) -> Lexicon:
        return await base.lexicons.find(OrgScope(owner, actor=ACTOR), language)

    return SpeakingService(
        speaker,
        senses.executor,
        pronounced=pronounced,
        most_at_once=settings.tts.most_voices,
        cache_bytes=settings.tts.cache_mb * MIB,
    )


async def _warm_up(senses: Inference, speaker: Speaker) -> None:
    """Says a phrase to nobody, so that the first caller waits for no file and no first run."""
    try:
        # In the lane that is refused where the memory for models has no room.
        async with senses.models.lease(MODEL, KokoroNetwork, Lane.BATCH):
            sentences = await senses.executor.run(
                Lane.REALTIME, lambda: [*speaker.read(WARM_UP, LANGUAGE, EMPTY)]
            )
            async with aclosing(
                speaker.engine.speak(sentences, Manner(DEFAULT_VOICE, LANGUAGE))
            ) as sound:
                async for _ in sound:
                    pass
    except AppError as error:
        log.warning("the first text will be spoken late: %s", error)


async def _speaker(
    base: Foundation, senses: Inference, settings: Settings, stack: AsyncExitStack
) -> Speaker:
    tts = settings.tts
    if tts.engine != MODEL:
        return await _remote_speaker(tts, stack)
    own = OwnVoices(base.database, base.notices, base.fitted_voices)
    kokoro = senses.manifest.get(MODEL)
    made = kokoro.derived.folder if kokoro.derived else ""
    return Speaker(
        KokoroEngine(senses.models, senses.executor, own.find_pack),
        _Reading(senses.store, senses.manifest.get(DICTIONARIES)).read,
        own.catalogue_of,
        f"{MODEL} {kokoro.version} {made}",
    )


async def _remote_speaker(tts: Tts, stack: AsyncExitStack) -> Speaker:
    remote = await stack.enter_async_context(remote_engine(tts))
    voices = remote_voices(tts)

    async def of_everybody(_: UUID | None) -> RemoteVoices:
        return voices

    return Speaker(remote, _read_plainly, of_everybody, f"{tts.engine} {tts.model}")


def _read_plainly(
    text: str, language: str, lexicon: Lexicon, *, hundreds: bool = False
) -> Iterator[Sentence]:
    del language, hundreds
    return read_plainly(text, lexicon)


class _Reading:
    """Opens the reader when something is first read: before, its dictionaries may be missing."""

    def __init__(self, store: ModelStore, dictionaries: Model) -> None:
        self._store = store
        self._dictionaries = dictionaries
        self._lock = Lock()
        self._reader: TextReader | None = None

    def read(
        self, text: str, language: str, lexicon: Lexicon, *, hundreds: bool = False
    ) -> Iterator[Sentence]:
        """Blocks."""
        with self._lock:
            if self._reader is None:
                self._reader = TextReader(self._store.verified(self._dictionaries))
        return self._reader.read(text, LANGUAGES[language], lexicon, hundreds=hundreds)
