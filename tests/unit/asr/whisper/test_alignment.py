"""Paths through attention, and the words on them."""

import numpy as np
import pytest

from app.asr.engines.whisper.alignment import path_begins, token_begins, word_times
from app.asr.engines.whisper.tokens import TokenWord


def looking_at(frames: list[tuple[int, int]], total: int) -> np.ndarray:
    """Two heads, each token of which looks at one stretch of frames."""
    attention = np.full((2, len(frames), total), -4.0, np.float32)
    for token, (begin, end) in enumerate(frames):
        attention[:, token, begin:end] = 4.0
    return attention


def by_trying_all(cost: np.ndarray) -> float:
    rows, columns = cost.shape
    total = np.full((rows, columns), np.inf)
    for row in range(rows):
        for column in range(columns):
            before = [
                total[at]
                for at in ((row - 1, column - 1), (row - 1, column), (row, column - 1))
                if min(at) >= 0
            ]
            total[row, column] = cost[row, column] + (min(before) if before else 0)
    return float(total[-1, -1])


def cost_of(cost: np.ndarray, begins: np.ndarray) -> float:
    """Of the path that goes right within rows and enters each at its column."""
    ends = [*begins[1:], cost.shape[1] - 1]
    total = 0.0
    for row, (begin, end) in enumerate(zip(begins, ends, strict=True)):
        last = row == cost.shape[0] - 1
        # The next row is entered from above or from the left above, whichever is cheaper.
        stays = cost[row, begin : end + 1].sum()
        leaves = cost[row, begin:end].sum() if end > begin else stays
        total += float(stays if last else min(stays, leaves))
    return total


@pytest.mark.parametrize("seed", range(20))
def test_no_path_is_cheaper(seed: int) -> None:
    random = np.random.default_rng(seed)
    cost = random.normal(size=(random.integers(1, 8), random.integers(8, 20)))
    begins = path_begins(cost)
    assert list(begins) == sorted(begins)
    assert begins[0] == 0
    assert cost_of(cost, begins) == pytest.approx(by_trying_all(cost))


def test_tokens_begin_where_the_decoder_looks() -> None:
    begins = token_begins(looking_at([(0, 20), (20, 50), (50, 70), (70, 100)], 100))
    np.testing.assert_allclose(begins, [0, 20, 50, 70], atol=1)


def test_words_take_the_time_of_their_tokens() -> None:
    words = [TokenWord(" Good", (7,)), TokenWord(" morning.", (8, 9))]
    attention = looking_at([(0, 25), (25, 40), (40, 75), (75, 100)], 100)
    good, morning = word_times(attention, words, [0.5, 0.8, 0.6, 0.9], duration_s=1.9)
    assert (good.text, morning.text) == ("Good", "morning.")
    assert (good.tokens, morning.tokens) == ((7,), (8, 9))
    assert (good.start_s, good.end_s) == pytest.approx((0, 0.5), abs=0.03)
    assert (morning.start_s, morning.end_s) == pytest.approx((0.5, 1.5), abs=0.03)
    assert (good.probability, morning.probability) == pytest.approx((0.5, 0.7))


def test_a_word_does_not_outlast_the_sound() -> None:
    attention = looking_at([(0, 50), (50, 100)], 100)
    (word,) = word_times(attention, [TokenWord(" a", (7,))], [0.5, 0.5], duration_s=0.7)
    assert word.end_s <= 0.7


def test_no_words_have_no_times() -> None:
    assert word_times(looking_at([(0, 10)], 10), [], [0.5], 0.2) == ()
