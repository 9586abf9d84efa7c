"""What a step of the training of a CTC head sees, and the graph that its weights become."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.inference.onnx import OnnxRuntime
from onnx_models.recipes.ctc.batches import (
    BATCH_FRAMES,
    TOKENS,
    batch,
    best_path,
    epoch,
    learned,
    mask,
    set_aside,
)
from onnx_models.recipes.ctc.features import States, read_round, write_round
from onnx_models.recipes.ctc.graph import DILATIONS, HIDDEN, REACH, Weights, write
from onnx_models.recipes.ctc.speech import Clip

Floats = NDArray[np.float64]
WIDTH = 24
COUNT = 60


def heard(number: int) -> list[tuple[Clip, str, States]]:
    """Clips of all lengths; each tenth is set aside. The states tell whose they are."""
    return [
        (
            Clip(f"{'ab'[at % 2]}/{at}.opus", "a clip", 1.0, at % 10 == 0),
            f"clip {'abcdefghij'[at % 10]}{' it is' * number}",
            np.full((40 + 7 * at, WIDTH), at + number / 4, np.float16),
        )
        for at in range(COUNT)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in (0, 1):
        write_round(tmp_path, number, iter(heard(number)))
    return tmp_path


def test_kept_states_are_read_as_they_were_heard(folder: Path) -> None:
    kept = read_round(folder, 1)
    for row, (clip, text, states) in zip(kept.rows, heard(1), strict=True):
        assert (row.file, row.text, row.is_set_aside) == (clip.file, text, clip.is_set_aside)
        assert np.array_equal(kept.of(row), states)


def test_an_epoch_has_every_clip_that_may_be_learned_in_one_of_its_rounds(folder: Path) -> None:
    clips = learned([read_round(folder, 0), read_round(folder, 1)], {"a": 2})
    batches = epoch(clips, 3)
    taken = Counter(row.file for each in batches for _, row in each)
    wanted = {clip.file: 2 if clip.file[0] == "a" else 1 for clip, _, _ in heard(0)}
    aside = {f"a/{at}.opus" for at in range(0, COUNT, 10)}
    assert taken == {file: count for file, count in wanted.items() if file not in aside}
    assert {number for each in batches for number, _ in each} == {0, 1}
    assert all(len(each) * max(row.frames for _, row in each) <= BATCH_FRAMES for each in batches)
    assert epoch(clips, 3) == batches
    assert epoch(clips, 4) != batches


def test_what_is_set_aside_is_only_judged(folder: Path) -> None:
    aside = set_aside([read_round(folder, 0), read_round(folder, 1)], 100)
    assert {row.file for _, row in aside} == {f"a/{at}.opus" for at in range(0, COUNT, 10)}
    assert len(aside) == 6


def test_a_text_too_long_for_its_sound_is_not_learned(tmp_path: Path) -> None:
    clips = [
        (Clip(f"a/{at}.opus", "", 1.0, False), "word " * 8, np.zeros((frames, WIDTH), np.float16))
        for at, frames in enumerate((50, 200))
    ]
    write_round(tmp_path, 0, iter(clips))
    assert [clip[0][1].file for clip in learned([read_round(tmp_path, 0)], {}).clips] == [
        "a/1.opus"
    ]


def test_a_batch_has_each_clip_with_its_own_letters(folder: Path) -> None:
    clips = learned([read_round(folder, 0)], {})
    chosen = epoch(clips, 0)[0]
    seen = batch(clips, chosen)
    begin = 0
    for at, (_, row) in enumerate(chosen):
        own = seen.letters[begin : begin + seen.letter_counts[at]]
        begin += seen.letter_counts[at]
        assert "".join(TOKENS[letter] for letter in own) == row.text
        assert (seen.states[at, : seen.frames[at]] == clips.states((0, row))).all()
        assert not seen.states[at, seen.frames[at] :].any()
    assert begin == seen.letters.size


def test_masks_lose_some_frames_and_channels_and_not_most() -> None:
    states = np.ones((4, 400, WIDTH), np.float32)
    mask(states, np.full(4, 400), np.random.default_rng(0))
    lost_frames = (states == 0).all(axis=2).mean()
    lost_channels = (states == 0).all(axis=1).mean()
    assert 0.02 < lost_frames < 0.2
    assert 0.04 < lost_channels < 0.14


def test_the_best_path_has_repeated_letters_once_and_no_blanks() -> None:
    tokens = [0, 10, 10, 0, 7, 14, 14, 0, 14, 17, 17, 0]
    assert best_path(np.eye(len(TOKENS), dtype=np.float32)[tokens]) == "hello"


def some_weights() -> Weights:
    random = np.random.default_rng(5)
    shapes = {"enter.w": (WIDTH, HIDDEN), "enter.b": (HIDDEN,)}
    for at in range(len(DILATIONS)):
        shapes |= {f"norm{at}.w": (HIDDEN,), f"norm{at}.b": (HIDDEN,)}
        shapes |= {f"conv{at}.w": (HIDDEN, HIDDEN, REACH), f"conv{at}.b": (HIDDEN,)}
    shapes |= {"last.w": (HIDDEN,), "last.b": (HIDDEN,)}
    shapes |= {"leave.w": (HIDDEN, len(TOKENS)), "leave.b": (len(TOKENS),)}
    return {
        name: (random.standard_normal(shape) * 0.05).astype(np.float16)
        for name, shape in shapes.items()
    }


def forward(weights: Weights, states: Floats) -> Floats:
    """(frames, width) to (frames, tokens), in plain numpy."""
    wide = {name: values.astype(np.float64) for name, values in weights.items()}

    def normed(x: Floats, name: str) -> Floats:
        centred = x - x.mean(axis=1, keepdims=True)
        spread = np.sqrt(centred.var(axis=1, keepdims=True) + 1e-5)
        return centred / spread * wide[f"{name}.w"] + wide[f"{name}.b"]

    x = states @ wide["enter.w"] + wide["enter.b"]
    for at, dilation in enumerate(DILATIONS):
        reach = REACH // 2 * dilation
        padded = np.pad(normed(x, f"norm{at}"), ((reach, reach), (0, 0)))
        y = wide[f"conv{at}.b"] + sum(
            padded[tap * dilation : tap * dilation + len(x)] @ wide[f"conv{at}.w"][:, :, tap].T
            for tap in range(REACH)
        )
        x = x + np.maximum(y, 0)
    return normed(x, "last") @ wide["leave.w"] + wide["leave.b"]


def test_the_graph_computes_what_its_weights_say(tmp_path: Path) -> None:
    weights = some_weights()
    write(weights, tmp_path / "head.onnx")
    states = np.random.default_rng(6).standard_normal((90, WIDTH))
    graph = OnnxRuntime("cpu", 1).open(tmp_path / "head.onnx")
    (scores,) = graph.run({"states": states.T[None].astype(np.float32)})
    assert scores.shape == (1, 90, len(TOKENS))
    assert np.allclose(scores[0], forward(weights, states), atol=1e-3)
    assert (tmp_path / "head.onnx").stat().st_size < 4e6
