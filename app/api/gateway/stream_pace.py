"""How the words of a sentence lie in time, as `/asr/stream` tells it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from app.asr.text.analysis import LONG_PAUSE_S, Pause, find_pauses
from app.asr.text.fillers import find_fillers
from app.asr.text.words import Word

LEAST_PAUSE_S = 0.15


def word_message(word: Word) -> dict[str, Any]:
    return {
        "word": word.text,
        "start": round(word.start_s, 3),
        "end": round(word.end_s, 3),
        "confidence": round(word.confidence, 3),
    }


def pace_message(words: Sequence[Word], language: str) -> dict[str, Any]:
    """`iwi`: the seconds between each word and the next."""
    fills = find_fillers(words, language)
    pauses = find_pauses(words, LEAST_PAUSE_S)
    gaps_s = [max(0.0, other.start_s - one.end_s) for one, other in pairwise(words)]
    return {
        "words": [
            word_message(word) | {"filler": is_filler}
            for word, is_filler in zip(words, fills, strict=True)
        ],
        "pauses": [_pause(pause) for pause in pauses],
        "speech_rate": _rate(words, pauses, sum(fills)),
        "iwi": [round(gap_s, 3) for gap_s in gaps_s],
    }


def _rate(words: Sequence[Word], pauses: Sequence[Pause], filler_count: int) -> dict[str, Any]:
    """Fillers are no words; `filler_rate` is their share of everything said."""
    span_s = words[-1].end_s - words[0].start_s if words else 0.0
    pauses_s = sum(pause.length_s for pause in pauses)
    word_count = len(words) - filler_count
    return {
        "words_per_minute": _per_minute(word_count, span_s),
        "articulation_rate_wpm": _per_minute(word_count, span_s - pauses_s),
        "word_count": word_count,
        "duration_sec": round(span_s, 3),
        "pause_count": len(pauses),
        "total_pause_sec": round(pauses_s, 3),
        "filler_count": filler_count,
        "filler_rate": round(filler_count / max(1, len(words)), 4),
    }


def _pause(pause: Pause) -> dict[str, Any]:
    return {
        "start": round(pause.start_s, 3),
        "end": round(pause.end_s, 3),
        "duration": round(pause.length_s, 3),
        "type": "long" if pause.length_s >= LONG_PAUSE_S else "short",
    }


def _per_minute(word_count: int, seconds: float) -> float:
    return round(60 * word_count / seconds, 1) if seconds > 0 else 0.0
