"""Lends what puts marks into words that have none: the weights or, where they cannot be had, the
rules."""

import logging
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from app.asr.domain import TranscriptionRequest
from app.asr.engines.marks import Marks, can_mark
from app.asr.text import punctuation
from app.asr.text.words import Word
from app.asr.utterances import Punctuate, write
from app.core.errors import AppError
from app.inference.executor import Executor, Lane
from app.inference.registry import ModelRegistry

MARKS = "marks"

log = logging.getLogger(__name__)


class Marking:
    def __init__(self, models: ModelRegistry, executor: Executor) -> None:
        self._models = models
        self._executor = executor

    @asynccontextmanager
    async def lend(self, lane: Lane, unmarked: Collection[str]) -> AsyncGenerator[Punctuate]:
        """`unmarked`: languages of words that have no marks and are to have some."""
        async with AsyncExitStack() as stack:
            punctuate: Punctuate = punctuation.punctuate
            if any(map(can_mark, unmarked)):
                try:
                    marks = await stack.enter_async_context(self._models.lease(MARKS, Marks, lane))
                    punctuate = marks.punctuate
                except AppError as error:
                    log.warning("punctuation is left to rules: %s", error.message)
            yield punctuate

    async def write(
        self, words: Sequence[Word], language: str, request: TranscriptionRequest
    ) -> list[Word]:
        """Of something said live. Words that have their marks need no model and no thread."""
        has_marks = punctuation.has_punctuation(words)
        if not words or has_marks or not request.punctuation or not can_mark(language):
            return write(words, language, request)
        async with self.lend(Lane.REALTIME, [language]) as punctuate:
            return await self._executor.run(
                Lane.REALTIME, write, words, language, request, punctuate
            )
