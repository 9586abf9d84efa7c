"""A transcript as the gateway's document shows it."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from app.api.gateway.tag_answers import TierAnswer, metadata_of, tag_details
from app.asr.conversation import ConversationTold
from app.asr.domain import Alternative, Segment, Transcript, TranscriptionRequest
from app.asr.rendering import Caption
from app.asr.text.analysis import SpeechAnalysis
from app.asr.text.entities import Entity
from app.asr.text.words import Word
from app.core.not_applied import NotApplied


class WordAnswer(msgspec.Struct, frozen=True):
    word: str
    start: float
    end: float
    confidence: float


class EntityAnswer(msgspec.Struct, frozen=True):
    """`entity` and `text` are other names of `type` and `value`, for older clients."""

    type: str
    value: str
    raw: str
    entity: str
    text: str


class SegmentAnswer(msgspec.Struct, frozen=True, kw_only=True):
    speaker: str | None
    text: str
    start: float
    end: float
    confidence: float
    language: str
    metadata: dict[str, str | None]
    metadata_probs: Any = UNSET
    structured_intents: dict[str, TierAnswer] | UnsetType | None = UNSET
    words: list[WordAnswer] | UnsetType = UNSET
    entities: list[EntityAnswer]


class AlternativeAnswer(msgspec.Struct, frozen=True):
    transcript: str
    confidence: float


class PauseAnswer(msgspec.Struct, frozen=True):
    start: float
    end: float


class AnalysisAnswer(msgspec.Struct, frozen=True, kw_only=True):
    lexical_fluency: float | None
    vocabulary_range: float | None
    grammar_score: float | None
    pace_wpm: float | None
    articulation_wpm: float | None
    word_count: int
    unique_word_count: int
    filler_count: int
    repetition_count: int
    pauses: list[PauseAnswer]


class NotAppliedAnswer(msgspec.Struct, frozen=True):
    option: str
    reason: str


class SummaryErrorAnswer(msgspec.Struct, frozen=True):
    """Why there is no summary; the transcript is whole."""

    code: str
    error: str


class AnalysisDetailsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`computed`: numbers of the conversation that come from no model. `notes`: what to know
    before believing the rest."""

    model: str
    tokens: int
    notes: list[str]
    computed: dict[str, Any] | None


class ConversationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    summary: str | None
    analysis: dict[str, Any] | None
    analysis_details: AnalysisDetailsAnswer


class TranscriptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`not_applied`: options that were set and changed nothing, and why."""

    transcript: str
    duration: float
    inference_time: str
    model: str
    decoder: str
    language: str
    num_speakers: int | UnsetType = UNSET
    segments: list[SegmentAnswer]
    alternatives: list[AlternativeAnswer] | UnsetType = UNSET
    speaker_embedding: list[float] | UnsetType | None = UNSET
    speaker_embeddings: dict[str, list[float]] | UnsetType = UNSET
    speech_analysis: AnalysisAnswer | UnsetType = UNSET
    summary: str | UnsetType | None = UNSET
    analysis: dict[str, Any] | UnsetType | None = UNSET
    analysis_details: AnalysisDetailsAnswer | UnsetType = UNSET
    summary_error: SummaryErrorAnswer | UnsetType = UNSET
    not_applied: list[NotAppliedAnswer] | UnsetType = UNSET
    incomplete: bool | UnsetType = UNSET


class CaptionAnswer(msgspec.Struct, frozen=True):
    start: float
    end: float
    text: str
    speaker: str | None


def answer_of(transcript: Transcript, asked: TranscriptionRequest) -> TranscriptAnswer:
    embedding = transcript.speaker_embedding
    voices = transcript.speaker_embeddings
    told = transcript.told
    return TranscriptAnswer(
        transcript=transcript.text,
        duration=_seconds(transcript.duration_s),
        inference_time=f"{transcript.inference_s:.3f}s",
        model=transcript.model,
        decoder=transcript.decoder,
        language=transcript.language,
        num_speakers=UNSET if transcript.num_speakers is None else transcript.num_speakers,
        segments=[_segment(each, asked) for each in transcript.segments],
        alternatives=[_alternative(each) for each in transcript.alternatives]
        if asked.n_best > 1
        else UNSET,
        speaker_embedding=(list(embedding) if embedding else None)
        if asked.speaker_embedding
        else UNSET,
        speaker_embeddings={name: list(vector) for name, vector in voices.items()} or UNSET,
        speech_analysis=_analysis(transcript.analysis) if transcript.analysis else UNSET,
        summary=told.summary if told else UNSET,
        analysis=told.analysis if told else UNSET,
        analysis_details=_details(told) if told and not told.failure else UNSET,
        summary_error=SummaryErrorAnswer(told.failure.code, told.failure.message)
        if told and told.failure
        else UNSET,
        not_applied=not_applied_answer(transcript.not_applied) or UNSET,
        incomplete=transcript.incomplete or UNSET,
    )


def conversation_answer(told: ConversationTold) -> ConversationAnswer:
    return ConversationAnswer(
        summary=told.summary, analysis=told.analysis, analysis_details=_details(told)
    )


def _details(told: ConversationTold) -> AnalysisDetailsAnswer:
    return AnalysisDetailsAnswer(
        model=told.model, tokens=told.tokens, notes=[*told.notes], computed=told.computed
    )


def caption_answer(caption: Caption) -> CaptionAnswer:
    return CaptionAnswer(
        _seconds(caption.start_s), _seconds(caption.end_s), caption.text, caption.speaker
    )


def entity_answer(entity: Entity) -> EntityAnswer:
    return EntityAnswer(entity.type, entity.value, entity.raw, entity.type, entity.value)


def _segment(segment: Segment, asked: TranscriptionRequest) -> SegmentAnswer:
    return SegmentAnswer(
        speaker=segment.speaker,
        text=segment.text,
        start=_seconds(segment.start_s),
        end=_seconds(segment.end_s),
        confidence=_share(segment.confidence),
        language=segment.language,
        metadata=metadata_of(segment.tags),
        **tag_details(segment.tags, asked),
        words=[_word(word) for word in segment.words] if asked.word_timestamps else UNSET,
        entities=[entity_answer(entity) for entity in segment.entities],
    )


def _word(word: Word) -> WordAnswer:
    return WordAnswer(
        word.text, _seconds(word.start_s), _seconds(word.end_s), _share(word.confidence)
    )


def _alternative(alternative: Alternative) -> AlternativeAnswer:
    return AlternativeAnswer(alternative.text, _share(alternative.confidence))


def not_applied_answer(found: Sequence[NotApplied]) -> list[NotAppliedAnswer]:
    return [NotAppliedAnswer(each.option, each.reason) for each in found]


def _analysis(found: SpeechAnalysis) -> AnalysisAnswer:
    return AnalysisAnswer(
        lexical_fluency=found.lexical_fluency,
        vocabulary_range=found.vocabulary_range,
        grammar_score=found.grammar_score,
        pace_wpm=found.pace_wpm,
        articulation_wpm=found.articulation_wpm,
        word_count=found.word_count,
        unique_word_count=found.unique_word_count,
        filler_count=found.filler_count,
        repetition_count=found.repetition_count,
        pauses=[
            PauseAnswer(_seconds(pause.start_s), _seconds(pause.end_s)) for pause in found.pauses
        ],
    )


def _seconds(value: float) -> float:
    return round(value, 3)


def _share(value: float) -> float:
    return round(min(1.0, max(0.0, value)), 4)
