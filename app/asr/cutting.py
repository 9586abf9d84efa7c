"""Where a sentence is cut whose speaker does not pause, and how the next one is joined to it. Pure.

The times of words are not exact: sound before the cut is heard again with the next sentence, and
those words in it that were told already are not told again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from app.asr.agreement import MARGIN_S
from app.asr.recognition import SAMPLE_RATE
from app.asr.text.words import Word
from app.core.audio.convert import Samples

CUT_FROM = 0.65
"""In part of a long sentence: before that it is not cut."""
QUIET_S = 0.025
OVERLAP_S = 1.2
OVERLAP_WORDS = 4
"""Fewer are often misheard: nothing is known of what came before them."""
MOST_OVERLAP_S = 2.0


@dataclass(frozen=True, slots=True)
class Overlap:
    """What is heard again with a new sentence; its words are `told`."""

    start_s: float
    told: tuple[Word, ...]


def choose_cut(
    words: Sequence[Word], sound: Samples, start_s: float, stable_count: int
) -> tuple[int, float]:
    """How many words stay with a sentence that is too long, and when the next one begins: at the
    quietest moment between two words. Those that were told to be stable stay."""
    end_s = start_s + sound.size / SAMPLE_RATE
    earliest_s = start_s + CUT_FROM * (end_s - start_s)
    between = [
        (count, (one.end_s + other.start_s) / 2)
        for count, (one, other) in enumerate(pairwise(words), start=1)
        if count >= stable_count
    ]
    # The last words may be cut off themselves, or misheard for want of what follows.
    sure = [each for each in between if earliest_s <= each[1] <= end_s - MARGIN_S]
    if not between:
        return len(words), max(words[-1].end_s, earliest_s) if words else end_s - MARGIN_S

    def loudness(at_s: float) -> float:
        first, last = (round((at_s - start_s + each) * SAMPLE_RATE) for each in (-QUIET_S, QUIET_S))
        near = sound[max(0, first) : last]
        return float(np.mean(np.square(near))) if near.size else 0.0

    return min(sure or between, key=lambda each: loudness(each[1]))


def overlap(told: Sequence[Word], cut_s: float) -> Overlap:
    """From the beginning of a word, so that it is heard whole."""
    begins_s = [word.start_s for word in told]
    long_s = max([each for each in begins_s if each <= cut_s - OVERLAP_S], default=cut_s)
    start_s = min([long_s, *begins_s[-OVERLAP_WORDS:]])
    start_s = max(start_s, cut_s - MOST_OVERLAP_S)
    return Overlap(start_s, tuple(word for word in told if word.end_s > start_s))
