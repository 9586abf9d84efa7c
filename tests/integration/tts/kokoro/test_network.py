"""The graphs that the recipe makes, against the published one and against themselves in pieces."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from app.inference.onnx import OnnxRuntime
from app.tts.engines.kokoro.convert import GRAPHS, HUM
from app.tts.engines.kokoro.delivery import Delivery
from app.tts.engines.kokoro.network import KokoroNetwork
from app.tts.engines.kokoro.rendering import Rendering
from app.tts.engines.kokoro.source import HALF_FRAME
from tests.integration.tts.kokoro.spoken import PANGRAM, QUESTION, VOICES, distance_db, spelled

LENGTHS = "/encoder/Clip_output_0"
PITCH = "/encoder/F0_proj/Conv_output_0"
FEATURES = "/decoder/decoder/decode.3/Div_4_output_0"


@pytest.fixture(scope="module")
def reference(published: Path) -> onnxruntime.InferenceSession:
    """The published graph, which also shows values within."""
    model = onnx.load(str(published))
    for name in (LENGTHS, PITCH, FEATURES):
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


@pytest.mark.parametrize("voice", VOICES[:2])
def test_it_says_what_the_published_graph_says(
    voice: str, network: KokoroNetwork, reference: onnxruntime.InferenceSession
) -> None:
    tokens = spelled(QUESTION).tokens
    pack = network.voices[voice]
    sound, lengths, pitch, features = reference.run(
        ["audio", LENGTHS, PITCH, FEATURES],
        {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": pack[len(tokens)][None],
            "speed": np.ones(1, np.float32),
        },
    )

    class AsPublished(Delivery):
        """Only with the same lengths can frames be compared; int8 rounds a few otherwise."""

        def lengths(self, frames: np.ndarray) -> np.ndarray:
            off.append(np.abs(super().lengths(frames) - lengths.ravel()))
            return lengths.ravel().astype(np.int64)

    off: list[np.ndarray] = []
    utterance = network.read(tokens, pack, AsPublished())
    assert off[0].max() <= 1
    assert off[0].sum() <= 4
    found = utterance.features[0].T
    assert np.linalg.norm(found - features[0]) < 0.1 * np.linalg.norm(features)
    own_pitch = utterance.hum._pitch  # pyright: ignore[reportPrivateUsage]
    assert np.linalg.norm(own_pitch - pitch.ravel()) < 0.03 * np.linalg.norm(pitch)
    own = network.sound(utterance, 0, utterance.half_frames)
    assert own.size == sound.size
    assert 0.8 < own.std() / sound.std() < 1.25
    assert distance_db(own, sound).mean() < 4.5
    # Another voice is far from this one: the bound above says something.
    other = network.read(tokens, network.voices[VOICES[2]], AsPublished())
    assert distance_db(network.sound(other, 0, other.half_frames), sound).mean() > 7


@pytest.mark.parametrize("voice", VOICES)
def test_windows_sound_as_the_whole(voice: str, network: KokoroNetwork) -> None:
    utterance = network.read(spelled(PANGRAM).tokens, network.voices[voice], Delivery())
    whole = network.sound(utterance, 0, utterance.half_frames)
    rendering = Rendering(network, utterance, trimmed=True)
    parts = [rendering.next() for _ in iter(lambda: rendering.done, True)]
    sound = np.concatenate(parts)
    assert len(parts) > 3
    assert rendering.begin * HALF_FRAME + sound.size == whole.size
    distance = distance_db(sound, whole[rendering.begin * HALF_FRAME :])
    joints = np.cumsum([part.size for part in parts])[:-1] // HALF_FRAME
    assert distance.mean() < 2
    for joint in joints:
        assert distance[joint - 2 : joint + 3].max() < 5


def test_in_float_windows_are_the_whole(made: Path, network: KokoroNetwork) -> None:
    """So what the test above allows is the noise of int8 alone, and the contexts wide enough."""
    runtime = OnnxRuntime("cpu", 1)
    graphs = [runtime.open(made / f"{name}.float.onnx") for name in GRAPHS]
    exact = KokoroNetwork(graphs, np.load(made / HUM), network.voices)
    utterance = exact.read(spelled(QUESTION).tokens, exact.voices["af_heart"], Delivery())
    whole = exact.sound(utterance, 0, utterance.half_frames)
    inner = exact.sound(utterance, 40, 50)
    off = inner - whole[40 * HALF_FRAME : 50 * HALF_FRAME]
    assert np.abs(off).max() < 3e-3 * np.abs(whole).max()
    exact.close()


def test_lengths_are_the_length_of_the_sound(network: KokoroNetwork) -> None:
    utterance = network.read(spelled(QUESTION).tokens, network.voices["bf_emma"], Delivery())
    assert len(utterance.lengths) == len(spelled(QUESTION).symbols) + 2
    assert utterance.half_frames == 2 * utterance.lengths.sum()
