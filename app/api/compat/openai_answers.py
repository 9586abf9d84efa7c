"""A transcript in the words of the API of OpenAI."""

import math
import zlib
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from app.api.compat.languages import name_of
from app.asr.domain import Segment, Transcript
from app.asr.rendering import timed_words


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    type: Literal["duration"] = "duration"
    seconds: int


class Heard(msgspec.Struct, frozen=True):
    text: str
    usage: Usage


class HeardWord(msgspec.Struct, frozen=True):
    word: str
    start: float
    end: float


class HeardSegment(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: Sequence[int]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class HeardVerbosely(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    task: Literal["transcribe", "translate"]
    language: str
    duration: float
    text: str
    words: list[HeardWord] | None = None
    segments: list[HeardSegment] | None = None
    usage: Usage


class SpokenSegment(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: Literal["transcript.text.segment"] = "transcript.text.segment"
    start: float
    end: float
    text: str
    speaker: str


class HeardBySpeaker(msgspec.Struct, frozen=True, kw_only=True):
    task: Literal["transcribe"] = "transcribe"
    duration: float
    text: str
    segments: list[SpokenSegment]
    usage: Usage


class Delta(msgspec.Struct, frozen=True, kw_only=True):
    type: Literal["transcript.text.delta"] = "transcript.text.delta"
    delta: str


class Done(msgspec.Struct, frozen=True, kw_only=True):
    type: Literal["transcript.text.done"] = "transcript.text.done"
    text: str
    usage: Usage


def usage_of(transcript: Transcript) -> Usage:
    return Usage(seconds=math.ceil(transcript.duration_s))


def plain(transcript: Transcript) -> Heard:
    return Heard(transcript.text, usage_of(transcript))


def verbose(
    transcript: Transcript,
    task: Literal["transcribe", "translate"],
    granularities: Sequence[str],
) -> HeardVerbosely:
    return HeardVerbosely(
        task=task,
        language=name_of("en" if task == "translate" else transcript.language),
        duration=transcript.duration_s,
        text=transcript.text,
        words=[*_words(transcript)] if "word" in granularities else None,
        segments=[_segment(number, segment) for number, segment in enumerate(transcript.segments)]
        if "segment" in granularities or not granularities
        else None,
        usage=usage_of(transcript),
    )


def by_speaker(transcript: Transcript) -> HeardBySpeaker:
    return HeardBySpeaker(
        duration=transcript.duration_s,
        text=transcript.text,
        segments=[
            SpokenSegment(
                id=f"seg_{number:03d}",
                start=segment.start_s,
                end=segment.end_s,
                text=segment.text,
                speaker=segment.speaker or "SPEAKER_00",
            )
            for number, segment in enumerate(transcript.segments)
        ],
        usage=usage_of(transcript),
    )


def _words(transcript: Transcript) -> Iterator[HeardWord]:
    for segment in transcript.segments:
        for word in timed_words(segment):
            yield HeardWord(word.text, round(word.start_s, 3), round(word.end_s, 3))


def _segment(number: int, segment: Segment) -> HeardSegment:
    packed = segment.text.encode()
    return HeardSegment(
        id=number,
        seek=round(segment.start_s * 100),
        start=segment.start_s,
        end=segment.end_s,
        text=segment.text,
        tokens=segment.decoding.tokens,
        temperature=segment.decoding.temperature,
        avg_logprob=segment.decoding.log_probability,
        compression_ratio=len(packed) / max(1, len(zlib.compress(packed))),
        no_speech_prob=segment.decoding.no_speech_probability,
    )
