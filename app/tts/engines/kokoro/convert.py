"""The recipe `kokoro`: published weights and voices to the files that the engine loads."""

from pathlib import Path

import numpy as np

from app.tts.engines.kokoro.layers import Precision
from app.tts.engines.kokoro.networks import body_graph, melody_graph, text_graph
from app.tts.engines.kokoro.voice import voice_graph
from app.tts.engines.kokoro.weights import Weights

PUBLISHED = "kokoro-v1.0.int8.onnx"
GRAPHS = {"text": text_graph, "melody": melody_graph, "body": body_graph, "voice": voice_graph}
PRECISIONS: tuple[Precision, ...] = ("int8", "float")
HUM, VOICES = "hum.npy", "voices.npz"
MADE = (*(f"{name}.{kind}.onnx" for kind in PRECISIONS for name in GRAPHS), HUM, VOICES)
ROWS, ROW = 510, 256


def convert(pulled: Path, made: Path) -> None:
    """The same bytes in, the same bytes out."""
    weights = Weights(pulled / PUBLISHED)
    for kind in PRECISIONS:
        for name, graph in GRAPHS.items():
            graph(weights, kind).save(made / f"{name}.{kind}.onnx")
    np.save(made / HUM, weights.hum())
    packs = {
        path.stem: np.fromfile(path, np.float32).reshape(ROWS, ROW)
        for path in sorted(pulled.glob("*.bin"))
    }
    np.savez(made / VOICES, **packs)
