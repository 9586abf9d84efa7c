"""What speech is, in terms of probabilities and times. Pure: no model, no file, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass

FRAME_MS = 32
"""Length of the frames whose probability of speech is known."""


@dataclass(frozen=True, slots=True)
class SpeechSpan:
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class SpanRules:
    """Speech begins at `threshold` and ends below `silence_threshold`: between, nothing changes."""

    threshold: float = 0.5
    silence_threshold: float = 0.35
    min_speech_ms: int = 250
    min_silence_ms: int = 100
    pad_ms: int = 30

    def __post_init__(self) -> None:
        if not 0 < self.silence_threshold <= self.threshold <= 1:
            raise ValueError("0 < silence_threshold <= threshold <= 1 must hold")


def find_spans(
    probabilities: Sequence[float], duration_ms: int, rules: SpanRules
) -> list[SpeechSpan]:
    """Spans in order, padded, none overlapping the next or reaching beyond the sound."""
    runs = _runs(probabilities, duration_ms, rules)
    spans: list[SpeechSpan] = []
    for index, (start_ms, end_ms) in enumerate(runs):
        is_last = index == len(runs) - 1
        before_ms = (start_ms - runs[index - 1][1]) // 2 if index else start_ms
        after_ms = duration_ms - end_ms if is_last else (runs[index + 1][0] - end_ms) // 2
        padded_start_ms = start_ms - min(rules.pad_ms, before_ms)
        padded_end_ms = end_ms + min(rules.pad_ms, after_ms)
        spans.append(SpeechSpan(padded_start_ms / 1000, padded_end_ms / 1000))
    return spans


def _runs(
    probabilities: Sequence[float], duration_ms: int, rules: SpanRules
) -> list[tuple[int, int]]:
    """Beginnings and ends, in ms, of what is loud enough for long enough."""
    runs: list[tuple[int, int]] = []
    speech_ms: int | None = None
    silence_ms: int | None = None
    for frame, probability in enumerate(probabilities):
        now_ms = frame * FRAME_MS
        if probability >= rules.threshold:
            silence_ms = None
            if speech_ms is None:
                speech_ms = now_ms
        elif speech_ms is not None and probability < rules.silence_threshold:
            if silence_ms is None:
                silence_ms = now_ms
            if now_ms - silence_ms >= rules.min_silence_ms:
                runs.append((speech_ms, silence_ms))
                speech_ms = silence_ms = None
    if speech_ms is not None:
        runs.append((speech_ms, duration_ms))
    return [run for run in runs if run[1] - run[0] > rules.min_speech_ms]
