"""How much silence an utterance is heard in. Pure.

Whisper was trained on windows of 30 s and loses words in shorter ones. But silence is all alike:
behind the sound and a little of it, one frame of silence stands for many, its weight in every
attention their number. The answer is that of 30 s, at a fraction of the work.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

LONGEST_S = 30.0
FRAMES_PER_S = 50
FULL_FRAMES = int(LONGEST_S * FRAMES_PER_S)
MEL_PER_FRAME = 2
EDGE_FRAMES = 3
"""The convolutions see the end of the spectrogram: frames before it are true silence."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Behind the sound: `seconds` of it are heard in full, then one frame of every `stride`."""

    seconds: float
    stride: int


OF_ENGLISH = Silence(0.5, 16)
"""Enough for weights of English alone; those of many languages then lose words."""
OF_LANGUAGES = Silence(1.0, 4)
WHOLE = Silence(LONGEST_S, 1)


@dataclass(frozen=True, slots=True)
class Window:
    """`frames` are taken from the spectrogram and put at `positions` of the 30 s."""

    mel_frames: int
    frames: NDArray[np.int64]
    positions: NDArray[np.int64]
    log_weights: NDArray[np.float32]


def window_frames(duration_s: float, silence: Silence = OF_ENGLISH) -> int:
    """Frames heard in full. Rounded up, so that utterances of similar length share a batch."""
    seconds = duration_s + silence.seconds
    step_s = 0.5 if seconds <= 6 else 1.0 if seconds <= 12 else 2.0
    return min(FULL_FRAMES, ceil(seconds / step_s) * round(step_s * FRAMES_PER_S))


def make_window(dense_frames: int, silence: Silence = OF_ENGLISH) -> Window:
    first = dense_frames + silence.stride // 2
    sparse = np.arange(first, FULL_FRAMES, silence.stride)
    dense = np.arange(dense_frames)
    mel_frames = dense_frames + (EDGE_FRAMES if sparse.size else 0)
    return Window(
        mel_frames=mel_frames * MEL_PER_FRAME,
        frames=np.concatenate((dense, np.full_like(sparse, dense_frames))),
        positions=np.concatenate((dense, sparse)),
        log_weights=np.concatenate(
            (np.zeros(dense.size), np.full(sparse.size, np.log(silence.stride)))
        ).astype(np.float32),
    )
