"""The graphs `voice` and `detail`: a window of features and of the hum to sound.

`voice` makes ten steps of a half frame, `detail` sixty; `detail` sees little beyond its own window,
so it is run on short ones, whose values stay in the processor's cache.

The published network norms over time, by what it measures of the whole utterance. Here the norms
are known beforehand (`norms`): so a window sounds as it does within the whole, and no place is
heard where two meet.
"""

from collections.abc import Sequence

import numpy as np

from app.tts.engines.kokoro.frames import FrameLayers
from app.tts.engines.kokoro.layers import Precision
from app.tts.engines.kokoro.norms import DETAIL_NORMS, VOICE_NORMS, Norm, sharpness
from app.tts.engines.kokoro.weights import Weights

FEATURES = 512
BANDS = 11
"""Of the short spectra that the hum is given as and that sound is made of: window 20, step 5."""
WINDOW, STEP = 20, 5
DILATIONS = (1, 3, 5)
SLOW_STEPS = 10
"""In a half frame."""
STEP_CHANNELS = 256
_HUM_WIDTH, _HUM_STRIDE, _HUM_MARGIN = 12, 6, 3


def voice_graph(weights: Weights, precision: Precision) -> FrameLayers:
    """features (1, f, 512), hum (1, 60f + 1, 22), affine (2, VOICE) -> steps (1, 10f, 256)."""
    graph = FrameLayers(weights, precision)
    x = graph.leaky(graph.input("features", 1, "frames", FEATURES), 0.1)
    hum = graph.input("hum", 1, "hum_steps", 2 * BANDS)
    affine = _Affine(graph, VOICE_NORMS)
    x = graph.raised(x, "decoder/generator/ups.0", SLOW_STEPS)
    frames = graph.count(x)
    source = _block(graph, affine, _slow_hum(graph, hum), "noise_res.0", frames)
    x = graph.op("Add", x, source)
    x = graph.leaky(_heard(graph, affine, x, (0, 1, 2), frames), 0.1)
    graph.output(x, "steps", 1, "steps", STEP_CHANNELS)
    return graph


def detail_graph(weights: Weights, precision: Precision) -> FrameLayers:
    """steps (1, 10f, 256), hum (1, 60f + 1, 22), affine (2, DETAIL) -> sound (1, 300f)."""
    graph = FrameLayers(weights, precision)
    steps = graph.input("steps", 1, "steps", STEP_CHANNELS)
    hum = graph.input("hum", 1, "hum_steps", 2 * BANDS)
    affine = _Affine(graph, DETAIL_NORMS)
    x = graph.raised(steps, "decoder/generator/ups.1", _HUM_STRIDE)
    x = graph.op("Pad", x, graph.constant([0, 1, 0, 0, 0, 0]), mode="reflect")
    frames = graph.count(x)
    place = "decoder/generator/noise_convs.1"
    matrix = weights.matrix(place)[:, :, 0].T
    source = graph.op("Add", graph.op("MatMul", hum, graph.constant(matrix)), _bias(graph, place))
    source = _block(graph, affine, source, "noise_res.1", frames)
    x = graph.op("Add", x, source)
    x = graph.leaky(_heard(graph, affine, x, (3, 4, 5), frames), 0.01)

    place = "decoder/generator/conv_post"
    # Its logarithms and phases would turn the noise of int8 into one that is heard.
    x = graph.convolved(x, weights.matrix(place), weights.bias(place), frames=frames, exact=True)
    graph.output(_sound(graph, x), "sound", 1, "samples")
    return graph


class _Affine:
    """The input `affine`: a scale and an offset for each norm, each met once, in their order."""

    def __init__(self, graph: FrameLayers, norms: Sequence[Norm]) -> None:
        widths = [norm.channels for norm in norms]
        table = graph.input("affine", 2, sum(widths))
        scales, offsets = graph.ops("Split", 2, table, axis=0, num_outputs=2)
        sizes = graph.constant(widths)
        self._parts = iter(
            zip(
                norms,
                graph.ops("Split", len(norms), graph.flat(scales), sizes, axis=0),
                graph.ops("Split", len(norms), graph.flat(offsets), sizes, axis=0),
                strict=True,
            )
        )

    def next(self, block: str) -> tuple[str, str]:
        norm, scale, offset = next(self._parts)
        assert norm.block == block
        return scale, offset


def _bias(graph: FrameLayers, place: str) -> str:
    return graph.constant(graph.weights.bias(place))


def _slow_hum(graph: FrameLayers, hum: str) -> str:
    """A frame of twelve steps each six: (1, 10f, 256)."""
    place = "decoder/generator/noise_convs.0"
    weight = graph.weights.matrix(place)
    matrix = graph.constant(weight.transpose(2, 1, 0).reshape(-1, weight.shape[0]))
    axis, nothing = graph.constant([1]), graph.scalar(0)
    # One step more than whole strides is there: with the margin that completes the last frame.
    rest = _HUM_STRIDE - _HUM_MARGIN - 1
    hum = graph.op("Pad", hum, graph.constant([_HUM_MARGIN, rest]), nothing, axis)
    spans = graph.op("Reshape", hum, graph.constant([1, -1, _HUM_STRIDE * 2 * BANDS]))
    first = graph.op("Slice", spans, graph.constant([0]), graph.constant([-1]), axis)
    second = graph.op("Slice", spans, axis, graph.constant([2**62]), axis)
    both = graph.op("Concat", first, second, axis=2)
    return graph.op("Add", graph.op("MatMul", both, matrix), _bias(graph, place))


def _heard(
    graph: FrameLayers, affine: _Affine, x: str, blocks: tuple[int, ...], frames: str
) -> str:
    """The mean of what the blocks make of x."""
    first, *others = (_block(graph, affine, x, f"resblocks.{each}", frames) for each in blocks)
    for other in others:
        first = graph.op("Add", first, other)
    return graph.op("Mul", first, graph.scalar(1 / len(blocks)))


def _block(graph: FrameLayers, affine: _Affine, x: str, name: str, frames: str) -> str:
    weights = graph.weights
    for layer, dilation in enumerate(DILATIONS):
        scale, offset = affine.next(name)
        inner = graph.op("Add", graph.op("Mul", x, scale), offset)
        between = affine.next(name)
        for half, spread, after in ((1, dilation, between), (2, 1, None)):
            inner = _snake(graph, inner, f"{name}/adain{half}.{layer}")
            place = f"decoder/generator/{name}/convs{half}.{layer}"
            parts = (weights.matrix(place), weights.bias(place))
            inner = graph.convolved(inner, *parts, spread, affine=after, frames=frames)
        x = graph.op("Add", x, inner)
    return x


def _snake(graph: FrameLayers, x: str, norm: str) -> str:
    """x + sin(ax)^2 / a, by fewer passes: x + 1/2a - cos(2ax) / 2a."""
    double = 2 * sharpness(graph.weights, norm)
    height = graph.constant(1 / double)
    wave = graph.op("Mul", graph.op("Cos", graph.op("Mul", x, graph.constant(double))), height)
    return graph.op("Sub", graph.op("Add", x, height), wave)


def _sound(graph: FrameLayers, x: str) -> str:
    """Of logarithms of magnitudes and of what their phases are the sines of: (1, 60f + 1, 22) to
    (1, 300f)."""
    magnitudes, phases = graph.ops("Split", 2, x, axis=2, num_outputs=2)
    magnitudes, phases = graph.op("Exp", magnitudes), graph.op("Sin", phases)
    parts = [graph.op("Mul", magnitudes, graph.op(function, phases)) for function in ("Cos", "Sin")]
    name = "decoder.decoder.generator.stft.istft.stft.inverse_basis"
    basis = graph.weights.array(name)[:, 0] * np.float32(WINDOW / STEP)
    waves = graph.op("MatMul", graph.op("Concat", *parts, axis=2), graph.constant(basis))
    overlaps = WINDOW // STEP
    axis, nothing = graph.constant([1]), graph.scalar(0)
    spans = [
        graph.op("Pad", span, graph.constant([late, overlaps - 1 - late]), nothing, axis)
        for late, span in enumerate(
            graph.ops("Split", overlaps, waves, axis=2, num_outputs=overlaps)
        )
    ]
    total = spans[0]
    for span in spans[1:]:
        total = graph.op("Add", total, span)
    sound = graph.op("Reshape", total, graph.constant([1, -1]))
    margin = WINDOW // 2
    return graph.op("Slice", sound, graph.constant([margin]), graph.constant([-margin]), axis)
