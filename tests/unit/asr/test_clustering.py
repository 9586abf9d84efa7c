"""How many speakers are found, and which vector is whose."""

import numpy as np
import pytest

from app.asr.clustering import ClusterRules, SpeakerCount, find_speakers, nearest
from tests.unit.asr.voices import SIZE, heard, unit, voices

RULES = ClusterRules()
LIKENESS = 0.3


def mixed(counts: list[int], *, alike: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of speakers in a random order, and whose they are."""
    directions = voices(len(counts), alike=alike)
    vectors = np.concatenate(
        [heard(directions[speaker], count, speaker) for speaker, count in enumerate(counts)]
    )
    truth = np.repeat(np.arange(len(counts)), counts)
    order = np.random.default_rng(1).permutation(len(truth))
    return vectors[order], truth[order]


def same_partition(found: np.ndarray, truth: np.ndarray) -> bool:
    pairs = set(zip(found.tolist(), truth.tolist(), strict=True))
    return len(pairs) == len(set(truth.tolist())) == len(set(found.tolist()))


@pytest.mark.parametrize("counts", [[60], [40, 40], [70, 12], [30, 30, 30], [40, 25, 15, 60, 20]])
def test_speakers_are_counted_and_told_apart(counts: list[int]) -> None:
    vectors, truth = mixed(counts)
    centres = find_speakers(vectors, SpeakerCount(), LIKENESS, RULES)
    assert same_partition(nearest(vectors, centres), truth)


@pytest.mark.parametrize("counts", [[3], [2, 2], [4, 3]])
def test_a_few_vectors_are_enough(counts: list[int]) -> None:
    vectors, truth = mixed(counts)
    centres = find_speakers(vectors, SpeakerCount(), LIKENESS, RULES)
    assert same_partition(nearest(vectors, centres), truth)


def test_stray_vectors_are_nobody() -> None:
    vectors, _ = mixed([50, 50])
    strays = unit(np.random.default_rng(9).normal(size=(3, SIZE)))
    centres = find_speakers(np.concatenate((vectors, strays)), SpeakerCount(), LIKENESS, RULES)
    assert len(centres) == 2


@pytest.mark.parametrize("speakers", [1, 2, 3, 5])
def test_a_number_that_is_told_is_kept(speakers: int) -> None:
    vectors, _ = mixed([40, 40, 40])
    centres = find_speakers(vectors, SpeakerCount.exactly(speakers), LIKENESS, RULES)
    assert len(centres) == speakers


def test_limits_are_kept_and_what_lies_between_is_found() -> None:
    vectors, _ = mixed([40, 40, 40])
    for count, expected in [
        (SpeakerCount(1, 2), 2),
        (SpeakerCount(4, 6), 4),
        (SpeakerCount(2, 8), 3),
    ]:
        assert len(find_speakers(vectors, count, LIKENESS, RULES)) == expected


def test_no_more_speakers_than_vectors() -> None:
    vectors, _ = mixed([2])
    assert len(find_speakers(vectors, SpeakerCount.exactly(5), LIKENESS, RULES)) == 2
    nothing = np.zeros((0, SIZE), np.float32)
    assert len(find_speakers(nothing, SpeakerCount(), LIKENESS, RULES)) == 0


def test_the_same_vectors_give_the_same_speakers() -> None:
    vectors, _ = mixed([30, 50, 20])
    first, second = (find_speakers(vectors, SpeakerCount(), LIKENESS, RULES) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_of_many_vectors_a_sample_is_grouped() -> None:
    vectors, truth = mixed([4000, 3000, 900])
    centres = find_speakers(vectors, SpeakerCount(), LIKENESS, RULES)
    assert same_partition(nearest(vectors, centres), truth)


def test_identical_vectors_are_one_speaker() -> None:
    centres = find_speakers(np.tile(voices(1), (60, 1)), SpeakerCount(), LIKENESS, RULES)
    assert len(centres) == 1


@pytest.mark.parametrize(("least", "most"), [(0, 3), (4, 3), (-1, -1)])
def test_impossible_counts_are_refused(least: int, most: int) -> None:
    with pytest.raises(ValueError, match="least <= most"):
        SpeakerCount(least, most)
