"""How somebody speaks: fluency, vocabulary, grammar, pace, pauses, fillers.

The definitions are in docs/speech_analysis.md; a change here is a change there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.asr.text.fillers import find_fillers, without_fillers
from app.asr.text.folding import key
from app.asr.text.grammar import count_slips
from app.asr.text.words import Word, text_of

PAUSE_S = 0.25
"""Shorter silences belong to speaking: stops of consonants."""
LONG_PAUSE_S = 1.0
WINDOW_WORDS = 50
SENTENCE_WORDS = 12


@dataclass(frozen=True, slots=True)
class Pause:
    start_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        return self.end_s - self.start_s


@dataclass(frozen=True, slots=True)
class SpeechAnalysis:
    """Scores are 0 to 1, more is better; None where it cannot be told."""

    lexical_fluency: float | None
    vocabulary_range: float | None
    grammar_score: float | None
    pace_wpm: float | None
    articulation_wpm: float | None
    word_count: int
    unique_word_count: int
    filler_count: int
    repetition_count: int
    pauses: tuple[Pause, ...]


def analyse(words: Sequence[Word], language: str) -> SpeechAnalysis:
    """Of one speaker, as recognized: before fillers are taken out and numbers rewritten."""
    spoken = [word for word in words if key(word.text)]
    fillers = find_fillers(spoken, language)
    said = [key(word.text) for word, fills in zip(spoken, fillers, strict=True) if not fills]
    repetitions = sum(one == other for one, other in pairwise(said))
    pauses = tuple(find_pauses(spoken))
    span_s = spoken[-1].end_s - spoken[0].start_s if spoken else 0.0
    pauses_s = sum(pause.length_s for pause in pauses)
    return SpeechAnalysis(
        lexical_fluency=_fluency(len(spoken), sum(fillers) + repetitions, pauses, span_s),
        vocabulary_range=vocabulary_range(said),
        grammar_score=_grammar(spoken, said, language),
        pace_wpm=_per_minute(len(said), span_s),
        articulation_wpm=_per_minute(len(said), span_s - pauses_s),
        word_count=len(said),
        unique_word_count=len(set(said)),
        filler_count=sum(fillers),
        repetition_count=repetitions,
        pauses=pauses,
    )


def find_pauses(words: Sequence[Word], least_s: float = PAUSE_S) -> list[Pause]:
    return [
        Pause(one.end_s, other.start_s)
        for one, other in pairwise(words)
        if other.start_s - one.end_s >= least_s
    ]


def vocabulary_range(keys: Sequence[str]) -> float | None:
    """The share of different words in every window of 50 words, averaged (MATTR)."""
    if not keys:
        return None
    size = min(WINDOW_WORDS, len(keys))
    counts: dict[str, int] = {}
    kinds = 0
    for index, word in enumerate(keys):
        counts[word] = counts.get(word, 0) + 1
        if index >= size:
            gone = keys[index - size]
            counts[gone] -= 1
            if not counts[gone]:
                del counts[gone]
        if index >= size - 1:
            kinds += len(counts)
    return round(kinds / size / (len(keys) - size + 1), 4)


def _fluency(
    word_count: int, disfluencies: int, pauses: Sequence[Pause], span_s: float
) -> float | None:
    if not word_count:
        return None
    hesitation_s = sum(max(0.0, pause.length_s - LONG_PAUSE_S) for pause in pauses)
    flow = 1 - hesitation_s / span_s if span_s > 0 else 1.0
    return round(max(0.0, 1 - disfluencies / word_count) * max(0.0, flow), 4)


def _grammar(words: Sequence[Word], said: Sequence[str], language: str) -> float | None:
    if not said or language.partition("-")[0].lower() != "en":
        return None
    slips = count_slips(text_of(without_fillers(words, language)))
    sentences = max(1.0, len(said) / SENTENCE_WORDS)
    return round(max(0.0, 1 - slips / sentences), 4)


def _per_minute(word_count: int, seconds: float) -> float | None:
    return round(60 * word_count / seconds, 1) if word_count and seconds > 0 else None
