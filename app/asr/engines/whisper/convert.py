"""The recipe `whisper-onnx`: published weights to the graphs that the engine loads."""

from pathlib import Path
from shutil import copyfile

import msgspec

from app.asr.engines.whisper.config import Config
from app.asr.engines.whisper.ct2 import read_weights
from app.asr.engines.whisper.network_graphs import cross_graph, decoder_graph, encoder_graph


def convert(pulled: Path, made: Path) -> None:
    """The same bytes in, the same bytes out."""
    config = msgspec.json.decode((pulled / "config.json").read_bytes(), type=Config)
    weights = read_weights(pulled / "model.bin")
    for kind, int8 in (("int8", True), ("float", False)):
        encoder_graph(weights, int8=int8).save(made / f"encoder.{kind}.onnx")
        cross_graph(weights, int8=int8).save(made / f"cross.{kind}.onnx")
        heads = config.alignment_heads
        decoder_graph(weights, heads, int8=int8).save(made / f"decoder.{kind}.onnx")
    for name in ("config.json", "vocabulary.txt"):
        copyfile(pulled / name, made / name)
