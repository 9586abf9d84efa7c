"""Tags of what was said, from its words alone: runs the graph that `onnx_models/recipes/words`
makes. What a text is cut into is `app/asr/tags/ngrams.py`'s."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from app.asr.recognition import Tag, Tags, likeliest
from app.asr.tags.labels import CATEGORIES, NOTHING_NAMED, Kind, Labels
from app.asr.tags.ngrams import phrases_of, pieces_of, words_of
from app.core.errors import Unavailable
from app.inference.onnx import Array, OnnxModel, OnnxRuntime

OUTPUTS: Mapping[Kind, Mapping[str, str]] = {
    "interview": {
        "behavior": "behavior",
        "eval": "eval",
        "role": "interview_role",
        "intent": "general",
    },
    "loans": {"intent": "loans", "role": "loan_roles"},
    "general": {"intent": "general"},
}
"""Which output of the graph tells each category."""

LEAST_ODDS = 0.35
"""Most of what is less likely is nothing that the weights were taught; `onnx_models/word-tags` says
how much."""


class LabelsDiffer(Unavailable):
    """The weights were trained for other labels than these sources name."""


class WordTags:
    """One text at a time, so that no text changes what another is given."""

    def __init__(self, network: OnnxModel) -> None:
        self._network = network
        self.memory_bytes = network.memory_bytes

    @property
    def device(self) -> str:
        return self._network.device

    def close(self) -> None:
        self._network.close()

    def tag(self, texts: Sequence[str], kind: Kind) -> list[Tags]:
        """Of each text; none where it has no words. Blocks: belongs in a lane of the executor."""
        return [self._tags(words_of(text), kind) for text in texts]

    def _tags(self, words: list[str], kind: Kind) -> Tags:
        if not words:
            return {}
        phrases = _counted("phrases", phrases_of(words))
        runs = _counted("runs", pieces_of(words))
        found = dict(zip(self._network.outputs, self._network.run(phrases | runs), strict=True))
        return {
            category: _tag(found[OUTPUTS[kind][category]][0].tolist(), labels)
            for category, labels in CATEGORIES[kind].items()
        }


def load_word_tags(folder: Path, onnx: OnnxRuntime) -> WordTags:
    """On the processor: a segment is too little work to send to a card."""
    trained = msgspec.json.decode((folder / "labels.json").read_bytes(), type=dict[str, Labels])
    for kind, categories in CATEGORIES.items():
        for category, labels in categories.items():
            if trained.get(OUTPUTS[kind][category]) != labels:
                raise LabelsDiffer(f"the weights name other labels of {category} for {kind}")
    return WordTags(onnx.open(folder / "word_tags.onnx", threads=1, device="cpu"))


def _counted(name: str, numbers: list[int]) -> dict[str, Array]:
    ids, counts = np.unique(np.array(numbers, np.int64), return_counts=True)
    return {name: ids, f"{name}_counts": counts.astype(np.float32)}


def _tag(probabilities: list[float], labels: Labels) -> Tag:
    likely = dict(zip(labels, probabilities, strict=True))
    label = likeliest(likely)
    if likely[label] < LEAST_ODDS:
        label = next(each for each in labels if each in NOTHING_NAMED)
    return Tag(label, likely)
