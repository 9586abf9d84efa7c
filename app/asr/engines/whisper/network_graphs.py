"""Whisper's three graphs. The encoder hears, `cross` prepares what was heard for the decoder's
attention (once an utterance), the decoder turns tokens so far into the odds of the next one.

The encoder takes sound of any length: `frames` says which of its 20 ms frames are kept, and
`positions` which places in Whisper's 30 s window they stand for, so that one frame of silence can
stand for many (`log_weights` is the logarithm of how many). What it gives beside the states is for
heads that tell of the voice: mean and spread of each layer over the frames of sound alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import TensorProto

from app.asr.engines.whisper.ct2 import Weights
from app.asr.engines.whisper.graph import HEAD_SIZE, GraphBuilder

SPARE = 4
"""Columns that queries and keys of the encoder have behind each head's own. The first is one in a
query, and in a key the logarithm of the frame's weight: so it adds to the score, where a bias would
keep the runtime from attention in blocks that stay in its cache. The others are for alignment."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes that the weights imply."""

    width: int
    mels: int
    vocabulary: int
    encoder_layers: int
    decoder_layers: int

    @property
    def heads(self) -> int:
        return self.width // HEAD_SIZE


def shape_of(weights: Weights) -> Shape:
    def layers(side: str) -> int:
        return sum(
            name.startswith(f"{side}/layer_") and name.endswith("/ffn/linear_0/bias")
            for name in weights
        )

    width, mels, _ = weights["encoder/conv1/weight"].shape
    return Shape(
        width=width,
        mels=mels,
        vocabulary=len(weights["decoder/embeddings/weight"]),
        encoder_layers=layers("encoder"),
        decoder_layers=layers("decoder"),
    )


class _Block:
    """The parts of transformer layers, by the names of their weights."""

    def __init__(self, graph: GraphBuilder, weights: Weights) -> None:
        self.graph = graph
        self.weights = weights

    def linear(self, x: str, prefix: str) -> str:
        weight, bias = self.weights[f"{prefix}/weight"], self.weights[f"{prefix}/bias"]
        return self.graph.linear(x, weight, bias)

    def norm(self, x: str, prefix: str) -> str:
        gamma, beta = self.weights[f"{prefix}/gamma"], self.weights[f"{prefix}/beta"]
        return self.graph.layer_norm(x, gamma, beta)

    def queries_keys_values(self, x: str, prefix: str) -> list[str]:
        normed = self.norm(x, f"{prefix}/layer_norm")
        joined = self.linear(normed, f"{prefix}/linear_0")
        return self.graph.ops("Split", 3, joined, axis=-1, num_outputs=3)

    def weighed_queries_keys_values(self, normed: str, prefix: str) -> list[str]:
        """Queries and keys with their spare columns; of these, a query's first is one."""
        weights = np.split(self.weights[f"{prefix}/linear_0/weight"], 3)
        biases = np.split(self.weights[f"{prefix}/linear_0/bias"], 3)
        heads = len(biases[0]) // HEAD_SIZE
        for at in (0, 1):
            weights[at], biases[at] = _spared(weights[at]), _spared(biases[at])
        biases[0] = biases[0] + _first_spare(heads, 1.0)
        joined = self.graph.linear(normed, np.concatenate(weights), np.concatenate(biases))
        sizes = self.graph.constant([len(bias) for bias in biases])
        return self.graph.ops("Split", 3, joined, sizes, axis=-1)

    def add(self, x: str, y: str) -> str:
        return self.graph.op("Add", x, y)

    def feed_forward(self, x: str, prefix: str) -> str:
        inner = self.linear(self.norm(x, f"{prefix}/layer_norm"), f"{prefix}/linear_0")
        return self.add(x, self.linear(self.graph.op("Gelu", inner), f"{prefix}/linear_1"))


def _spared(rows: NDArray[Any]) -> NDArray[Any]:
    """With SPARE rows of nothing behind those of each head."""
    by_head = rows.reshape(-1, HEAD_SIZE, *rows.shape[1:])
    padding = [(0, 0), (0, SPARE), *[(0, 0)] * (rows.ndim - 1)]
    return np.pad(by_head, padding).reshape(-1, *rows.shape[1:])


def _first_spare(heads: int, value: float) -> NDArray[np.float32]:
    """`value` in the first spare column of each head, and nothing in any other column."""
    columns = np.zeros((heads, HEAD_SIZE + SPARE), np.float32)
    columns[:, HEAD_SIZE] = value
    return columns.reshape(-1)


def encoder_graph(weights: Weights, *, int8: bool) -> GraphBuilder:
    """mel (b, mels, t), frames (f), positions (f), log_weights (1, f, 1), and how many of the first
    frames are sound (b) -> states (b, f, width), pooled (b, layers and one, 2, width)."""
    shape = shape_of(weights)
    graph = GraphBuilder(int8=int8)
    block = _Block(graph, weights)
    mel = graph.input("mel", "batch", shape.mels, "mel_frames")
    frames = graph.input("frames", "frames", integer=True)
    positions = graph.input("positions", "frames", integer=True)
    log_weights = graph.input("log_weights", 1, "frames", 1)
    pooling = _Pooling(graph, graph.input("sound_frames", "batch", integer=True), frames)
    x = mel
    for number, stride in ((1, 1), (2, 2)):
        kernel, offset = (
            graph.constant(weights[f"encoder/conv{number}/{part}"].astype(np.float32))
            for part in ("weight", "bias")
        )
        x = graph.op("Conv", x, kernel, offset, kernel_shape=[3], pads=[1, 1], strides=[stride])
        x = graph.op("Gelu", x)
    x = graph.op("Gather", graph.op("Transpose", x, perm=[0, 2, 1]), frames, axis=1)
    table = graph.constant(weights["encoder/position_encodings/encodings"].astype(np.float32))
    x = block.add(x, graph.op("Gather", table, positions, axis=0))
    weighing = graph.op(
        "Mul", log_weights, graph.constant(_first_spare(shape.heads, HEAD_SIZE**0.5))
    )
    pooled: list[str] = []
    for layer in range(shape.encoder_layers):
        prefix = f"encoder/layer_{layer}/self_attention"
        normed = block.norm(x, f"{prefix}/layer_norm")
        pooled.append(pooling.of(normed))
        queries, keys, values = block.weighed_queries_keys_values(normed, prefix)
        keys = block.add(keys, weighing)
        (heard,) = graph.attention(queries, keys, values, width=shape.width)
        x = block.add(x, block.linear(heard, f"{prefix}/linear_1"))
        x = block.feed_forward(x, f"encoder/layer_{layer}/ffn")
    x = block.norm(x, "encoder/layer_norm")
    pooled.append(pooling.of(x))
    graph.output(x, "states", "batch", "frames", shape.width)
    sizes = (shape.encoder_layers + 1, 2, shape.width)
    graph.output(graph.op("Concat", *pooled, axis=1), "pooled", "batch", *sizes)
    return graph


class _Pooling:
    """Mean and standard deviation over the frames of sound, which come first."""

    def __init__(self, graph: GraphBuilder, sound_frames: str, frames: str) -> None:
        self._graph = graph
        counts = graph.op("Unsqueeze", sound_frames, graph.constant([1, 2]))
        zero, one = (graph.constant(np.array(each, np.int64)) for each in (0, 1))
        count = graph.op("Squeeze", graph.op("Shape", frames))
        is_sound = graph.op("Less", graph.op("Range", zero, count, one), counts)
        shares = [graph.op("Cast", each, to=TensorProto.FLOAT) for each in (is_sound, counts)]
        self._shares = graph.op("Div", *shares)

    def of(self, x: str) -> str:
        """(b, 1, 2, width)"""
        graph = self._graph
        mean = graph.op("MatMul", self._shares, x)
        away = graph.op("Sub", x, mean)
        variance = graph.op("MatMul", self._shares, graph.op("Mul", away, away))
        both = graph.op("Concat", mean, graph.op("Sqrt", variance), axis=1)
        return graph.op("Unsqueeze", both, graph.constant([1]))


def cross_graph(weights: Weights, *, int8: bool) -> GraphBuilder:
    """states -> for each decoder layer keys and values, (b, heads, frames, 64)."""
    shape = shape_of(weights)
    graph = GraphBuilder(int8=int8)
    block = _Block(graph, weights)
    states = graph.input("states", "batch", "frames", shape.width)
    by_head = graph.constant([0, 0, shape.heads, HEAD_SIZE])
    for layer in range(shape.decoder_layers):
        joined = block.linear(states, f"decoder/layer_{layer}/attention/linear_1")
        parts = graph.ops("Split", 2, joined, axis=-1, num_outputs=2)
        for part, name in zip(parts, ("keys", "values"), strict=True):
            split = graph.op("Reshape", part, by_head)
            turned = graph.op("Transpose", split, perm=[0, 2, 1, 3])
            sizes = ("batch", shape.heads, "frames", HEAD_SIZE)
            graph.output(turned, f"cross_{name}_{layer}", *sizes)
    return graph


def decoder_graph(
    weights: Weights, alignment_heads: Sequence[tuple[int, int]], *, int8: bool
) -> GraphBuilder:
    """tokens (rows, n), what came before and what was heard -> logits after the last token.

    `rows` may be several times `batch`: the hypotheses of one utterance follow each other.
    `attention` is where the alignment heads look, (batch, rows / batch * n, frames).
    """
    shape = shape_of(weights)
    decoder = _Decoder(GraphBuilder(int8=int8), weights, shape)
    graph = decoder.graph
    tokens = graph.input("tokens", "rows", "length", integer=True)
    decoder.bias = graph.input("bias", 1, 1, "queries", "frames")
    past = [decoder.cache(layer) for layer in range(shape.decoder_layers)]
    x = graph.op("Add", decoder.embed(tokens), decoder.positions(tokens, past[0][0]))
    looks: list[str] = []
    for layer in range(shape.decoder_layers):
        x = decoder.listen_to_itself(x, layer, past[layer])
        x, look = decoder.listen_to_sound(x, layer, past[layer])
        heads = [head for at, head in alignment_heads if at == layer]
        if heads:
            looks.append(graph.op("Gather", look, graph.constant(heads), axis=1))
        x = decoder.feed_forward(x, f"decoder/layer_{layer}/ffn")
    last = graph.op("Gather", x, graph.constant(np.array(-1, np.int64)), axis=1)
    logits = decoder.project(decoder.norm(last, "decoder/layer_norm"))
    graph.output(logits, "logits", "rows", shape.vocabulary)
    joined = graph.op("Concat", *looks, axis=1)
    graph.output(joined, "attention", "batch", len(alignment_heads), "queries", "frames")
    return graph


class _Decoder(_Block):
    bias: str

    def __init__(self, graph: GraphBuilder, weights: Weights, shape: Shape) -> None:
        super().__init__(graph, weights)
        self.shape = shape
        self._matrix = graph.matrix(weights["decoder/embeddings/weight"])

    def cache(self, layer: int) -> tuple[str, str, str, str]:
        """Keys and values of the tokens before, and of the sound."""
        sizes = [("rows", "past"), ("rows", "past"), ("batch", "frames"), ("batch", "frames")]
        names = ("past_keys", "past_values", "cross_keys", "cross_values")
        keys, values, cross_keys, cross_values = (
            self.graph.input(f"{name}_{layer}", rows, self.shape.heads, length, HEAD_SIZE)
            for name, (rows, length) in zip(names, sizes, strict=True)
        )
        return keys, values, cross_keys, cross_values

    def embed(self, tokens: str) -> str:
        """Read from the projection's own matrix: a second copy would double the file."""
        return self.graph.columns(self._matrix, tokens)

    def positions(self, tokens: str, past: str) -> str:
        graph = self.graph
        begin = graph.op("Shape", past, start=2, end=3)
        end = graph.op("Add", begin, graph.op("Shape", tokens, start=1, end=2))
        table = self.weights["decoder/position_encodings/encodings"].astype(np.float32)
        return graph.op("Slice", graph.constant(table), begin, end, graph.constant([0]))

    def listen_to_itself(self, x: str, layer: int, cache: tuple[str, ...]) -> str:
        prefix = f"decoder/layer_{layer}/self_attention"
        inputs = self.queries_keys_values(x, prefix)
        said, keys, values = self.graph.attention(
            *inputs,
            "",
            "",
            "",
            cache[0],
            cache[1],
            width=self.shape.width,
            also=("keys", "values"),
            causal=True,
        )
        sizes = ("rows", self.shape.heads, "total", HEAD_SIZE)
        self.graph.output(keys, f"keys_{layer}", *sizes)
        self.graph.output(values, f"values_{layer}", *sizes)
        return self.add(x, self.linear(said, f"{prefix}/linear_1"))

    def listen_to_sound(self, x: str, layer: int, cache: tuple[str, ...]) -> tuple[str, str]:
        """What was heard, and where each head looked for it."""
        graph, prefix = self.graph, f"decoder/layer_{layer}/attention"
        queries = self.linear(self.norm(x, f"{prefix}/layer_norm"), f"{prefix}/linear_0")
        batch = graph.op("Shape", cache[2], start=0, end=1)
        by_batch = graph.op("Concat", batch, graph.constant([-1, self.shape.width]), axis=0)
        heard, look = graph.attention(
            graph.op("Reshape", queries, by_batch),
            cache[2],
            cache[3],
            "",
            "",
            self.bias,
            width=self.shape.width,
            also=("looks",),
        )
        heard = graph.op("Reshape", heard, graph.op("Shape", queries))
        return self.add(x, self.linear(heard, f"{prefix}/linear_2")), look

    def project(self, x: str) -> str:
        return self.graph.product(x, self._matrix)
