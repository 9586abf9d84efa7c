"""The door to hearing: transcripts of recordings, where these have speech, and how likely a live
stream has."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np

from app.asr.activity import WITHOUT_MODEL, Activity, Backend
from app.asr.catalogue import Catalogue
from app.asr.domain import SpanRules, SpeechSpan, Transcript, TranscriptionRequest, find_spans
from app.asr.engines.silero import FRAME_SAMPLES, SAMPLE_RATE, SileroVad, VadFrame, VadState
from app.asr.language_models import LanguageModels
from app.asr.piecework import Piecework
from app.asr.recording import Abandoned
from app.asr.text_so_far import TellSegment
from app.asr.transcription import Progress, Source, Transcriber
from app.core.audio.chunk import Rechunker
from app.core.audio.convert import Samples
from app.core.audio.decode import DecodeLimits, stream_audio
from app.core.audio.pcm import RawPcm
from app.inference.batcher import Batcher
from app.inference.executor import Executor, Lane
from app.inference.registry import ModelRegistry

SILERO = "silero-vad"
LIVE_STREAMS_AT_ONCE = 32


class SpeechService:
    """Used as `async with`."""

    def __init__(
        self,
        models: ModelRegistry,
        executor: Executor,
        limits: DecodeLimits,
        catalogue: Catalogue,
        language_models: LanguageModels,
    ) -> None:
        self.catalogue = catalogue
        self.language_models = language_models
        self._models = models
        self._executor = executor
        self._limits = limits
        # No wait: frames that become ready while a step runs make up the next one.
        self._steps = Batcher(self._step, max_items=LIVE_STREAMS_AT_ONCE, max_wait_s=0)
        self._piecework = Piecework(models, executor)
        self._transcriber = Transcriber(models, executor, limits, catalogue, language_models)
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._opened.enter_async_context(self._steps)
        await self._opened.enter_async_context(self._piecework)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._opened.__aexit__(kind, error, trace)

    async def transcribe(
        self,
        source: Path | BinaryIO,
        request: TranscriptionRequest,
        progress: Progress | None = None,
        *,
        raw: RawPcm | None = None,
        with_words: bool = True,
        tell: TellSegment | None = None,
    ) -> Transcript:
        """Of hours in flat memory. `progress` is told the part that is heard, and `tell` each
        segment that will stay, where nobody asks who speaks. `raw`: the bytes have no header.
        Without words their times are guessed, which is faster."""
        return await self._transcriber.transcribe(
            Source(source, raw),
            request,
            self._piecework,
            progress,
            with_words=with_words,
            tell=tell,
        )

    async def installed(self) -> frozenset[str]:
        """The ids of weights whose files are here."""
        return await asyncio.to_thread(self._models.installed)

    async def languages_with_lm(self) -> frozenset[str]:
        return await asyncio.to_thread(self.language_models.languages)

    async def find_speech(self, source: Path | BinaryIO, rules: SpanRules) -> list[SpeechSpan]:
        """Where a recording has speech. Memory stays flat however long it is."""
        stop = threading.Event()
        try:
            async with self._models.lease(SILERO, SileroVad, Lane.BATCH) as vad:
                return await self._executor.run(Lane.BATCH, self._search, vad, source, rules, stop)
        finally:
            stop.set()

    @asynccontextmanager
    async def listen(self, backend: Backend = "silero") -> AsyncGenerator[Activity]:
        """Voice activity of one live stream; Silero's is computed in the VOICE lane."""
        if backend != "silero":
            yield WITHOUT_MODEL[backend]()
            return
        async with self._models.lease(SILERO, SileroVad, Lane.VOICE):
            yield VoiceActivity(self._steps)

    def _search(
        self, vad: SileroVad, source: Path | BinaryIO, rules: SpanRules, stop: threading.Event
    ) -> list[SpeechSpan]:
        sample_count = 0
        with stream_audio(source, sample_rate=SAMPLE_RATE, limits=self._limits) as stream:

            def heard() -> Iterator[Samples]:
                nonlocal sample_count
                for block in stream:
                    if stop.is_set():
                        raise Abandoned
                    sample_count += block.size
                    yield block

            runs = list(vad.probabilities(heard()))
        probabilities = np.concatenate(runs) if runs else np.zeros(0, np.float32)
        return find_spans(probabilities.tolist(), sample_count * 1000 // SAMPLE_RATE, rules)

    async def _step(self, frames: Sequence[VadFrame]) -> Sequence[tuple[float, VadState]]:
        async with self._models.lease(SILERO, SileroVad, Lane.VOICE) as vad:
            return await self._executor.run(Lane.VOICE, vad.step, frames)


class VoiceActivity:
    """An `Activity` that a model tells."""

    def __init__(self, steps: Batcher[VadFrame, tuple[float, VadState]]) -> None:
        self._steps = steps
        self._state = VadState.fresh()
        self._chunker = Rechunker(FRAME_SAMPLES)

    async def push(self, samples: Samples) -> list[float]:
        found: list[float] = []
        for frame in self._chunker.push(samples):
            probability, self._state = await self._steps.submit(VadFrame(frame, self._state))
            found.append(probability)
        return found
