"""When each word was said: where the decoder looked, token by token, made into a path. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.asr.engines.whisper.rules import softmax
from app.asr.engines.whisper.tokens import TokenWord
from app.asr.engines.whisper.window import FRAMES_PER_S
from app.asr.recognition import Word
from app.core.audio.convert import Samples

SMOOTHED_FRAMES = 7


def word_times(
    attention: Samples,
    words: Sequence[TokenWord],
    probabilities: Sequence[float],
    duration_s: float,
) -> tuple[Word, ...]:
    """`attention` (heads, tokens + 1, frames of the sound), before it is made to sum to one; the
    last row looks for the end."""
    token_count = sum(len(word.tokens) for word in words)
    if not token_count:
        return ()
    begins_s = token_begins(attention)[: token_count + 1] / FRAMES_PER_S
    found: list[Word] = []
    at = 0
    for word in words:
        end = at + len(word.tokens)
        start_s, end_s = (min(float(begins_s[each]), duration_s) for each in (at, end))
        certain = float(np.mean(probabilities[at:end]))
        text, end_s = word.text.strip(), max(start_s, end_s)
        found.append(Word(text, start_s, end_s, min(1.0, certain), word.tokens))
        at = end
    return tuple(found)


def token_begins(attention: Samples) -> NDArray[np.int64]:
    """The frame at which each token begins."""
    seen = softmax(attention)
    spread = seen.std(axis=-2, keepdims=True)
    normal = (seen - seen.mean(axis=-2, keepdims=True)) / np.maximum(spread, 1e-6)
    return path_begins(-_smooth(normal).mean(axis=0))


def path_begins(cost: Samples) -> NDArray[np.int64]:
    """The column at which the cheapest monotonic path through `cost` enters each row."""
    rows, columns = cost.shape
    total = np.empty((rows + 1, columns + 1))
    total[0], total[:, 0] = np.inf, np.inf
    total[0, 0] = 0.0
    for row in range(rows):
        # Entering a column from the row above or going on from the left, for all at once.
        entered = np.minimum(total[row, :-1], total[row, 1:])
        along = np.cumsum(cost[row])
        before = along - cost[row]
        total[row + 1, 1:] = np.minimum.accumulate(entered - before) + along
    begins = np.zeros(rows, np.int64)
    row, column = rows, columns
    while row > 1:
        diagonal, above, left = (
            total[row - 1, column - 1],
            total[row - 1, column],
            total[row, column - 1],
        )
        if left < diagonal and left < above:
            column -= 1
            continue
        begins[row - 1] = column - 1
        row, column = row - 1, column - (diagonal <= above)
    return begins


def _smooth(values: Samples) -> Samples:
    """The median of each value and its neighbours in time."""
    reach = SMOOTHED_FRAMES // 2
    if values.shape[-1] <= reach:
        return values
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(reach, reach)], mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, SMOOTHED_FRAMES, axis=-1)
    return np.median(windows, axis=-1)
