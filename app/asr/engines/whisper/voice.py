"""What a voice tells beside words: heads on what the encoder pooled in the pass that heard these.

How they are trained is in onnx_models/recipes/voice; thresholds and labels lie beside the weights.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from app.asr.recognition import Tag, Tags, likeliest
from app.core.audio.convert import Samples
from app.core.errors import Unavailable
from app.inference.onnx import OnnxModel, OnnxRuntime

Labels = Annotated[tuple[str, ...], msgspec.Meta(min_length=2)]
Threshold = Annotated[float, msgspec.Meta(ge=0, le=1)]


class VoiceInvalid(Unavailable):
    """What lies beside the weights cannot be used; the message names the file."""


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`labels` in the order of the graph's output. Below `threshold`, or in a sound of less than
    `shortest_s`, the label is `uncertain`."""

    labels: Labels
    uncertain: str
    threshold: Threshold
    shortest_s: float

    def tag(self, odds: Sequence[float], duration_s: float) -> Tag:
        probabilities = dict(zip(self.labels, odds, strict=True))
        label = likeliest(probabilities)
        is_sure = duration_s >= self.shortest_s and probabilities[label] >= self.threshold
        return Tag(label if is_sure else self.uncertain, probabilities)


class VoiceHeads:
    """`heads` are by category, each of which is an output of the graph."""

    def __init__(self, model: OnnxModel, heads: Mapping[str, Head]) -> None:
        self._model = model
        self._heads = heads

    @property
    def memory_bytes(self) -> int:
        return self._model.memory_bytes

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(self._heads)

    def close(self) -> None:
        self._model.close()

    def tags(self, pooled: Samples, durations_s: Sequence[float]) -> list[Tags]:
        """Of each utterance. `pooled` is what the encoder gave of all."""
        odds = dict(zip(self._model.outputs, self._model.run({"pooled": pooled}), strict=True))
        return [
            {
                category: head.tag(odds[category][at].tolist(), duration_s)
                for category, head in self._heads.items()
            }
            for at, duration_s in enumerate(durations_s)
        ]


def load_voice(weights: Path, runtime: OnnxRuntime) -> VoiceHeads:
    """On the CPU: it is a product of one row and one matrix."""
    heads = read_heads(weights)
    model = runtime.open(weights, threads=1, device="cpu")
    if set(heads) != set(model.outputs):
        raise VoiceInvalid(f"{weights.name} gives {', '.join(model.outputs)}; its card others")
    return VoiceHeads(model, heads)


def read_heads(weights: Path) -> dict[str, Head]:
    """By category, of the TOML file beside the weights."""
    card = weights.with_suffix(".toml")
    try:
        return msgspec.convert(tomllib.loads(card.read_text("utf-8")), dict[str, Head])
    except (OSError, ValueError) as error:
        raise VoiceInvalid(f"{card.name} cannot be used: {error}") from error
