"""What speaks."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from threading import Lock
from uuid import UUID

from app.core.scope import OrgScope
from app.core.settings import Settings
from app.inference.manifest import Model
from app.inference.model_store import ModelStore
from app.tts.engines.chosen import remote_engine
from app.tts.engines.kokoro.engine import MODEL, KokoroEngine
from app.tts.fitted_voices import CHANNEL as FITTED_VOICES
from app.tts.packs_at_hand import PacksAtHand
from app.tts.service import SpeakingService
from app.tts.speech import Engine, Sentence
from app.tts.text.languages import LANGUAGES
from app.tts.text.lexicon import Lexicon
from app.tts.text.reading import TextReader
from app.wiring.base import Foundation
from app.wiring.senses import MIB, Inference

DICTIONARIES = "misaki-en"
ACTOR = "speaking"


async def opened_speaking(
    base: Foundation,
    senses: Inference,
    settings: Settings,
    stack: AsyncExitStack,
    packs: PacksAtHand,
) -> SpeakingService:
    async def pronounced(owner: UUID, language: str) -> Lexicon:
        return await base.lexicons.find(OrgScope(owner, actor=ACTOR), language)

    engine, model = await _engine(senses, settings, stack, packs)
    speaking = SpeakingService(
        engine,
        _Reading(senses.store, senses.manifest.get(DICTIONARIES)).read,
        senses.executor,
        pronounced=pronounced,
        model=model,
        most_at_once=settings.tts.most_voices,
        cache_bytes=settings.tts.cache_mb * MIB,
    )
    base.metrics.add(speaking.metrics)
    base.notices.subscribe(FITTED_VOICES, speaking.forget_phrases)
    return speaking


async def _engine(
    senses: Inference, settings: Settings, stack: AsyncExitStack, packs: PacksAtHand
) -> tuple[Engine, str]:
    """And the name of what makes its sound."""
    tts = settings.tts
    if tts.engine != MODEL:
        remote = await stack.enter_async_context(remote_engine(tts))
        return remote, f"{tts.engine} {tts.model} {tts.voice}"
    kokoro = senses.manifest.get(MODEL)
    made = kokoro.derived.folder if kokoro.derived else ""
    engine = KokoroEngine(senses.models, senses.executor, packs.find)
    return engine, f"{MODEL} {kokoro.version} {made}"


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
