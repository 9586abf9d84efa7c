"""The norms of the graphs `voice` and `detail`, over time in the published network: each channel's
mean and deviation in the whole utterance. They are nearly the same whatever a voice says, so here
they follow from its timbre, by a linear guess that was fitted to what the published network
measures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.tts.engines.kokoro.layers import Layers
from app.tts.engines.kokoro.weights import Floats, Weights

BLOCKS = {
    "noise_res.0": 256, "resblocks.0": 256, "resblocks.1": 256, "resblocks.2": 256,
    "noise_res.1": 128, "resblocks.3": 128, "resblocks.4": 128, "resblocks.5": 128,
}  # fmt: skip
"""Channels."""
LAYERS = 3
STYLE = 128
"""Half of a voice's row: how it sounds, or how it speaks."""


@dataclass(frozen=True, slots=True)
class Norm:
    block: str
    place: str
    channels: int


NORMS = [
    Norm(block, f"{block}/adain{half}.{layer}", channels)
    for block, channels in BLOCKS.items()
    for layer in range(LAYERS)
    for half in (1, 2)
]
VOICE_NORMS, DETAIL_NORMS = NORMS[: len(NORMS) // 2], NORMS[len(NORMS) // 2 :]
"""Of the graphs `voice` and `detail`."""
CHANNELS = sum(norm.channels for norm in NORMS)
"""Of all norms."""
VOICE_CHANNELS = sum(norm.channels for norm in VOICE_NORMS)
"""Of the first."""


@dataclass(frozen=True, slots=True)
class NormGuess:
    """Means, then logarithms of deviations, of a timbre: (timbre - `timbre`) @ `narrow` @ `wide`
    + `usual`."""

    timbre: Floats
    narrow: Floats
    wide: Floats
    usual: Floats


def read_norm_guess(path: Path) -> NormGuess:
    with np.load(path) as arrays:
        return NormGuess(
            *(arrays[name].astype(np.float32) for name in NormGuess.__dataclass_fields__)
        )


def add_affine(graph: Layers, guess: NormGuess, timbre: str) -> None:
    """The output `affine` (2, CHANNELS): scales, then offsets, that stand for the norms and for
    what the timbre asks of them."""
    asked_scale, asked_offset = _asked(graph, timbre)
    centred = graph.op("Sub", timbre, graph.constant(guess.timbre))
    narrow = graph.op("MatMul", centred, graph.constant(guess.narrow))
    wide = graph.op("MatMul", narrow, graph.constant(guess.wide))
    measured = graph.op("Add", wide, graph.constant(guess.usual))
    mean, deviation = graph.ops("Split", 2, measured, axis=1, num_outputs=2)
    scale = graph.op("Div", asked_scale, graph.op("Exp", deviation))
    offset = graph.op("Sub", asked_offset, graph.op("Mul", mean, scale))
    graph.output(graph.op("Concat", scale, offset, axis=0), "affine", 2, CHANNELS)


def _asked(graph: Layers, timbre: str) -> list[str]:
    scales: list[Floats] = []
    offsets: list[Floats] = []
    weights = graph.weights
    for norm in NORMS:
        place = f"decoder/generator/{norm.place}/fc"
        both = np.concatenate([weights.matrix(place), weights.bias(place)[None]])
        both[-1, : norm.channels] += 1
        scales.append(both[:, : norm.channels])
        offsets.append(both[:, norm.channels :])
    table = np.concatenate([*scales, *offsets], axis=1)
    product = graph.op("MatMul", timbre, graph.constant(table[:-1]))
    asked = graph.op("Add", product, graph.constant(table[-1]))
    return graph.ops("Split", 2, asked, axis=1, num_outputs=2)


def sharpness(weights: Weights, norm: str) -> Floats:
    """The a of the snake y + sin(ay)^2 / a behind a norm."""
    name = f"decoder.decoder.generator.{norm.replace('/', '.')}".replace("adain", "alpha")
    return weights.array(name).reshape(-1)
