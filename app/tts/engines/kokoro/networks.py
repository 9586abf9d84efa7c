"""Kokoro's first graphs, in the order of their use.

`text` reads phonemes: how long each lasts, and what it is. `melody` gives pitch and energy of each
half frame. `body` turns both into features, 80 a second, and says what the norms of `voice` are;
`voice` turns a window of features and of the hummed source into sound, so that the first words are
heard while the last are not yet made.
"""

import numpy as np

from app.tts.engines.kokoro.layers import Layers, Precision
from app.tts.engines.kokoro.norms import STYLE, NormGuess, add_affine
from app.tts.engines.kokoro.voice import FEATURES
from app.tts.engines.kokoro.weights import Weights

TEXT = 640
"""Channels of a phoneme, its style among them."""

_ALBERT = "encoder/bert/encoder/albert_layer_groups.0/albert_layers.0"
_ALBERT_LAYERS, _ALBERT_HEADS, _ALBERT_EPSILON = 12, 12, 1e-12


def text_graph(weights: Weights, precision: Precision) -> Layers:
    """tokens (1, n), manner (1, 128) -> lengths (n), phonemes (1, n, 640), sounds (1, n, 512)."""
    graph = Layers(weights, precision)
    tokens = graph.input("tokens", 1, "tokens", integer=True)
    manner = graph.input("manner", 1, STYLE)
    read = graph.linear(_albert(graph, tokens), "encoder/bert_encoder")
    count = graph.op("Shape", tokens)
    shape = graph.op("Concat", count, graph.constant([STYLE]), axis=0)
    each = graph.op("Expand", graph.op("Unsqueeze", manner, graph.constant([1])), shape)
    for layer in (0, 2, 4):
        joined = graph.op("Concat", read, each, axis=2)
        read = graph.lstm(joined, f"encoder/predictor/text_encoder/lstms.{layer}")
        ones = np.ones(512, np.float32)
        read = graph.norm(read, ones, np.zeros_like(ones))
        place = f"encoder/predictor/text_encoder/lstms.{layer + 1}/fc"
        scale, offset = graph.affine_of(manner, place)
        read = graph.op("Add", graph.op("Mul", read, scale), offset)
    phonemes = graph.op("Concat", read, each, axis=2)
    timed = graph.lstm(phonemes, "encoder/predictor/lstm")
    odds = graph.op("Sigmoid", graph.linear(timed, "encoder/predictor/duration_proj/linear_layer"))
    lengths = graph.flat(graph.op("ReduceSum", odds, graph.constant([2])))
    graph.output(lengths, "lengths", "tokens")
    graph.output(phonemes, "phonemes", 1, "tokens", TEXT)
    graph.output(_sounds(graph, tokens), "sounds", 1, "tokens", FEATURES)
    return graph


def _albert(graph: Layers, tokens: str) -> str:
    name = "encoder.bert.embeddings"
    weights = graph.weights
    places = weights.embedding(f"{name}.position_embeddings")
    places = places + weights.embedding(f"{name}.token_type_embeddings")[0]
    count = graph.op("Slice", graph.op("Shape", tokens), *map(graph.constant, ([1], [2])))
    places = graph.op("Slice", graph.constant(places), graph.constant([0]), count)
    words = graph.constant(weights.embedding(f"{name}.word_embeddings"))
    x = graph.op("Add", graph.op("Gather", words, tokens), places)
    x = _albert_norm(graph, x, f"{name}.LayerNorm")
    x = graph.linear(x, "encoder/bert/encoder/embedding_hidden_mapping_in")
    for _ in range(_ALBERT_LAYERS):
        x = _albert_layer(graph, x)
    return x


def _albert_layer(graph: Layers, x: str) -> str:
    name = _ALBERT.replace("/", ".")
    parts = [graph.linear(x, f"{_ALBERT}/attention/{each}") for each in ("query", "key", "value")]
    heard = graph.attention(*parts, heads=_ALBERT_HEADS)
    x = graph.op("Add", x, graph.linear(heard, f"{_ALBERT}/attention/dense"))
    x = _albert_norm(graph, x, f"{name}.attention.LayerNorm")
    inner = graph.op("Gelu", graph.linear(x, f"{_ALBERT}/ffn"), approximate="tanh")
    x = graph.op("Add", x, graph.linear(inner, f"{_ALBERT}/ffn_output"))
    return _albert_norm(graph, x, f"{name}.full_layer_layer_norm")


def _albert_norm(graph: Layers, x: str, name: str) -> str:
    weights = graph.weights
    parts = (weights.array(f"{name}.weight"), weights.array(f"{name}.bias"))
    return graph.norm(x, *parts, epsilon=_ALBERT_EPSILON)


def _sounds(graph: Layers, tokens: str) -> str:
    table = graph.constant(graph.weights.embedding("encoder.text_encoder.embedding"))
    x = graph.op("Gather", table, tokens)
    for layer in range(3):
        name = f"encoder.text_encoder.cnn.{layer}.1"
        scale, offset = (graph.weights.array(f"{name}.{part}") for part in ("gamma", "beta"))
        x = graph.conv(graph.turned(x), f"encoder/text_encoder/cnn.{layer}/cnn.{layer}.0")
        x = graph.leaky(graph.norm(graph.turned(x), scale, offset), 0.2)
    return graph.lstm(x, "encoder/text_encoder/lstm")


def melody_graph(weights: Weights, precision: Precision) -> Layers:
    """phonemes (1, n, 640), frames (f): whose each is, manner -> pitch and energy (1, 1, 2f)."""
    graph = Layers(weights, precision)
    phonemes = graph.input("phonemes", 1, "tokens", TEXT)
    frames = graph.input("frames", "frames", integer=True)
    manner = graph.input("manner", 1, STYLE)
    shared = graph.lstm(graph.op("Gather", phonemes, frames, axis=1), "encoder/shared")
    shared = graph.turned(shared)
    for name, place in (("pitch", "F0"), ("energy", "N")):
        x = shared
        for block in range(3):
            x = graph.styled_block(x, manner, f"encoder/{place}.{block}", doubled=block == 1)
        graph.output(graph.conv(x, f"encoder/{place}_proj"), name, 1, 1, "half_frames")
    return graph


def body_graph(weights: Weights, precision: Precision, guess: NormGuess) -> Layers:
    """sounds (1, n, 512), frames (f), pitch and energy (1, 1, 2f), timbre -> features
    (1, 2f, 512), and the affine of `voice`."""
    graph = Layers(weights, precision)
    sounds = graph.input("sounds", 1, "tokens", FEATURES)
    frames = graph.input("frames", "frames", integer=True)
    timbre = graph.input("timbre", 1, STYLE)
    curves = [
        graph.strided(graph.input(name, 1, 1, "half_frames"), f"decoder/{place}_conv", 2, 1)
        for name, place in (("pitch", "F0"), ("energy", "N"))
    ]
    sound = graph.turned(graph.op("Gather", sounds, frames, axis=1))
    x = graph.styled_block(graph.op("Concat", sound, *curves, axis=1), timbre, "decoder/encode")
    also = (graph.conv(sound, "decoder/asr_res/asr_res.0"), *curves)
    for block in range(4):
        joined = graph.op("Concat", x, *also, axis=1)
        x = graph.styled_block(joined, timbre, f"decoder/decode.{block}", doubled=block == 3)
    graph.output(graph.turned(x), "features", 1, "half_frames", FEATURES)
    add_affine(graph, guess, timbre)
    return graph
