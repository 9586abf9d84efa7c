"""The network of `marks` in torch, and the same as an ONNX graph."""

from pathlib import Path

import numpy as np
import torch
from onnx import TensorProto
from torch import nn
from torch.nn import functional

from app.asr.text.marks import BUCKETS, FEATURES, MARKS
from app.inference.graph import Graph

WIDTH, HIDDEN, REACH = 64, 160, 5
DILATIONS = (1, 2, 4)
CASINGS = 3


class Network(nn.Module):
    """Three residual convolutions over the words: each sees 14 words before it and 14 after."""

    def __init__(self) -> None:
        super().__init__()
        self.buckets = nn.Embedding(BUCKETS, WIDTH, padding_idx=0)
        nn.init.normal_(self.buckets.weight, std=0.1)
        self.enter = nn.Linear(WIDTH, HIDDEN)
        self.norms = nn.ModuleList(nn.LayerNorm(HIDDEN) for _ in DILATIONS)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(HIDDEN, HIDDEN, REACH, padding=REACH // 2 * step, dilation=step)
            for step in DILATIONS
        )
        self.leave = nn.Linear(HIDDEN, len(MARKS) + CASINGS)
        self.dropout = nn.Dropout(0.15)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(rows, words, 4) to (rows, words, marks and casings); rows end with buckets of 0."""
        said = (features[..., :1] > 0).float()
        x = self.enter(self.dropout(self.buckets(features).sum(2))) * said
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            y = convolution((norm(x) * said).transpose(1, 2)).transpose(1, 2)
            x = x + self.dropout(functional.relu(y)) * said
        return self.leave(x)


def write_graph(network: Network, target: Path) -> None:
    """Of one text; weights as float16, which are widened once when the graph is loaded."""
    graph = Graph()

    def weight(values: torch.Tensor) -> str:
        half = values.detach().numpy().astype(np.float16)
        return graph.op("Cast", graph.constant(half), to=TensorProto.FLOAT)

    def linear(value: str, layer: nn.Linear) -> str:
        return graph.op(
            "Add", graph.op("MatMul", value, weight(layer.weight.T)), weight(layer.bias)
        )

    features = graph.input("features", 1, "words", FEATURES, integer=True)
    found = graph.op("Gather", weight(network.buckets.weight), features)
    x = linear(graph.op("ReduceSum", found, graph.constant([2]), keepdims=0), network.enter)
    for step, norm, convolution in zip(DILATIONS, network.norms, network.convolutions, strict=True):
        y = graph.op("LayerNormalization", x, weight(norm.weight), weight(norm.bias), axis=-1)
        y = graph.op("Transpose", y, perm=[0, 2, 1])
        y = graph.op(
            "Conv", y, weight(convolution.weight), weight(convolution.bias),
            dilations=[step], pads=[REACH // 2 * step] * 2,
        )  # fmt: skip
        x = graph.op("Add", x, graph.op("Transpose", graph.op("Relu", y), perm=[0, 2, 1]))
    scores = linear(x, network.leave)
    marks, casing = graph.ops("Split", 2, scores, graph.constant([len(MARKS), CASINGS]), axis=2)
    for value, name, count in ((marks, "marks", len(MARKS)), (casing, "casing", CASINGS)):
        graph.output(graph.op("LogSoftmax", value, axis=-1), name, 1, "words", count)
    graph.save(target)
