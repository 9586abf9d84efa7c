"""What a voice tells beside words, by our own heads on the real encoder."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from app.asr.engines.whisper.features import LogMel
from app.asr.engines.whisper.network import encode
from app.asr.engines.whisper.window import make_window
from app.core.audio.convert import Samples
from app.inference.onnx import OnnxRuntime
from tests.integration.asr.whisper.conftest import made

ENCODERS = [
    (model, precision)
    for model in ("whisper-tiny.en", "whisper-base")
    for precision in ("int8", "float")
]
DENSE_FRAMES = 200


@pytest.mark.parametrize(("model", "precision"), ENCODERS)
def test_what_is_pooled_is_the_mean_and_the_spread_of_sound(
    model: str, precision: str, short: Samples, long: Samples
) -> None:
    encoder = OnnxRuntime("cpu", 2).open(made(model) / f"encoder.{precision}.onnx")
    window = make_window(DENSE_FRAMES)
    sounds = (short[:32000], long[:60000])
    mels = np.stack([LogMel(80).spectrogram(each, window.mel_frames) for each in sounds])
    counts = [each.size // 320 for each in sounds]
    encoded = encode(encoder, mels, window, counts)
    for row, count in enumerate(counts):
        sound = encoded.states[row, :count]
        expected = np.stack((sound.mean(axis=0), sound.std(axis=0)))
        np.testing.assert_allclose(encoded.pooled[row, -1], expected, atol=1e-4)


@pytest.mark.parametrize(("model", "precision"), ENCODERS)
def test_the_words_are_heard_as_without_pooling(
    tmp_path: Path, model: str, precision: str, short: Samples
) -> None:
    """To the last bit."""
    runtime, graph = OnnxRuntime("cpu", 1), made(model) / f"encoder.{precision}.onnx"
    window = make_window(DENSE_FRAMES)
    feeds = {
        "mel": LogMel(80).spectrogram(short, window.mel_frames)[None],
        "frames": window.frames,
        "positions": window.positions,
        "log_weights": window.log_weights.reshape(1, -1, 1),
    }
    onnx.utils.extract_model(graph, tmp_path / graph.name, list(feeds), ["states"])
    (alone,) = runtime.open(tmp_path / graph.name).run(feeds)
    both = encode(runtime.open(graph), feeds["mel"], window, [short.size // 320])
    assert both.states.tobytes() == alone.tobytes()
