"""Where a recording is cut for the recognizer: at pauses, into pieces of 10 to 15 s. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from app.asr.domain import FRAME_MS, SpanRules, SpeechSpan

HEARD = SpanRules(min_speech_ms=150, min_silence_ms=200, pad_ms=200)
"""Generous: a word that is left out is lost, silence costs only time."""


@dataclass(frozen=True, slots=True)
class PieceRules:
    longest_s: float = 15.0
    shortest_cut_s: float = 8.0
    """Speech without a pause is cut where it is quietest, between these two."""
    longest_gap_s: float = 2.0
    """A longer silence is not heard along."""


def plan_pieces(
    spans: Sequence[SpeechSpan], probabilities: Sequence[float], rules: PieceRules
) -> list[SpeechSpan]:
    """In order, none overlapping; together they have all of the speech."""
    pieces: list[SpeechSpan] = []
    for span in (part for each in spans for part in _cut(each, probabilities, rules)):
        last = pieces[-1] if pieces else None
        is_near = last is not None and span.start_s - last.end_s <= rules.longest_gap_s
        if last and is_near and span.end_s - last.start_s <= rules.longest_s:
            pieces[-1] = SpeechSpan(last.start_s, span.end_s)
        else:
            pieces.append(span)
    return pieces


def _cut(
    span: SpeechSpan, probabilities: Sequence[float], rules: PieceRules
) -> Iterator[SpeechSpan]:
    start_s = span.start_s
    while span.end_s - start_s > rules.longest_s:
        first = round((start_s + rules.shortest_cut_s) * 1000 / FRAME_MS)
        end = round((start_s + rules.longest_s) * 1000 / FRAME_MS)
        quietest = first + int(np.argmin(probabilities[first:end]))
        cut_s = quietest * FRAME_MS / 1000
        yield SpeechSpan(start_s, cut_s)
        start_s = cut_s
    yield SpeechSpan(start_s, span.end_s)
