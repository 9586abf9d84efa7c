"""Tags of what was said, from its words alone. Runs the graph; what the words are cut into is
`app/asr/tags/ngrams.py`'s."""

from collections.abc import Sequence
from pathlib import Path

from app.asr.recognition import Tags
from app.asr.tags.labels import Kind
from app.inference.onnx import OnnxModel, OnnxRuntime


class WordTags:
    def __init__(self, network: OnnxModel) -> None:
        self._network = network

    @property
    def memory_bytes(self) -> int:
        return self._network.memory_bytes

    @property
    def device(self) -> str:
        return self._network.device

    def close(self) -> None:
        self._network.close()

    def tag(self, texts: Sequence[str], kind: Kind) -> list[Tags]:
        """Tags of each text. Blocks: belongs in a lane of the executor."""
        raise NotImplementedError


def load_word_tags(folder: Path, onnx: OnnxRuntime) -> WordTags:
    return WordTags(onnx.open(folder / "word_tags.onnx", threads=1))
