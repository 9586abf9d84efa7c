"""From a recording to a transcript: cut, heard, told apart by voice, written out."""

import threading
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from math import exp
from pathlib import Path
from typing import BinaryIO

import numpy as np

from app.asr.catalogue import Catalogue
from app.asr.clustering import Vectors
from app.asr.diarization import Diarization, DiarizationRules, speaker_label, speaker_of
from app.asr.domain import (
    Alternative,
    Segment,
    SpanRules,
    SpeechSpan,
    Transcript,
    TranscriptionRequest,
    find_spans,
)
from app.asr.engines.dtln import Dtln
from app.asr.engines.silero import SileroVad
from app.asr.heard import Heard
from app.asr.language_models import LanguageModels
from app.asr.marking import Marking
from app.asr.pieces import HEARD, PieceRules, plan_pieces
from app.asr.piecework import Piece, Piecework
from app.asr.plan import HearingPlan, find_not_applied, make_plan
from app.asr.recording import Preparation, Recording, record
from app.asr.signal import GainRules
from app.asr.tagging import Tagging, of_voice_alone
from app.asr.text.analysis import analyse
from app.asr.text_so_far import TellSegment, TextSoFar
from app.asr.utterances import (
    UNSPACED,
    Punctuate,
    SpokenWord,
    make_segments,
    text_in,
    unmarked_languages,
    write,
)
from app.asr.voices import VoiceModel
from app.core.aio import TaskScope
from app.core.audio.convert import Samples
from app.core.audio.decode import DecodeLimits
from app.core.audio.pcm import RawPcm
from app.inference.executor import Executor, Lane
from app.inference.registry import ModelRegistry

SILERO, DTLN = "silero-vad", "dtln"
PIECES_UNDER_WAY = 16
VOICE_S = 60.0
"""Speech that a speaker's embedding is made of where nobody asked who speaks."""

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Source:
    """`raw`: the bytes have no header, and this is how they are to be read."""

    file: Path | BinaryIO
    raw: RawPcm | None = None


@dataclass(frozen=True, slots=True)
class _Speech:
    pieces: list[SpeechSpan]
    voiced: list[SpeechSpan]


@dataclass(frozen=True, slots=True)
class _Voices:
    """Who speaks when, and the embedding of who speaks the most, as far as asked for."""

    diarization: Diarization | None = None
    embedding: tuple[float, ...] | None = None


class Transcriber:
    def __init__(
        self,
        models: ModelRegistry,
        executor: Executor,
        limits: DecodeLimits,
        catalogue: Catalogue,
        language_models: LanguageModels,
    ) -> None:
        self._models = models
        self._executor = executor
        self._limits = limits
        self._catalogue = catalogue
        self._language_models = language_models
        self._tagging = Tagging(models, executor)
        self._marking = Marking(models, executor)

    async def transcribe(
        self,
        source: Source,
        request: TranscriptionRequest,
        piecework: Piecework,
        progress: Progress | None = None,
        *,
        with_words: bool = True,
        tell: TellSegment | None = None,
    ) -> Transcript:
        started_s = time.perf_counter()
        choice = self._catalogue.choose_for(request)
        known = choice.language or choice.model.languages[0]
        find = self._language_models.find_for
        lm = await self._executor.run(Lane.BATCH, find, choice.model.engine, known)
        plan = make_plan(request, choice, has_lm=lm is not None, with_words=with_words)
        async with self._recorded(source, request) as (recording, stop):
            speech = await self._find_speech(recording, stop)
            async with TaskScope() as scope:
                voices = scope.spawn("voices", self._voices(recording, speech, request, stop))
                so_far = tell and TextSoFar(self._executor, self._marking, request, tell)
                heard = await _hear(recording, speech.pieces, plan, piecework, progress, so_far)
        written = heard, voices.result(), request
        unmarked = await self._executor.run(Lane.BATCH, _unmarked, *written)
        async with self._marking.lend(Lane.BATCH, unmarked) as punctuate:
            told = await self._executor.run(Lane.BATCH, _told, *written, known, punctuate)
        told = replace(
            told,
            duration_s=recording.duration_s,
            incomplete=recording.incomplete,
            model=choice.model.name,
            weights=choice.model.weights,
            decoder=plan.decoder,
            not_applied=find_not_applied(request, choice, has_lm=lm is not None),
        )
        if with_words:
            told = await self._tagging.of_transcript(told, choice.model, request)
        else:
            told = of_voice_alone(told, choice.model)
        return replace(told, inference_s=time.perf_counter() - started_s)

    @asynccontextmanager
    async def _recorded(
        self, source: Source, request: TranscriptionRequest
    ) -> AsyncGenerator[tuple[Recording, threading.Event]]:
        """The event stops whatever still reads it once the block is left."""
        stop = threading.Event()
        gain = GainRules() if request.gain_normalize else None
        recording: Recording | None = None
        try:
            if request.noise_reduce:
                async with self._models.lease(DTLN, Dtln, Lane.BATCH) as denoiser:
                    prepared = Preparation(source.raw, gain, denoiser)
                    recording = await self._record(source, prepared, stop)
            else:
                recording = await self._record(source, Preparation(source.raw, gain), stop)
            yield recording, stop
        finally:
            stop.set()
            if recording:
                recording.close()

    async def _record(
        self, source: Source, preparation: Preparation, stop: threading.Event
    ) -> Recording:
        steps = record(source.file, preparation, self._limits, stop)
        return await self._executor.run_in_turns(Lane.BATCH, steps)

    async def _find_speech(self, recording: Recording, stop: threading.Event) -> _Speech:
        async with self._models.lease(SILERO, SileroVad, Lane.BATCH) as vad:
            return await self._executor.run_in_turns(Lane.BATCH, _speech(vad, recording, stop))

    async def _voices(
        self,
        recording: Recording,
        speech: _Speech,
        request: TranscriptionRequest,
        stop: threading.Event,
    ) -> "_Voices":
        if not (request.diarize or request.speaker_embedding) or not speech.voiced:
            return _Voices()
        async with self._models.lease(self._catalogue.voices, VoiceModel, Lane.BATCH) as encoder:
            if not request.diarize:
                sound = _some_speech(recording, speech.voiced)
                vector = await self._executor.run(Lane.BATCH, encoder.embed, sound)
                return _Voices(None, _numbers(vector))
            blocks, count = recording.blocks(stop), request.speaker_count
            steps = encoder.find_voices(blocks, speech.voiced, count, DiarizationRules())
            found = await self._executor.run_in_turns(Lane.BATCH, steps)
        return _Voices(found, _main_voice(found) if request.speaker_embedding else None)


async def _hear(
    recording: Recording,
    spans: Sequence[SpeechSpan],
    plan: HearingPlan,
    piecework: Piecework,
    progress: Progress | None,
    so_far: TextSoFar | None,
) -> list[Heard]:
    """So many at a time, so that a long recording leaves room for others."""
    heard: list[Heard] = []
    for first in range(0, len(spans), PIECES_UNDER_WAY):
        some = spans[first : first + PIECES_UNDER_WAY]
        async with TaskScope() as scope:
            tasks = [
                scope.spawn("piece", piecework.recognize(Piece(recording, span, plan.asked)))
                for span in some
            ]
            if so_far:
                for span, task in zip(some, tasks, strict=True):
                    await so_far.add(Heard.of(span, await task).words())
        heard += [Heard.of(span, task.result()) for span, task in zip(some, tasks, strict=True)]
        if progress:
            progress(len(heard) / len(spans))
    return heard


def _unmarked(heard: Sequence[Heard], voices: _Voices, request: TranscriptionRequest) -> set[str]:
    """Languages in which words are to have marks and have none, of whatever is to be shown."""
    turns = voices.diarization and voices.diarization.turns
    found = unmarked_languages(_words(heard, 0), turns, request)
    for rank in range(request.n_best if request.n_best > 1 else 0):
        found |= unmarked_languages(_words(heard, rank), None, request)
    return found


def _told(
    heard: Sequence[Heard],
    voices: _Voices,
    request: TranscriptionRequest,
    otherwise: str,
    punctuate: Punctuate,
) -> Transcript:
    """What the words and voices tell; the rest is to be filled in."""
    spoken = _words(heard, 0)
    diarization = voices.diarization and _by_first_word(voices.diarization, spoken)
    turns = diarization.turns if diarization else [] if request.diarize else None
    segments = make_segments(spoken, turns, request, punctuate)
    language, sureness = _language(heard, otherwise)
    words = [each.word for each in spoken]
    return Transcript(
        text=_joined([each.text for each in segments], language),
        raw=_joined([each.raw for each in heard], language),
        language=language,
        language_probability=sureness,
        segments=tuple(segments),
        alternatives=_alternatives(heard, request, language, punctuate),
        num_speakers=_speaker_count(segments) if request.diarize else None,
        speaker_embedding=voices.embedding,
        speaker_embeddings=_by_label(diarization) if request.speaker_embedding else {},
        analysis=analyse(words, language) if request.speech_analysis else None,
    )


def _speech(
    vad: SileroVad, recording: Recording, stop: threading.Event
) -> Generator[None, None, _Speech]:
    runs: list[Samples] = []
    for run in vad.probabilities(recording.blocks(stop)):
        runs.append(run)
        yield
    probabilities = np.concatenate(runs).tolist()
    duration_ms = int(recording.duration_s * 1000)
    heard = find_spans(probabilities, duration_ms, HEARD)
    voiced = find_spans(probabilities, duration_ms, SpanRules())
    return _Speech(plan_pieces(heard, probabilities, PieceRules()), voiced)


def _words(heard: Sequence[Heard], rank: int) -> list[SpokenWord]:
    return [word for each in heard for word in each.words(rank)]


def _joined(texts: Sequence[str], language: str) -> str:
    return ("" if language in UNSPACED else " ").join(filter(None, texts))


def _language(heard: Sequence[Heard], otherwise: str) -> tuple[str, float]:
    """The one that is spoken the longest, and how sure its pieces were of it."""
    lengths_s: Counter[str] = Counter()
    sure_s: Counter[str] = Counter()
    for each in heard:
        length_s = each.span.end_s - each.span.start_s
        lengths_s[each.recognition.language] += length_s  # type: ignore[assignment]
        sure_s[each.recognition.language] += length_s * each.recognition.language_probability  # type: ignore[assignment]
    if not lengths_s:
        return otherwise, 0.0
    language, length_s = lengths_s.most_common(1)[0]
    return language, sure_s[language] / length_s


def _alternatives(
    heard: Sequence[Heard], request: TranscriptionRequest, language: str, punctuate: Punctuate
) -> tuple[Alternative, ...]:
    """Of the whole recording: the best of every piece, the second best of every piece, ..."""
    if request.n_best == 1 or not heard:
        return ()
    found: dict[str, Alternative] = {}
    most = max(len(each.hypotheses) for each in heard)
    for rank in range(min(request.n_best, most)):
        words = [each.word for each in _words(heard, rank)]
        text = text_in(write(words, language, request, punctuate), language)
        chosen = [each.hypotheses[min(rank, len(each.hypotheses) - 1)] for each in heard]
        mean = sum(each.log_probability for each in chosen) / len(chosen)
        found.setdefault(text, Alternative(text, exp(min(0.0, mean))))
    return tuple(found.values())


def _by_first_word(diarization: Diarization, spoken: Sequence[SpokenWord]) -> Diarization:
    """Speakers are numbered as their words come; those without words come last."""
    heard = [speaker_of(each.word, diarization.turns) for each in spoken]
    everybody = [*heard, *(turn.speaker for turn in diarization.turns)]
    order = list(dict.fromkeys(each for each in everybody if each is not None))
    turns = [replace(turn, speaker=order.index(turn.speaker)) for turn in diarization.turns]
    return Diarization(
        turns, diarization.voices[order] if len(diarization.voices) else diarization.voices
    )


def _speaker_count(segments: Sequence[Segment]) -> int:
    return len({segment.speaker for segment in segments})


def _some_speech(recording: Recording, spans: Sequence[SpeechSpan]) -> Vectors:
    """The first minute of speech, without its pauses."""
    parts: list[Vectors] = []
    left_s = VOICE_S
    for span in spans:
        if left_s <= 0:
            break
        end_s = min(span.end_s, span.start_s + left_s)
        parts.append(recording.samples(span.start_s, end_s))
        left_s -= end_s - span.start_s
    return np.concatenate(parts)


def _main_voice(diarization: Diarization) -> tuple[float, ...] | None:
    if not len(diarization.voices):
        return None
    lengths_s = np.zeros(len(diarization.voices))
    for turn in diarization.turns:
        lengths_s[turn.speaker] += turn.end_s - turn.start_s
    return _numbers(diarization.voices[int(np.argmax(lengths_s))])


def _by_label(diarization: Diarization | None) -> dict[str, tuple[float, ...]]:
    if diarization is None:
        return {}
    voices = enumerate(diarization.voices)
    return {speaker_label(speaker): _numbers(vector) for speaker, vector in voices}


def _numbers(vector: Vectors) -> tuple[float, ...]:
    return tuple(float(number) for number in vector)
