"""Learns the head's weights from kept states, on one thread; goes on where it was stopped.

    PYTHONPATH=. python -m onnx_models.recipes.ctc.train STATES RUN --steps 10000

Needs torch (2.13, CPU), which the product does not. RUN gets checkpoint.pt, and weights.npz: the
average of the weights that erred least on the clips set aside.
"""

import math
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import click
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from app.bench.wer import word_errors
from onnx_models.recipes.ctc.batches import (
    TOKENS,
    batch,
    best_path,
    epoch,
    learned,
    mask,
    set_aside,
)
from onnx_models.recipes.ctc.features import Kept, Round, read_round
from onnx_models.recipes.ctc.graph import DILATIONS, HIDDEN, REACH, Weights

RATE, WARM_STEPS, LEAST_RATE = 2e-3, 200, 0.02
AVERAGED = 0.998
DROPOUT = 0.1
"""Of whole channels of a clip."""
REPEATS = {"librispeech_train_clean_100_subset_notext": 3, "ljspeech_part1": 2}
"""Adults who read books are few among the children who read single sentences."""
SET_ASIDE = 160
JUDGED_EVERY = 500
SEED = 7


class Head(nn.Module):
    """Residual convolutions; LayerNorm before each."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enter = nn.Linear(width, HIDDEN)
        self.norms = nn.ModuleList(nn.LayerNorm(HIDDEN) for _ in DILATIONS)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(HIDDEN, HIDDEN, REACH, padding=REACH // 2 * by, dilation=by)
            for by in DILATIONS
        )
        self.last = nn.LayerNorm(HIDDEN)
        self.leave = nn.Linear(HIDDEN, len(TOKENS))
        self.lose = nn.Dropout1d(DROPOUT)

    def forward(self, states: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        """`own` is 1 where a frame is of the clip, 0 in the padding, which nothing may leave."""
        x = self.enter(states)
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            y = functional.relu(convolution((norm(x) * own).transpose(1, 2)))
            x = x + self.lose(y).transpose(1, 2)
        return self.leave(self.last(x))


@click.command()
@click.argument("states", type=click.Path(path_type=Path))
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--steps", default=10000)
def main(states: Path, run: Path, steps: int) -> None:
    """Train, or go on."""
    torch.set_num_threads(1)
    run.mkdir(parents=True, exist_ok=True)
    rounds = [read_round(rows.parent, int(rows.stem)) for rows in sorted(states.glob("*/*.jsonl"))]
    Training(rounds, run, steps).go()


class Training:
    """All that a checkpoint holds, and what it is made from."""

    def __init__(self, rounds: list[Round], run: Path, steps: int) -> None:
        self._clips = learned(rounds, REPEATS)
        self._aside = set_aside(rounds, SET_ASIDE)
        self._run, self._steps = run, steps
        torch.manual_seed(SEED)
        width = rounds[0].states.shape[1]
        self.head, self.average = Head(width), Head(width)
        self.average.load_state_dict(self.head.state_dict())
        self._optimizer = torch.optim.AdamW(self.head.parameters(), RATE, weight_decay=0.01)
        self._step, self._least = 0, math.inf
        if (run / "checkpoint.pt").is_file():
            self._load()

    def go(self) -> None:
        losses: list[float] = []
        began_s = time.perf_counter()
        for chosen in islice(self._batches(), self._step, self._steps):
            losses.append(self._learn(chosen))
            if self._step % JUDGED_EVERY == 0 or self._step == self._steps:
                wer = self._judge()
                spent_s = time.perf_counter() - began_s
                loss = np.mean(losses[-JUDGED_EVERY:])
                click.echo(f"{self._step}  loss {loss:.3f}  WER {wer:.1f}  {spent_s:.0f} s")

    def _batches(self) -> Iterator[list[tuple[int, Kept]]]:
        for number in count():
            yield from epoch(self._clips, number)

    def _learn(self, chosen: list[tuple[int, Kept]]) -> float:
        """One step. Chance is of the step alone, so that a stopped run goes on as it would have."""
        random = np.random.default_rng([SEED, self._step])
        torch.manual_seed(self._step)
        for group in self._optimizer.param_groups:
            group["lr"] = rate(self._step, self._steps)
        seen = batch(self._clips, chosen)
        mask(seen.states, seen.frames, random)
        frames = torch.from_numpy(seen.frames)
        loss = functional.ctc_loss(
            self._scores(self.head.train(), torch.from_numpy(seen.states), frames).transpose(0, 1),
            torch.from_numpy(seen.letters),
            frames,
            torch.from_numpy(seen.letter_counts),
            zero_infinity=True,
        )
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self.head.parameters(), 1.0)
        self._optimizer.step()
        self._step += 1
        kept = min(AVERAGED, self._step / (self._step + 10))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.head.parameters(), strict=True):
                mean.lerp_(now, 1 - kept)
        return loss.item()

    def _scores(self, head: Head, states: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
        """Products in bfloat16, which the processor multiplies four times as fast."""
        own = (torch.arange(states.shape[1]) < frames[:, None])[..., None].to(states.dtype)
        with torch.autocast("cpu", torch.bfloat16):
            scores = head(states, own)
        return scores.float().log_softmax(-1)

    @torch.no_grad()
    def _judge(self) -> float:
        """The word error rate of the best path; keeps the weights where it is the least yet."""
        errors = words = 0
        for clip in self._aside:
            seen = batch(self._clips, [clip])
            frames = torch.from_numpy(seen.frames)
            scores = self._scores(self.average.eval(), torch.from_numpy(seen.states), frames)
            said = clip[1].text.split()
            errors += word_errors(said, best_path(scores[0].numpy()).split())
            words += len(said)
        wer = 100 * errors / words
        if wer < self._least:
            self._least = wer
            np.savez(self._run / "weights.npz", **arrays(self.average))
        self._save()
        return wer

    def _save(self) -> None:
        kept = {name: getattr(self, name).state_dict() for name in ("head", "average")}
        kept |= {"optimizer": self._optimizer.state_dict()}
        kept |= {"step": self._step, "least": self._least}
        torch.save(kept, self._run / "checkpoint.new")
        (self._run / "checkpoint.new").replace(self._run / "checkpoint.pt")

    def _load(self) -> None:
        kept = torch.load(self._run / "checkpoint.pt", weights_only=True)
        self.head.load_state_dict(kept["head"])
        self.average.load_state_dict(kept["average"])
        self._optimizer.load_state_dict(kept["optimizer"])
        self._step, self._least = kept["step"], kept["least"]


def rate(step: int, steps: int) -> float:
    """Up in a straight line, down along a cosine."""
    falling = 0.5 * (1 + math.cos(math.pi * step / steps))
    return RATE * min(1.0, (step + 1) / WARM_STEPS) * max(LEAST_RATE, falling)


def arrays(head: Head) -> Weights:
    """By the names that `graph` knows: matrices as (in, out)."""
    weights = {
        "enter.w": head.enter.weight.T, "enter.b": head.enter.bias,
        "last.w": head.last.weight, "last.b": head.last.bias,
        "leave.w": head.leave.weight.T, "leave.b": head.leave.bias,
    }  # fmt: skip
    for at, (norm, convolution) in enumerate(zip(head.norms, head.convolutions, strict=True)):
        weights |= {f"norm{at}.w": norm.weight, f"norm{at}.b": norm.bias}
        weights |= {f"conv{at}.w": convolution.weight, f"conv{at}.b": convolution.bias}
    return {name: values.detach().numpy().astype(np.float16) for name, values in weights.items()}


if __name__ == "__main__":
    main()
