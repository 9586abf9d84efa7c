"""Small transducers and a voice encoder in the form that sherpa-onnx reads. Nothing in them is
learned: which band of the spectrum is loud decides what is said and who says it, by rules that
are written out below, so that what comes out of them can be foretold."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from app.asr.recognition import SAMPLE_RATE
from app.core.audio.convert import Samples

BANDS = 4
MELS = 80
TOKENS = ("<blk>", "▁GOOD", "▁MOR", "NING", "▁ALL", "<unk>")
"""Each band of the spectrum, from low to high, is one of the four in the middle."""
CONTEXT = 2
LOUD = -4.0
EMBEDDING = 192

Nodes = list[onnx.NodeProto]
Arrays = dict[str, NDArray[np.generic]]


def _save(
    path: Path,
    nodes: Nodes,
    arrays: Arrays,
    inputs: dict[str, tuple[int, list[int | str]]],
    outputs: dict[str, tuple[int, list[int | str]]],
    metadata: dict[str, str],
) -> None:
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info(name, *each) for name, each in inputs.items()],
        [helper.make_tensor_value_info(name, *each) for name, each in outputs.items()],
        [numpy_helper.from_array(array, name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _band_matrix() -> NDArray[np.float32]:
    """The mean of each quarter of the mels, above LOUD where it is loud."""
    matrix = np.zeros((MELS, BANDS), np.float32)
    for band in range(BANDS):
        matrix[band * MELS // BANDS : (band + 1) * MELS // BANDS, band] = BANDS / MELS
    return matrix


def _decoder(folder: Path) -> None:
    """What was said last, as one of so many."""
    _save(
        folder / "decoder.onnx",
        [
            helper.make_node("Gather", ["y", "last"], ["y_last"], axis=1),
            helper.make_node("Gather", ["one_hot", "y_last"], ["decoder_out"], axis=0),
        ],
        {"last": np.array(CONTEXT - 1, np.int64), "one_hot": np.eye(len(TOKENS), dtype=np.float32)},
        {"y": (TensorProto.INT64, ["N", CONTEXT])},
        {"decoder_out": (TensorProto.FLOAT, ["N", len(TOKENS)])},
        {"vocab_size": str(len(TOKENS)), "context_size": str(CONTEXT)},
    )


def _joiner(folder: Path) -> None:
    """The loudest band is said, unless it is quiet or was said last: then it is the blank."""
    heard = np.zeros((BANDS, len(TOKENS)), np.float32)
    heard[np.arange(BANDS), np.arange(BANDS) + 1] = 1
    bias = np.zeros(len(TOKENS), np.float32)
    bias[0], bias[-1] = LOUD, -99
    said = -100 * np.eye(len(TOKENS), dtype=np.float32)
    said[0, 0] = 0
    _save(
        folder / "joiner.onnx",
        [
            helper.make_node("MatMul", ["encoder_out", "heard"], ["a"]),
            helper.make_node("MatMul", ["decoder_out", "said"], ["b"]),
            helper.make_node("Add", ["a", "b"], ["ab"]),
            helper.make_node("Add", ["ab", "bias"], ["logit"]),
        ],
        {"heard": heard, "said": said, "bias": bias},
        {
            "encoder_out": (TensorProto.FLOAT, ["N", BANDS]),
            "decoder_out": (TensorProto.FLOAT, ["N", len(TOKENS)]),
        },
        {"logit": (TensorProto.FLOAT, ["N", len(TOKENS)])},
        {"joiner_dim": str(BANDS)},
    )


def _tokens(folder: Path) -> None:
    lines = (f"{token} {place}\n" for place, token in enumerate(TOKENS))
    (folder / "tokens.txt").write_text("".join(lines), "utf-8")
    pieces = (f"{token}\t{-place}\n" for place, token in enumerate(TOKENS[1:-1]))
    (folder / "bpe.vocab").write_text("".join(pieces), "utf-8")


def make_whole_transducer(folder: Path, ballast: int = 1) -> None:
    """Like a conformer of icefall: 40 ms a frame, many utterances at once. `ballast`: so many
    columns of weights that change nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    _save(
        folder / "encoder.onnx",
        [
            helper.make_node("Transpose", ["x"], ["mels_first"], perm=[0, 2, 1]),
            helper.make_node(
                "AveragePool", ["mels_first"], ["pooled"], kernel_shape=[4], strides=[4]
            ),
            helper.make_node("Transpose", ["pooled"], ["frames"], perm=[0, 2, 1]),
            helper.make_node("MatMul", ["frames", "heavy"], ["lifted"]),
            helper.make_node("MatMul", ["lifted", "nothing"], ["dropped"]),
            helper.make_node("MatMul", ["frames", "bands"], ["heard"]),
            helper.make_node("Add", ["heard", "dropped"], ["encoder_out"]),
            helper.make_node("Div", ["x_lens", "four"], ["encoder_out_lens"]),
        ],
        {
            "bands": _band_matrix(),
            "heavy": np.ones((MELS, ballast), np.float32),
            "nothing": np.zeros((ballast, BANDS), np.float32),
            "four": np.array(4, np.int64),
        },
        {"x": (TensorProto.FLOAT, ["N", "T", MELS]), "x_lens": (TensorProto.INT64, ["N"])},
        {
            "encoder_out": (TensorProto.FLOAT, ["N", "U", BANDS]),
            "encoder_out_lens": (TensorProto.INT64, ["N"]),
        },
        {"model_type": "conformer"},
    )
    _decoder(folder)
    _joiner(folder)
    _tokens(folder)


def make_streaming_transducer(folder: Path) -> None:
    """Like an LSTM of icefall. A band counts once it was loud in the chunk before too, which only
    the state tells."""
    folder.mkdir(parents=True, exist_ok=True)
    state: tuple[int, list[int | str]] = (TensorProto.FLOAT, [1, "N", BANDS])
    _save(
        folder / "encoder.onnx",
        [
            helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=0),
            helper.make_node("MatMul", ["mean", "bands"], ["now"]),
            helper.make_node("Gather", ["c", "zero"], ["lifted"], axis=0),
            helper.make_node("Add", ["lifted", "floor"], ["before"]),
            helper.make_node("Min", ["now", "before"], ["both"]),
            helper.make_node("Unsqueeze", ["both", "one"], ["encoder_out"]),
            helper.make_node("Sub", ["now", "floor"], ["raised"]),
            helper.make_node("Unsqueeze", ["raised", "first"], ["next_c"]),
            helper.make_node("Identity", ["h"], ["next_h"]),
        ],
        {
            "bands": _band_matrix(),
            "zero": np.array(0, np.int64),
            "one": np.array([1], np.int64),
            "first": np.array([0], np.int64),
            "floor": np.array(-30, np.float32),
        },
        {"x": (TensorProto.FLOAT, ["N", "T", MELS]), "h": state, "c": state},
        {
            "encoder_out": (TensorProto.FLOAT, ["N", 1, BANDS]),
            "next_h": state,
            "next_c": state,
        },
        {
            "model_type": "lstm",
            "num_encoder_layers": "1",
            "T": "9",
            "decode_chunk_len": "4",
            "rnn_hidden_size": str(BANDS),
            "d_model": str(BANDS),
        },
    )
    _decoder(folder)
    _joiner(folder)
    _tokens(folder)


def make_voice_encoder(folder: Path, size: int = EMBEDDING) -> None:
    """Where in the spectrum a voice lies, spread over so many dimensions."""
    folder.mkdir(parents=True, exist_ok=True)
    spread = np.random.default_rng(3).standard_normal((MELS, size)).astype(np.float32)
    _save(
        folder / "model.onnx",
        [
            helper.make_node("ReduceMean", ["x"], ["mean"], axes=[1], keepdims=0),
            helper.make_node("Softmax", ["mean"], ["where"], axis=1),
            helper.make_node("MatMul", ["where", "spread"], ["embedding"]),
        ],
        {"spread": spread},
        {"x": (TensorProto.FLOAT, ["N", "T", MELS])},
        {"embedding": (TensorProto.FLOAT, ["N", size])},
        {
            "framework": "3d-speaker",
            "language": "any",
            "output_dim": str(size),
            "sample_rate": "16000",
            "normalize_samples": "1",
            "feature_normalize_type": "",
        },
    )


def make_segmentation(folder: Path) -> None:
    """Like pyannote's, a frame each 0.1 s: where sound moves fast the second speaker is heard,
    where it moves slowly the first, and in silence nobody."""
    never = ["never"] * 4
    _save(
        folder / "segmentation.onnx",
        [
            helper.make_node("Conv", ["x", "difference"], ["moved"], pads=[1, 0]),
            helper.make_node("Mul", ["x", "x"], ["loud"]),
            helper.make_node("Mul", ["moved", "moved"], ["fast"]),
            helper.make_node("AveragePool", ["loud"], ["a"], kernel_shape=[1600], strides=[1600]),
            helper.make_node("AveragePool", ["fast"], ["b"], kernel_shape=[1600], strides=[1600]),
            helper.make_node("Mul", ["a", "zero"], ["none"]),
            helper.make_node("Add", ["none", "faint"], ["nobody"]),
            helper.make_node("Add", ["none", "little"], ["never"]),
            helper.make_node("Concat", ["nobody", "a", "b", *never], ["classes"], axis=1),
            helper.make_node("Transpose", ["classes"], ["y"], perm=[0, 2, 1]),
        ],
        {
            "difference": np.array([[[-1, 1]]], np.float32),
            "zero": np.array(0, np.float32),
            "faint": np.array(1e-5, np.float32),
            "little": np.array(-9, np.float32),
        },
        {"x": (TensorProto.FLOAT, ["N", 1, "T"])},
        {"y": (TensorProto.FLOAT, ["N", "U", 7])},
        {
            "sample_rate": "16000",
            "window_size": "160000",
            "receptive_field_size": "1600",
            "receptive_field_shift": "1600",
            "num_speakers": "3",
            "powerset_max_classes": "2",
            "num_classes": "7",
        },
    )


def forget_metadata(path: Path, name: str) -> None:
    model = onnx.load(str(path))
    kept = {each.key: each.value for each in model.metadata_props if each.key != name}
    del model.metadata_props[:]
    helper.set_model_props(model, kept)
    onnx.save(model, str(path))


def band_noise(band: int, seconds: float, loudness: float = 0.2) -> Samples:
    """Noise in one of the bands alone."""
    count = round(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(np.random.default_rng(band).standard_normal(count))
    mels = np.linspace(_mel(20), _mel(SAMPLE_RATE / 2 - 400), MELS + 2)[1:-1]
    own = mels[band * MELS // BANDS : (band + 1) * MELS // BANDS]
    heard = _mel(np.fft.rfftfreq(count, 1 / SAMPLE_RATE))
    spectrum[(heard < own[0]) | (heard > own[-1])] = 0
    sound = np.fft.irfft(spectrum, count)
    return (loudness * sound / sound.std()).astype(np.float32)


def hush(seconds: float) -> Samples:
    """Next to silence: the logarithm of none has no bottom."""
    return np.full(round(seconds * SAMPLE_RATE), 1e-5, np.float32)


def _mel(frequency_hz: float | NDArray[np.float64]) -> Any:
    return 1127 * np.log1p(np.asarray(frequency_hz) / 700)
