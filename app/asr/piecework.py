"""Pieces of many recordings in one call of the model, in lane BATCH. Each gets its own answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from types import TracebackType
from typing import Self

from app.asr.catalogue import Engine
from app.asr.domain import SpeechSpan
from app.asr.engines.ctc.engine import CtcRecognizer
from app.asr.engines.ctc.search import SearchOptions
from app.asr.engines.recognizers import RECOGNIZERS, AnyRecognizer
from app.asr.recognition import Recognition, RecognizerOptions
from app.asr.recording import Recording
from app.core.audio.convert import Samples
from app.inference.batcher import Batcher
from app.inference.executor import Executor, Lane
from app.inference.registry import ModelRegistry

PIECES_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """What pieces must have in common to share a call. `search`: of a CTC model, which it is
    then; None of any other."""

    weights: str
    options: RecognizerOptions
    search: SearchOptions | None = None
    engine: Engine = "whisper"


@dataclass(frozen=True, slots=True)
class Piece:
    recording: Recording
    span: SpeechSpan
    asked: Asked


class Piecework:
    """Used as `async with`."""

    def __init__(self, models: ModelRegistry, executor: Executor) -> None:
        self._models = models
        self._executor = executor
        # No wait: what comes while a batch runs makes up the next one.
        self._batcher = Batcher(self._recognize, max_items=PIECES_AT_ONCE, max_wait_s=0)

    async def __aenter__(self) -> Self:
        await self._batcher.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._batcher.__aexit__(kind, error, trace)

    async def recognize(self, piece: Piece) -> Recognition:
        return await self._batcher.submit(piece)

    async def _recognize(self, pieces: Sequence[Piece]) -> Sequence[Recognition]:
        found: dict[int, Recognition] = {}
        order = {piece.asked: at for at, piece in reversed(list(enumerate(pieces)))}
        places = sorted(range(len(pieces)), key=lambda place: order[pieces[place].asked])
        for asked, group in groupby(places, key=lambda place: pieces[place].asked):
            alike = list(group)
            answers = await self._call(asked, [pieces[place] for place in alike])
            found.update(zip(alike, answers, strict=True))
        return [found[place] for place in range(len(pieces))]

    async def _call(self, asked: Asked, pieces: Sequence[Piece]) -> Sequence[Recognition]:
        if asked.search is None:
            kind = RECOGNIZERS[asked.engine]
            async with self._models.lease(asked.weights, kind, Lane.BATCH) as model:
                return await self._executor.run(Lane.BATCH, _plainly, model, asked, pieces)
        async with self._models.lease(asked.weights, CtcRecognizer, Lane.BATCH) as model:
            return await self._executor.run(Lane.BATCH, _ctc, model, asked, pieces)


def _plainly(model: AnyRecognizer, asked: Asked, pieces: Sequence[Piece]) -> Sequence[Recognition]:
    return model.transcribe([_sound(piece) for piece in pieces], asked.options)


def _ctc(model: CtcRecognizer, asked: Asked, pieces: Sequence[Piece]) -> Sequence[Recognition]:
    return model.transcribe([_sound(piece) for piece in pieces], asked.options, asked.search)


def _sound(piece: Piece) -> Samples:
    return piece.recording.samples(piece.span.start_s, piece.span.end_s)
