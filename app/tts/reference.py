"""The recording that a voice is made of: whether it is good enough, and what it is like."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.core.audio.convert import Samples
from app.core.errors import Unprocessable
from app.tts import measures
from app.tts.measures import SAMPLE_RATE, Track
from app.tts.voice_vectors import Embed, Vector

SHORTEST_S, LONGEST_S = 10.0, 60.0
LEAST_SPEECH_S = 8.0
LEAST_SPEECH_SHARE = 0.4
LEAST_RANGE_DB = 22.0
"""Between loud and quiet moments: about 17 dB between the voice and a steady noise."""

MOST_CLIPPED = 0.005
LEAST_VOICED = 0.3
LEAST_SYLLABLES_PER_S = 1.5
WINDOW_S = 4.0
SAME_SPEAKER = 0.5
"""Halves of one person's speech were 0.72 alike or more, of two persons' 0.2 or less."""

TOO_ALIKE = 0.97
"""No speaker is so much like itself from one window to the next: a tone is, or a machine."""

_SPEECH_BELOW_LOUD_DB = 30
_FULL_SCALE = 0.9


class ReferenceUnfit(Unprocessable):
    """`details["problem"]` is a word for it, the message says what to do better."""

    code = "reference_unfit"

    def __init__(self, problem: str, message: str) -> None:
        super().__init__(f"recording: {message}", field="recording", problem=problem)


@dataclass(frozen=True, slots=True)
class Reference:
    vector: Vector
    pitch_hz: float
    syllables_per_s: float


def read_reference(samples: Samples, embed: Embed) -> Reference:
    """Of 16 kHz mono. Blocks. Raises where no good voice could be made of it."""
    _check_length(samples)
    loud_db = measures.loudness_db(samples)
    is_speech = loud_db > np.percentile(loud_db, 95) - _SPEECH_BELOW_LOUD_DB
    _check_sound(samples, loud_db, is_speech)
    pitch = measures.pitch_hz(samples)[is_speech]
    rate = measures.syllables_per_s(samples)
    if np.mean(pitch > 0) < LEAST_VOICED or rate < LEAST_SYLLABLES_PER_S:
        raise _no_speech()
    speech = _frames_of(samples, is_speech)
    _check_speakers(speech, embed)
    return Reference(embed(speech), float(np.median(pitch[pitch > 0])), rate)


def _check_length(samples: Samples) -> None:
    length_s = samples.size / SAMPLE_RATE
    if length_s < SHORTEST_S:
        raise ReferenceUnfit(
            "too_short", f"it is {length_s:.1f} s long; {SHORTEST_S:.0f} s are needed"
        )
    if length_s > LONGEST_S:
        raise ReferenceUnfit(
            "too_long", f"it is {length_s:.1f} s long; at most {LONGEST_S:.0f} s are used"
        )


def _check_sound(samples: Samples, loud_db: Track, is_speech: NDArray[np.bool_]) -> None:
    peak = float(np.abs(samples).max())
    if not peak:
        raise ReferenceUnfit("silent", "nothing can be heard in it")
    if peak > _FULL_SCALE and np.mean(np.abs(samples) >= 0.99 * peak) > MOST_CLIPPED:
        raise ReferenceUnfit("clipped", "it was recorded too loud: its peaks are cut off")
    share, speech_s = float(np.mean(is_speech)), np.count_nonzero(is_speech) / 100
    if share < LEAST_SPEECH_SHARE or speech_s < LEAST_SPEECH_S:
        raise ReferenceUnfit(
            "too_much_silence",
            f"there are {speech_s:.1f} s of speech in it; {LEAST_SPEECH_S:.0f} s are needed, "
            "with less silence between",
        )
    low_db, high_db = np.percentile(loud_db, (5, 95))
    if high_db - low_db < LEAST_RANGE_DB:
        raise ReferenceUnfit(
            "too_noisy", "there is noise or music in it: record one voice in a quiet room"
        )


def _check_speakers(speech: Samples, embed: Embed) -> None:
    size = int(WINDOW_S * SAMPLE_RATE)
    count = max(2, speech.size // size)
    vectors = np.stack([embed(window) for window in np.array_split(speech, count)])
    alike = vectors @ vectors.T
    if alike[np.triu_indices(count, 1)].mean() > TOO_ALIKE:
        raise _no_speech()
    if _halves_alike(vectors) < SAME_SPEAKER:
        raise ReferenceUnfit("several_speakers", "more than one person speaks in it")


def _halves_alike(vectors: NDArray[np.float32]) -> float:
    """Cosine of the two groups that differ most."""
    moved = vectors - vectors.mean(axis=0)
    main = np.linalg.svd(moved, full_matrices=False)[2][0]
    is_first = moved @ main > 0
    if is_first.all() or not is_first.any():
        return 1.0
    first, second = vectors[is_first].mean(axis=0), vectors[~is_first].mean(axis=0)
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))


def _frames_of(samples: Samples, chosen: NDArray[np.bool_]) -> Samples:
    """The sound of the frames that are chosen, put together."""
    hop = SAMPLE_RATE // 100
    kept = np.repeat(chosen, hop)[: samples.size]
    return samples[: kept.size][kept]


def _no_speech() -> ReferenceUnfit:
    return ReferenceUnfit("no_speech", "nobody can be heard speaking in it")
