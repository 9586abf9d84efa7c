"""Cutting sound into equal pieces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.audio.chunk import Rechunker, chunks, samples_in


def test_chunks_are_exact_but_for_the_last() -> None:
    samples = np.arange(1000, dtype=np.float32)
    pieces = list(chunks(samples, 20, 16_000))
    assert [len(piece) for piece in pieces] == [320, 320, 320, 40]
    assert np.array_equal(np.concatenate(pieces), samples)
    assert list(chunks(samples[:0], 20, 16_000)) == []


def test_chunks_cut_all_channels_at_once() -> None:
    both = np.arange(640, dtype=np.float32).reshape(2, 320)
    assert [piece.shape for piece in chunks(both, 10, 16_000)] == [(2, 160), (2, 160)]


@pytest.mark.parametrize(("chunk_ms", "rate"), [(10, 11_025), (0, 16_000), (-20, 16_000)])
def test_a_chunk_that_would_drift_is_refused(chunk_ms: int, rate: int) -> None:
    with pytest.raises(ValueError, match="whole number"):
        samples_in(chunk_ms, rate)


@given(st.lists(st.integers(0, 700)), st.integers(1, 400))
def test_frames_are_exact_and_nothing_is_lost(sizes: list[int], frame: int) -> None:
    signal = np.arange(sum(sizes), dtype=np.float32)
    rechunker = Rechunker(frame)
    frames, start = [], 0
    for size in sizes:
        frames += rechunker.push(signal[start : start + size])
        start += size
    rest = rechunker.flush()
    assert all(len(one) == frame for one in frames)
    assert (0 if rest is None else len(rest)) == len(signal) % frame
    joined = np.concatenate([*frames, *([] if rest is None else [rest])] or [signal])
    assert np.array_equal(joined, signal)
    assert rechunker.flush() is None


def test_a_reused_buffer_does_not_change_what_was_pushed() -> None:
    rechunker = Rechunker(4)
    buffer = np.ones(6, np.float32)
    first = rechunker.push(buffer)[0]
    buffer[:] = 9
    assert first.tolist() == [1, 1, 1, 1]
    assert rechunker.push(buffer[:2])[0].tolist() == [1, 1, 9, 9]


def test_an_empty_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Rechunker(0)
