"""A transcript as captions: SRT, WebVTT, or a list of what is shown when."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.asr.domain import Segment, Transcript
from app.asr.text import subtitles
from app.asr.text.subtitles import CaptionRules, Cue, Utterance
from app.asr.text.words import Word
from app.asr.utterances import UNSPACED, space_of


@dataclass(frozen=True, slots=True)
class Caption:
    start_s: float
    end_s: float
    text: str
    speaker: str | None


def as_srt(transcript: Transcript, rules: CaptionRules | None = None) -> str:
    return subtitles.srt(_cues(transcript, rules), with_speakers=_names_speakers(transcript))


def as_vtt(transcript: Transcript, rules: CaptionRules | None = None) -> str:
    return subtitles.vtt(_cues(transcript, rules), with_speakers=_names_speakers(transcript))


def as_captions(transcript: Transcript, rules: CaptionRules | None = None) -> list[Caption]:
    return [
        Caption(cue.start_ms / 1000, cue.end_ms / 1000, cue.text, cue.speaker or None)
        for cue in _cues(transcript, rules)
    ]


def timed_words(segment: Segment) -> tuple[Word, ...]:
    """Those of the segment; where it has only text, each as long as it is in letters."""
    return segment.words or tuple(_spread(segment))


def _cues(transcript: Transcript, rules: CaptionRules | None) -> list[Cue]:
    utterances = [
        Utterance(timed_words(segment), segment.speaker or "", space_of(segment.language))
        for segment in transcript.segments
    ]
    return subtitles.make_cues(utterances, rules)


def _names_speakers(transcript: Transcript) -> bool:
    return any(segment.speaker for segment in transcript.segments)


def _spread(segment: Segment) -> Iterator[Word]:
    texts = list(segment.text) if segment.language in UNSPACED else segment.text.split()
    letters = sum(map(len, texts))
    at_s = segment.start_s
    for text in texts:
        end_s = at_s + (segment.end_s - segment.start_s) * len(text) / letters
        yield Word(text, at_s, end_s, segment.confidence)
        at_s = end_s
