"""Trains a CTC head on the frozen states of Whisper's encoder and writes its ONNX graph.

    PYTHONPATH=. python onnx_models/recipes/ctc_head.py states SPEECH ENCODER.onnx states.npz
    PYTHONPATH=. python onnx_models/recipes/ctc_head.py train states.npz head.onnx --minutes 5

SPEECH is a folder of sets, each with a manifest.jsonl that has "file" and "text". The second step
needs torch (2.13, CPU) and onnx, which the product does not.
"""

import json
import math
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

from app.asr.engines.ctc.whisper_states import WhisperStates
from app.core.audio.decode import DecodeLimits, stream_audio
from app.inference.onnx import OnnxRuntime

TOKENS = ["_", " ", "'", *"abcdefghijklmnopqrstuvwxyz"]
"""Blank first."""
WIDTH, HIDDEN, REACH = 384, 256, 5
LONGEST_SAMPLES = 29 * 16000
BATCH_FRAMES = 3000
SEED = 7
MOST_CLIPS = 1500
DIGIT = r"(?:ZERO|ONE|TWO|THREE|FOUR|FIVE|SIX|SEVEN|EIGHT|NINE)"
DICTATED_DIGITS = re.compile(rf"{DIGIT} {DIGIT}")
LIMITS = DecodeLimits(max_duration_s=60, deadline_s=60)


class Head(nn.Module):
    """Two residual convolutions over 5 frames each, 7.6 hundred thousand weights."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(WIDTH, HIDDEN)
        self.norms = nn.ModuleList(nn.LayerNorm(HIDDEN) for _ in range(2))
        self.convolutions = nn.ModuleList(
            nn.Conv1d(HIDDEN, HIDDEN, REACH, padding=REACH // 2) for _ in range(2)
        )
        self.leave = nn.Linear(HIDDEN, len(TOKENS))
        self.dropout = nn.Dropout(0.15)

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        x = self.enter(self.dropout(states))
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            x = x + functional.relu(convolution(norm(x).transpose(1, 2))).transpose(1, 2)
        return self.leave(self.dropout(x))


@click.group()
def recipe() -> None:
    """The CTC head."""


@recipe.command()
@click.argument("speech", type=click.Path(path_type=Path))
@click.argument("encoder", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
def states(speech: Path, encoder: Path, target: Path) -> None:
    """Hear every clip once."""
    front = WhisperStates(OnnxRuntime("cpu", 1).open(encoder))
    heard: list[Any] = []
    texts: list[str] = []
    for path, text in _clips(speech):
        with stream_audio(path, sample_rate=16000, limits=LIMITS) as blocks:
            samples = np.concatenate(list(blocks))
        spelled = " ".join(re.sub(r"[^a-z' ]", " ", text.lower().replace("\u2019", "'")).split())
        if spelled and samples.size <= LONGEST_SAMPLES:
            heard.append(front([samples])[0].T.astype(np.float16))
            texts.append(spelled)
    lengths = np.array([len(each) for each in heard])
    np.savez(target, states=np.concatenate(heard), lengths=lengths, texts=np.array(texts))


def _clips(speech: Path) -> Iterator[tuple[Path, str]]:
    """Of digits read one by one few are enough: they are the same ten words."""
    choose = random.Random(SEED)  # noqa: S311
    for name in ("ljspeech_part1", "speechocean762"):
        lines = (speech / name / "manifest.jsonl").read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in lines]
        choose.shuffle(rows)
        rows = [row for row in rows if not DICTATED_DIGITS.search(row["text"])]
        yield from ((speech / name / row["file"], row["text"]) for row in rows[:MOST_CLIPS])


@recipe.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--minutes", default=5.0)
def train(source: Path, target: Path, minutes: float) -> None:
    """Of processor time, on one thread."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    data = np.load(source)
    ends = np.cumsum(data["lengths"])
    clips = np.split(data["states"], ends[:-1])
    targets = [[TOKENS.index(letter) for letter in text] for text in data["texts"]]
    head = Head()
    optimizer = torch.optim.AdamW(head.parameters(), 2e-3, weight_decay=0.01)
    began_s = time.process_time()
    steps, losses = 0, [0.0]
    batches: list[list[int]] = []
    while (done := (time.process_time() - began_s) / 60 / minutes) < 1:
        batches = batches or _batches([len(clip) for clip in clips])
        batch = batches.pop()
        rate = 2e-3 * min(1, (steps + 1) / 50) * max(0.03, 0.5 * (1 + math.cos(math.pi * done)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = _loss(head, [clips[place] for place in batch], [targets[place] for place in batch])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(head.parameters(), 1.0)
        optimizer.step()
        steps += 1
        losses.append(loss.item())
        if steps % 200 == 0:
            click.echo(f"{done:.0%}  step {steps}  loss {np.mean(losses[-200:]):.3f}")
    _write(head.eval(), target)


def _batches(lengths: list[int]) -> list[list[int]]:
    """Clips of about one length together, in random order."""
    choose = random.Random()  # noqa: S311
    order = sorted(range(len(lengths)), key=lambda at: lengths[at] + choose.random() * 30)
    batches: list[list[int]] = [[]]
    for place in order:
        if (len(batches[-1]) + 1) * lengths[place] > BATCH_FRAMES and batches[-1]:
            batches.append([])
        batches[-1].append(place)
    choose.shuffle(batches)
    return batches


def _loss(head: Head, clips: list[Any], targets: list[list[int]]) -> torch.Tensor:
    longest = max(map(len, clips))
    padded = torch.zeros(len(clips), longest, WIDTH)
    for row, clip in enumerate(clips):
        padded[row, : len(clip)] = torch.from_numpy(clip).float()
    log_probabilities = head(padded).log_softmax(-1).transpose(0, 1)
    return functional.ctc_loss(
        log_probabilities,
        torch.tensor([letter for target in targets for letter in target]),
        torch.tensor([len(clip) for clip in clips]),
        torch.tensor([len(target) for target in targets]),
        zero_infinity=True,
    )


def _write(head: Head, target: Path) -> None:
    """Weights as float16, which onnxruntime widens once when it loads the graph."""
    nodes: list[Any] = []
    stored: list[Any] = []

    def weight(name: str, values: torch.Tensor) -> str:
        array = values.detach().numpy().astype(np.float16)
        stored.append(numpy_helper.from_array(array, f"{name}.half"))
        nodes.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
        return name

    def node(kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    x = node("Transpose", ["states"], "by_frame", perm=[0, 2, 1])
    x = node("MatMul", [x, weight("enter.w", head.enter.weight.T)], "entered.w")
    x = node("Add", [x, weight("enter.b", head.enter.bias)], "entered")
    for at in range(2):
        norm, convolution = head.norms[at], head.convolutions[at]
        scale, shift = weight(f"norm{at}.w", norm.weight), weight(f"norm{at}.b", norm.bias)
        y = node("LayerNormalization", [x, scale, shift], f"normed{at}", axis=-1)
        y = node("Transpose", [y], f"turned{at}", perm=[0, 2, 1])
        kernel = weight(f"conv{at}.w", convolution.weight)
        bias = weight(f"conv{at}.b", convolution.bias)
        y = node("Conv", [y, kernel, bias], f"convolved{at}", pads=[REACH // 2] * 2)
        y = node("Transpose", [node("Relu", [y], f"active{at}")], f"back{at}", perm=[0, 2, 1])
        x = node("Add", [x, y], f"layer{at}")
    x = node("MatMul", [x, weight("leave.w", head.leave.weight.T)], "left.w")
    node("Add", [x, weight("leave.b", head.leave.bias)], "scores")
    shape = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "ctc_head",
        [shape("states", TensorProto.FLOAT, ["batch", WIDTH, "frames"])],
        [shape("scores", TensorProto.FLOAT, ["batch", "frames", len(TOKENS)])],
        stored,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    target.write_bytes(model.SerializeToString())


if __name__ == "__main__":
    recipe()
