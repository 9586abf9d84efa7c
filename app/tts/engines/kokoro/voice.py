"""The graph `voice`: a window of features and of the hum to sound.

Its norms are over time. Alone, a window would be normed otherwise than its neighbours, which is
heard where they meet: so `known`, what windows before have measured, counts as well as what this one
measures, and is handed on.
"""

import numpy as np

from app.tts.engines.kokoro.layers import EPSILON, Floats, Layers, Precision
from app.tts.engines.kokoro.weights import Weights

FEATURES = 512
STYLE = 128
BANDS = 11
"""Of the short spectra that the hum is given as and that sound is made of: window 20, step 5."""
WINDOW, STEP = 20, 5

_BLOCKS = {
    "noise_res.0": (7, 256), "resblocks.0": (3, 256), "resblocks.1": (7, 256),
    "resblocks.2": (11, 256), "noise_res.1": (11, 128), "resblocks.3": (3, 128),
    "resblocks.4": (7, 128), "resblocks.5": (11, 128),
}  # fmt: skip
"""Width of its convolutions, and channels."""
_DILATIONS = (1, 3, 5)
_NORMS = [
    (f"decoder/generator/{block}/adain{half}.{layer}/fc", channels)
    for block, (_, channels) in _BLOCKS.items()
    for layer in range(len(_DILATIONS))
    for half in (1, 2)
]
NORMED = sum(channels for _, channels in _NORMS)
"""Channels of all norms."""


def add_affine(graph: Layers, timbre: str) -> None:
    """The output `affine` (2, NORMED): scales and offsets that the timbre asks of the norms."""
    halves: tuple[list[Floats], list[Floats]] = ([], [])
    weights = graph.weights
    for place, channels in _NORMS:
        both = np.concatenate([weights.matrix(place), weights.bias(place)[None]])
        both[-1, :channels] += 1
        both *= np.tile(2 * _sharpness(weights, place), 2)
        for half, columns in zip(halves, (both[:, :channels], both[:, channels:]), strict=True):
            half.append(columns)
    table = np.concatenate([*halves[0], *halves[1]], axis=1)
    product = graph.op("MatMul", timbre, graph.constant(table[:-1]))
    affine = graph.op("Add", product, graph.constant(table[-1]))
    graph.output(graph.op("Reshape", affine, graph.constant([2, NORMED])), "affine", 2, NORMED)


def voice_graph(weights: Weights, precision: Precision) -> Layers:
    """features (1, 512, f), hum (1, 22, 60f + 1), affine and known (2, NORMED), weight of this
    window against those known -> sound (1, 1, 300f), known by now."""
    graph = Layers(weights, precision)
    features = graph.input("features", 1, FEATURES, "frames")
    hum = graph.input("hum", 1, 2 * BANDS, "steps")
    norms = _Norms(graph)
    x = graph.leaky(features, 0.1)
    for stage, (stride, width, first) in enumerate(((10, 20, 0), (6, 12, 3))):
        place = f"decoder/generator/ups.{stage}"
        margin = (width - stride) // 2
        x = graph.upsampled(x, place, stride=stride, pads=[margin, margin])
        step, padding = ((6, 3), (1, 0))[stage]
        source = graph.strided(hum, f"decoder/generator/noise_convs.{stage}", step, padding)
        source = _block(graph, norms, source, f"noise_res.{stage}")
        if stage == 1:
            pads = graph.constant([0, 0, 1, 0, 0, 0])
            x = graph.op("Pad", x, pads, mode="reflect")
        x = graph.op("Add", x, source)
        heard = [_block(graph, norms, x, f"resblocks.{first + each}") for each in range(3)]
        x = graph.op("Add", graph.op("Add", heard[0], heard[1]), heard[2])
        x = graph.op("Mul", x, graph.constant(np.float32(1 / 3)))
        x = graph.leaky(x, (0.1, 0.01)[stage])
    graph.output(_sound(graph, graph.conv(x, "decoder/generator/conv_post")), "sound", 1, 1, "n")
    norms.output()
    return graph


class _Norms:
    """Each norm is met once, in the order of `_NORMS`."""

    def __init__(self, graph: Layers) -> None:
        self._graph = graph
        self._weight = graph.input("weight", 1)
        sizes = [channels for _, channels in _NORMS]
        self._affine, self._known = (
            self._columns(graph.input(name, 2, NORMED), sizes) for name in ("affine", "known")
        )
        self._now: list[str] = []

    def applied(self, x: str) -> str:
        graph = self._graph
        place = len(self._now)
        time = graph.constant([2])
        measured = [graph.op("ReduceMean", each, time) for each in (x, graph.op("Mul", x, x))]
        news = graph.op("Sub", graph.op("Concat", *measured, axis=0), self._known[place])
        now = graph.op("Add", self._known[place], graph.op("Mul", news, self._weight))
        self._now.append(now)
        mean, square = graph.ops("Split", 2, now, axis=0, num_outputs=2)
        scale, offset = graph.ops("Split", 2, self._affine[place], axis=0, num_outputs=2)
        variance = graph.op("Sub", square, graph.op("Mul", mean, mean))
        variance = graph.op("Max", variance, graph.constant(np.float32(0)))
        deviation = graph.op("Sqrt", graph.op("Add", variance, graph.constant(np.float32(EPSILON))))
        scale = graph.op("Div", scale, deviation)
        offset = graph.op("Sub", offset, graph.op("Mul", mean, scale))
        return graph.op("Add", graph.op("Mul", x, scale), offset)

    def output(self) -> None:
        graph = self._graph
        now = graph.op("Concat", *self._now, axis=1)
        flat = graph.op("Reshape", now, graph.constant([2, NORMED]))
        graph.output(flat, "known_now", 2, NORMED)

    def _columns(self, table: str, sizes: list[int]) -> list[str]:
        graph = self._graph
        tall = graph.op("Reshape", table, graph.constant([2, NORMED, 1]))
        return graph.ops("Split", len(sizes), tall, graph.constant(sizes), axis=1)


def _block(graph: Layers, norms: _Norms, x: str, name: str) -> str:
    for layer, dilation in enumerate(_DILATIONS):
        inner = x
        for half, spread in ((1, dilation), (2, 1)):
            inner = _snake(graph, norms.applied(inner))
            place = f"decoder/generator/{name}"
            inner = _conv(graph, inner, place, half, layer, spread)
        x = graph.op("Add", x, inner)
    return x


def _snake(graph: Layers, x: str) -> str:
    """2a (y + sin(ay)^2 / a) = x + 1 - cos(x), where x is 2ay: the norm before has the factor 2a in
    its affine, the convolution behind 1/2a in its weights."""
    one = graph.constant(np.float32(1))
    return graph.op("Sub", graph.op("Add", x, one), graph.op("Cos", x))


def _conv(graph: Layers, x: str, place: str, half: int, layer: int, dilation: int) -> str:
    conv = f"{place}/convs{half}.{layer}"
    weight, bias = graph.weights.matrix(conv), graph.weights.bias(conv)
    sharpness = _sharpness(graph.weights, f"{place}/adain{half}.{layer}/fc")
    return graph.conv_of(x, weight / (2 * sharpness[None, :, None]), bias, dilation)


def _sharpness(weights: Weights, norm: str) -> Floats:
    """The a of the snake behind a norm."""
    name = norm.replace("/", ".").removesuffix(".fc").replace("decoder.", "decoder.decoder.", 1)
    return weights.array(name.replace("adain", "alpha")).reshape(-1)


def _sound(graph: Layers, x: str) -> str:
    """Of logarithms of magnitudes and of what their phases are the sines of."""
    magnitudes, phases = graph.ops("Split", 2, x, axis=1, num_outputs=2)
    magnitudes, phases = graph.op("Exp", magnitudes), graph.op("Sin", phases)
    parts = [graph.op("Mul", magnitudes, graph.op(function, phases)) for function in ("Cos", "Sin")]
    name = "decoder.decoder.generator.stft.istft.stft.inverse_basis"
    basis = graph.constant(graph.weights.array(name) * np.float32(WINDOW / STEP))
    spectra = graph.op("Concat", *parts, axis=1)
    margin = WINDOW // 2
    return graph.op("ConvTranspose", spectra, basis, strides=[STEP], pads=[margin, margin])
