"""Trains `marks` on one thread and writes its ONNX graph; the best state is kept beside it.

    PYTHONPATH=. python -m onnx_models.recipes.marks.train lessons.npz marks.onnx --minutes 12

Needs torch (2.13, CPU), which the product does not. Started again it goes on where it was.
"""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from app.asr.text.marks import FEATURES, MARKS
from onnx_models.recipes.marks.network import Network, write_graph
from onnx_models.recipes.marks.prepare import UNKNOWN

SEED = 3
LONGEST, BATCH_WORDS = 64, 4096
RATE = 3e-3
CUT_EVERY, UNHEARD = 0.15, 0.06
"""How many rows begin or end within a sentence; how many words are known by their ends alone."""
FEW_TIMES = 4
"""So often Hindi and the templates are read in the time of the rest."""
SAVE_S = 60


class Lessons:
    def __init__(self, path: Path) -> None:
        data = np.load(path)
        self.features = data["features"].astype(np.int64)
        self.marks = data["marks"].astype(np.int64)
        self.casing = data["casing"].astype(np.int64)
        self.sentences = np.r_[0, data["ends"]]
        self.few_from = int(data["few_from"])

    def rows(self, choose: np.random.Generator) -> list[tuple[int, int]]:
        """One to five sentences each, sorted by length; one passage may go on in the next."""
        few = int(np.searchsorted(self.sentences, self.few_from))
        found: list[tuple[int, int]] = []
        for first, times in ((0, 1), (few, FEW_TIMES - 1)):
            for _ in range(times):
                at = first
                while at < len(self.sentences) - 1:
                    to = min(len(self.sentences) - 1, at + int(choose.integers(1, 6)))
                    found.append(self._row(at, to, choose))
                    at = to
        return sorted(found, key=lambda row: row[1] - row[0] + 8 * choose.random())

    def _row(self, at: int, to: int, choose: np.random.Generator) -> tuple[int, int]:
        begin, end = int(self.sentences[at]), int(self.sentences[to])
        if choose.random() < CUT_EVERY and end - begin > 4:
            begin += int(choose.integers(1, (end - begin) // 2 + 1))
        if choose.random() < CUT_EVERY and end - begin > 4:
            end -= int(choose.integers(1, (end - begin) // 2 + 1))
        return begin, min(end, begin + LONGEST)

    def batches(self, choose: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        rows = self.rows(choose)
        batches: list[list[tuple[int, int]]] = [[]]
        for row in rows:
            if (len(batches[-1]) + 1) * (row[1] - row[0]) > BATCH_WORDS:
                batches.append([])
            batches[-1].append(row)
        choose.shuffle(batches)  # pyright: ignore[reportArgumentType]
        for batch in batches:
            longest = max(end - begin for begin, end in batch)
            features = np.zeros((len(batch), longest, FEATURES), np.int64)
            marks = np.full((len(batch), longest), UNKNOWN)
            casing = np.full((len(batch), longest), UNKNOWN)
            for place, (begin, end) in enumerate(batch):
                features[place, : end - begin] = self.features[begin:end]
                marks[place, : end - begin] = self.marks[begin:end]
                casing[place, : end - begin] = self.casing[begin:end]
            unheard = (choose.random(marks.shape) < UNHEARD) & (features[..., 0] > 0)
            features[..., 0][unheard] = features[..., 1][unheard]
            yield torch.from_numpy(features), torch.from_numpy(marks), torch.from_numpy(casing)


@click.command()
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--minutes", default=12.0, help="Of processor time.")
def train(source: Path, target: Path, minutes: float) -> None:
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    choose = np.random.default_rng(SEED)
    lessons, network = Lessons(source), Network()
    optimizer = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    kept = target.with_suffix(".state.pt")
    spent_s, steps = 0.0, 0
    if kept.exists():
        state = torch.load(kept)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        spent_s, steps = state["spent_s"], state["steps"]
    began_s, saved_s, losses = time.process_time() - spent_s, spent_s, [0.0]
    batches = lessons.batches(choose)
    while (spent_s := time.process_time() - began_s) < minutes * 60:
        batch = next(batches, None)
        if batch is None:
            batches = lessons.batches(choose)
            continue
        losses.append(_step(network, optimizer, batch, spent_s / minutes / 60, steps))
        steps += 1
        if steps % 100 == 0:
            click.echo(f"{spent_s:.0f} s  step {steps}  loss {np.mean(losses[-100:]):.4f}")
        if spent_s - saved_s > SAVE_S:
            saved_s = spent_s
            states = {"network": network.state_dict(), "optimizer": optimizer.state_dict()}
            torch.save({**states, "spent_s": spent_s, "steps": steps}, kept)
    write_graph(network.eval(), target)
    kept.unlink(missing_ok=True)


def _step(
    network: Network, optimizer: Any, batch: tuple[Any, Any, Any], done: float, steps: int
) -> float:
    features, marks, casing = batch
    for group in optimizer.param_groups:
        cooling = max(0.02, 0.5 * (1 + math.cos(math.pi * min(done, 1))))
        group["lr"] = RATE * min(1, (steps + 1) / 100) * cooling
    scores = network(features)
    loss = functional.cross_entropy(
        scores[..., : len(MARKS)].flatten(0, 1), marks.flatten(), ignore_index=UNKNOWN
    ) + 0.5 * functional.cross_entropy(
        scores[..., len(MARKS) :].flatten(0, 1), casing.flatten(), ignore_index=UNKNOWN
    )
    optimizer.zero_grad()
    loss.backward()
    clip_grad_norm_(network.parameters(), 1.0)
    optimizer.step()
    return loss.item()


if __name__ == "__main__":
    train()
