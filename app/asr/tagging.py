"""Tags of what is said, from its words: asked of the model in the lane of whoever wants them. Where
it cannot be had the words stay, without tags."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace

from app.asr.catalogue import SpeechModel
from app.asr.domain import Transcript, TranscriptionRequest
from app.asr.engines.word_tags import WordTags
from app.asr.recognition import Tag, Tags
from app.asr.tags.labels import CATEGORIES, Kind
from app.asr.tags.told import told_tags
from app.core.errors import AppError
from app.core.not_applied import NotApplied
from app.inference.executor import Executor, Lane
from app.inference.registry import ModelRegistry

WORD_TAGS = "word-tags"
LANGUAGES = frozenset({"en", "hi"})
"""Those that the tagger has learned. Words of others are not tagged."""
UNTAGGED = f"only words of {', '.join(sorted(LANGUAGES))} are tagged"
OF_INTENTS = ("structured_intents", "intent_labels")

log = logging.getLogger(__name__)


class Tagging:
    def __init__(self, models: ModelRegistry, executor: Executor) -> None:
        self._models = models
        self._executor = executor

    @asynccontextmanager
    async def holding(self, model: SpeechModel) -> AsyncGenerator[None]:
        """Keeps loaded for the block what tags the words of the model, if anything can."""
        async with AsyncExitStack() as stack:
            if model.words:
                lease = self._models.lease(WORD_TAGS, WordTags, Lane.REALTIME)
                with suppress(AppError):
                    await stack.enter_async_context(lease)
            yield

    async def of_transcript(
        self, told: Transcript, model: SpeechModel, request: TranscriptionRequest
    ) -> Transcript:
        """With the tags that the model is said to tell, and why there are none of the words."""
        voices = [voice_tags(each.tags, model) for each in told.segments]
        words: list[Tags] = [{} for _ in voices]
        missing: list[NotApplied] = []
        places = [at for at, each in enumerate(told.segments) if each.language in LANGUAGES]
        if model.words and places:
            texts = [told.segments[at].text for at in places]
            try:
                tags = await self._tag(texts, model.words, Lane.BATCH)
                for at, each in zip(places, tags, strict=True):
                    words[at] = each
            except AppError as error:
                log.warning("words are not tagged: %s", error.message)
                missing = _missing(model.words, f"words are not tagged: {error.message}", request)
        elif model.words and told.segments:
            missing = _of_options(UNTAGGED, request)
        segments = tuple(
            replace(segment, tags=told_tags(voice, said, request.intent_label_list))
            for segment, voice, said in zip(told.segments, voices, words, strict=True)
        )
        return replace(told, segments=segments, not_applied=(*told.not_applied, *missing))

    async def of_words(self, texts: Sequence[str], language: str, model: SpeechModel) -> list[Tags]:
        """Of something said live."""
        if not model.words or language not in LANGUAGES or not any(texts):
            return [{} for _ in texts]
        try:
            return await self._tag(texts, model.words, Lane.REALTIME)
        except AppError as error:
            log.warning("words said live are not tagged: %s", error.message)
            return [{} for _ in texts]

    async def _tag(self, texts: Sequence[str], kind: Kind, lane: Lane) -> list[Tags]:
        async with self._models.lease(WORD_TAGS, WordTags, lane) as tagger:
            return await self._executor.run(lane, tagger.tag, texts, kind)


def voice_tags(tags: Tags, model: SpeechModel) -> dict[str, Tag]:
    """Those that the model is said to tell: its weights may serve other names as well."""
    return {category: tag for category, tag in tags.items() if category in model.voice}


def of_voice_alone(told: Transcript, model: SpeechModel) -> Transcript:
    """Of a transcript that is answered without any tags, but kept and perhaps analysed later."""
    tags = (told_tags(voice_tags(each.tags, model), {}, ()) for each in told.segments)
    segments = tuple(replace(each, tags=own) for each, own in zip(told.segments, tags, strict=True))
    return replace(told, segments=segments)


def _missing(kind: Kind, why: str, request: TranscriptionRequest) -> list[NotApplied]:
    categories = ", ".join(CATEGORIES[kind])
    return [NotApplied("metadata", f"{categories}: {why}"), *_of_options(why, request)]


def _of_options(why: str, request: TranscriptionRequest) -> list[NotApplied]:
    changed = request.changed()
    return [NotApplied(option, why) for option in OF_INTENTS if option in changed]
