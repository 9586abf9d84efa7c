"""The network itself: two graphs, one answer, flat memory."""

import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest

from app.asr.engines.silero import FRAME_SAMPLES, SAMPLE_RATE, SileroVad, VadFrame, VadState
from app.core.audio.convert import Samples


def lively(seed: int, frame_count: int) -> Samples:
    """Harmonics of a gliding pitch in syllables: no speech, but enough to make it hesitate."""
    random = np.random.default_rng(seed)
    time_s = np.arange(frame_count * FRAME_SAMPLES) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(140 + 30 * np.sin(2 * np.pi * time_s + seed)) / SAMPLE_RATE
    tone = sum(np.sin(order * phase) / order for order in range(1, 12))
    syllables = np.clip(np.sin(2 * np.pi * 2 * time_s), 0, 1)
    hiss = random.normal(0, 0.01, time_s.size)
    return (0.15 * tone * syllables + hiss).astype(np.float32)


def step_by_step(vad: SileroVad, sounds: list[Samples]) -> list[list[float]]:
    """All sounds at once, a frame of each a call."""
    states = [VadState.fresh() for _ in sounds]
    found: list[list[float]] = [[] for _ in sounds]
    for start in range(0, sounds[0].size, FRAME_SAMPLES):
        answers = vad.step(
            [
                VadFrame(sound[start : start + FRAME_SAMPLES], state)
                for sound, state in zip(sounds, states, strict=True)
            ]
        )
        states = [state for _, state in answers]
        for row, (probability, _) in zip(found, answers, strict=True):
            row.append(probability)
    return found


def test_live_frames_and_recordings_get_the_same_answers(vad: SileroVad) -> None:
    sounds = [lively(seed, frame_count=600) for seed in range(3)]
    live = step_by_step(vad, sounds)
    alone = step_by_step(vad, sounds[:1])
    recorded = [np.concatenate(list(vad.probabilities([sound]))) for sound in sounds]
    assert max(map(max, live)) > 0.3
    np.testing.assert_allclose(alone[0], live[0], atol=1e-4)
    np.testing.assert_allclose(recorded, live, atol=1e-4)


@pytest.mark.parametrize("block_samples", [1, 511, 4800, 200_000])
def test_the_size_of_blocks_does_not_matter(vad: SileroVad, block_samples: int) -> None:
    sound = lively(1, frame_count=20)[:-100]
    blocks = [sound[start : start + block_samples] for start in range(0, sound.size, block_samples)]
    whole = np.concatenate(list(vad.probabilities([sound])))
    assert whole.shape == (20,)
    np.testing.assert_array_equal(np.concatenate(list(vad.probabilities(blocks))), whole)


def test_no_sound_has_no_probabilities(vad: SileroVad) -> None:
    assert list(vad.probabilities([])) == []
    assert list(vad.probabilities([np.zeros(0, np.float32)])) == []


def test_memory_stays_flat_over_ten_minutes(vad: SileroVad) -> None:
    def ten_minutes() -> Iterator[Samples]:
        for second in range(600):
            yield np.full(SAMPLE_RATE, 0.001 * (second % 7), np.float32)

    tracemalloc.start()
    try:
        frame_count = sum(run.size for run in vad.probabilities(ten_minutes()))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert frame_count == 600 * SAMPLE_RATE // FRAME_SAMPLES
    assert peak_bytes < 8 << 20, "the sound alone is 37 MiB"
