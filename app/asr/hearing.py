"""Recordings to transcripts and, where it is asked for, to what is said of them."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Protocol

from app.asr.conversation import ConversationTold, Failure
from app.asr.domain import Transcript, TranscriptionRequest
from app.asr.service import SpeechService
from app.asr.transcription import Progress
from app.core.audio.pcm import RawPcm
from app.core.errors import AppError
from app.core.scope import OrgScope

log = logging.getLogger(__name__)


class Analyst(Protocol):
    """Who knows what to say of a conversation. `mode` is what `summarize` asks for."""

    async def tell(self, scope: OrgScope, transcript: Transcript, mode: str) -> ConversationTold:
        """Raises AppError where it cannot be told."""
        ...


class Hearing:
    def __init__(self, speech: SpeechService, analyst: Analyst) -> None:
        self.catalogue = speech.catalogue
        self._speech = speech
        self._analyst = analyst

    async def transcribe(
        self,
        scope: OrgScope,
        source: Path | BinaryIO,
        request: TranscriptionRequest,
        progress: Progress | None = None,
        *,
        raw: RawPcm | None = None,
        with_words: bool = True,
    ) -> Transcript:
        """As `SpeechService` does. A transcript is not lost for want of what is said of it."""
        transcript = await self._speech.transcribe(
            source, request.as_heard, progress, raw=raw, with_words=with_words
        )
        if not request.mode_of_analysis:
            return transcript
        try:
            told = await self.tell(scope, transcript, request.mode_of_analysis)
        except AppError as error:
            log.warning("a transcript is given without its analysis: %s", error.code)
            told = ConversationTold(failure=Failure(error.code, error.message))
        return replace(transcript, told=told)

    async def tell(self, scope: OrgScope, transcript: Transcript, mode: str) -> ConversationTold:
        """Raises AppError where it cannot be told."""
        return await self._analyst.tell(scope, transcript, mode)
