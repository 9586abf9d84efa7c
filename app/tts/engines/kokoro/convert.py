"""The recipe `kokoro`: published weights and voices to the files that the engine loads."""

from pathlib import Path

import numpy as np

from app.tts.engines.kokoro.layers import Precision
from app.tts.engines.kokoro.networks import body_graph, melody_graph, text_graph
from app.tts.engines.kokoro.norms import read_norm_guess
from app.tts.engines.kokoro.voice import detail_graph, voice_graph
from app.tts.engines.kokoro.weights import Weights

PUBLISHED = "kokoro-v1.0.int8.onnx"
GRAPHS = ("text", "melody", "body", "voice", "detail")
PRECISIONS: tuple[Precision, ...] = ("int8", "float")
HUM, VOICES = "hum.npy", "voices.npz"
MADE = (*(f"{name}.{kind}.onnx" for kind in PRECISIONS for name in GRAPHS), HUM, VOICES)
ROWS, ROW = 510, 256


def convert(fitted: Path, pulled: Path, made: Path) -> None:
    """`fitted` is the folder `onnx_models/kokoro` of the project. The same bytes in, the same bytes
    out."""
    weights = Weights(pulled / PUBLISHED)
    guess = read_norm_guess(fitted / "norms.npz")
    for kind in PRECISIONS:
        text_graph(weights, kind).save(made / f"text.{kind}.onnx")
        melody_graph(weights, kind).save(made / f"melody.{kind}.onnx")
        body_graph(weights, kind, guess).save(made / f"body.{kind}.onnx")
        voice_graph(weights, kind).save(made / f"voice.{kind}.onnx")
        detail_graph(weights, kind).save(made / f"detail.{kind}.onnx")
    np.save(made / HUM, weights.hum())
    paths = sorted(pulled.glob("*.bin"))
    packs = [np.fromfile(path, np.float32).reshape(ROWS, ROW) for path in paths]
    names = np.array([path.stem for path in paths])
    np.savez(made / VOICES, names=names, packs=np.stack(packs))
