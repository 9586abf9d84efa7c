"""Of a voice as much is told as is known of it."""

from pathlib import Path

import numpy as np
import pytest

from app.asr.engines.whisper.voice import Head, VoiceInvalid, load_voice, read_heads
from app.asr.recognition import Tag
from app.inference.onnx import OnnxRuntime
from onnx_models.recipes.voice.export import FittedHead, write_card, write_graph
from onnx_models.recipes.voice.regression import Regression

HEAD = Head(("SAD", "HAPPY", "ANGRY"), "UNCERTAIN", threshold=0.5, shortest_s=1.0)
SIZES = (2, 2, 3)


def fitted(category: str, labels: tuple[str, ...], matrix: np.ndarray) -> FittedHead:
    mean, spread = np.full(12, 0.5, np.float32), np.full(12, 2, np.float32)
    offset = np.arange(len(labels), dtype=np.float32)
    return FittedHead(
        category,
        labels,
        Regression(mean, spread, matrix, offset),
        temperature=2.0,
        threshold=0.5,
        shortest_s=1.0,
    )


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    matrix = np.random.default_rng(0).standard_normal((12, 3)).astype(np.float32)
    heads = [
        fitted("emotion", HEAD.labels, matrix),
        fitted("gender", ("MAN", "WOMAN"), matrix[:, :2]),
    ]
    write_graph(heads, SIZES, tmp_path / "voice.onnx")
    write_card(heads, tmp_path / "voice.toml")
    return tmp_path / "voice.onnx"


@pytest.mark.parametrize(
    ("odds", "duration_s", "label"),
    [
        ([0.2, 0.7, 0.1], 3.0, "HAPPY"),
        ([0.2, 0.5, 0.3], 3.0, "HAPPY"),
        ([0.3, 0.49, 0.21], 3.0, "UNCERTAIN"),
        ([0.2, 0.7, 0.1], 0.9, "UNCERTAIN"),
    ],
)
def test_what_is_not_sure_has_no_label_but_odds(
    odds: list[float], duration_s: float, label: str
) -> None:
    assert HEAD.tag(odds, duration_s) == Tag(label, dict(zip(HEAD.labels, odds, strict=True)))


def test_the_graph_gives_the_odds_that_were_learned(weights: Path) -> None:
    voice = load_voice(weights, OnnxRuntime("cpu", 1))
    pooled = np.random.default_rng(1).standard_normal((4, *SIZES)).astype(np.float32)
    told = voice.tags(pooled, [2.0] * 4)
    matrix = np.random.default_rng(0).standard_normal((12, 3)).astype(np.float32)
    logits = ((pooled.reshape(4, 12) - 0.5) / 2 @ matrix + np.arange(3)) / 2
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = [list(each["emotion"].probabilities.values()) for each in told]
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert all(set(each["gender"].probabilities) == {"MAN", "WOMAN"} for each in told)
    voice.close()


def test_weights_and_what_lies_beside_them_must_agree(weights: Path) -> None:
    card = weights.with_suffix(".toml")
    text = card.read_text("utf-8")
    card.write_text(text.replace("[gender]", "[age]"), "utf-8")
    with pytest.raises(VoiceInvalid, match=r"voice\.onnx gives emotion, gender"):
        load_voice(weights, OnnxRuntime("cpu", 1))
    card.write_text(text.replace("threshold = 0.500", "threshold = 1.5"), "utf-8")
    with pytest.raises(VoiceInvalid, match=r"voice\.toml cannot be used: .*<= 1"):
        read_heads(weights)
    card.unlink()
    with pytest.raises(VoiceInvalid, match=r"voice\.toml cannot be used"):
        read_heads(weights)
