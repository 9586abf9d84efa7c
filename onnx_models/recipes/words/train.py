"""Trains the network that tags words, and writes onnx_models/word-tags.

    PYTHONPATH=. python onnx_models/recipes/words/train.py meanings.npz [--epochs 8]

Minutes on one core; seeded. Needs torch, which the product does not. First it learns without some
of the templates, to find how sure each head may be (a temperature) on what it did not see, then
with all of them.
"""

import random
from collections.abc import Mapping
from pathlib import Path

import click
import numpy as np
import torch
from corpus import HEADS, Example, held_out, training_examples, weights
from export import Weights, export
from network import Lexicon, WordNetwork
from torch.nn import functional

TARGET = Path(__file__).parents[2] / "word-tags"
BATCH = 96
PIECES_RATE, RATE = 2e-3, 2e-3
SMOOTHING = 0.05
TEMPERATURES = np.arange(0.5, 3.05, 0.05)

Meanings = Mapping[str, int]


def learn(
    examples: list[Example], meanings: np.ndarray, known: Meanings, epochs: int, seed: int
) -> tuple[WordNetwork, Lexicon]:
    torch.manual_seed(seed)
    network = WordNetwork(meanings, HEADS)
    lexicon = Lexicon([each.words for each in examples], known)
    wanted, weight = targets(examples), torch.tensor(weights(examples))
    dense = [p for name, p in network.named_parameters() if name != "pieces.weight"]
    steps = epochs * -(-len(examples) // BATCH)
    optimizers = [
        torch.optim.SparseAdam([network.pieces.weight], lr=PIECES_RATE),
        torch.optim.AdamW(dense, lr=RATE, weight_decay=0.02),
    ]
    schedules = [
        torch.optim.lr_scheduler.OneCycleLR(o, rate, total_steps=steps)
        for o, rate in zip(optimizers[1:], (RATE,), strict=True)
    ]
    order = random.Random(seed)
    for epoch in range(epochs):
        network.train()
        places = list(range(len(examples)))
        order.shuffle(places)
        total = 0.0
        for start in range(0, len(places), BATCH):
            batch = places[start : start + BATCH]
            rows = lexicon.rows([examples[place].words for place in batch])
            scores = network.scores(network(lexicon, rows))
            loss = loss_of(scores, wanted[batch], weight[batch])
            for optimizer in optimizers:
                optimizer.zero_grad()
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
            for schedule in schedules:
                schedule.step()
            total += float(loss.detach())
        click.echo(f"epoch {epoch + 1}: loss {total * BATCH / len(places):.3f}")
    return network.eval(), lexicon


def targets(examples: list[Example]) -> torch.Tensor:
    rows = [
        [labels.index(each.targets[head]) if head in each.targets else 0 for head, labels in HEADS.items()]
        for each in examples
    ]
    return torch.tensor(rows)


def loss_of(
    scores: dict[str, torch.Tensor], wanted: torch.Tensor, weight: torch.Tensor
) -> torch.Tensor:
    losses = [
        functional.cross_entropy(
            scores[head], wanted[:, column], reduction="none", label_smoothing=SMOOTHING
        )
        for column, head in enumerate(HEADS)
    ]
    return (torch.stack(losses, 1) * weight).sum() / len(wanted)


@torch.no_grad()
def scores_of(
    network: WordNetwork, known: Meanings, texts: list[tuple[str, ...]]
) -> dict[str, np.ndarray]:
    lexicon = Lexicon(texts, known)
    parts = [
        network.scores(network(lexicon, lexicon.rows([text])))
        for text in texts
    ]
    return {head: torch.cat([part[head] for part in parts]).numpy() for head in HEADS}


def temperatures(network: WordNetwork, known: Meanings, unseen: list[Example]) -> dict[str, float]:
    """Of each head the one that makes what is true likeliest."""
    found: dict[str, float] = {}
    for head, labels in HEADS.items():
        own = [each for each in unseen if next(iter(each.targets)) == head]
        scores = torch.tensor(scores_of(network, known, [each.words for each in own])[head])
        truth = torch.tensor([labels.index(each.targets[head]) for each in own])
        losses = [float(functional.cross_entropy(scores / t, truth)) for t in TEMPERATURES]
        found[head] = round(float(TEMPERATURES[int(np.argmin(losses))]), 2)
        right = float((scores.argmax(1) == truth).float().mean())
        click.echo(f"{head}: {right:.3f} of unseen templates, temperature {found[head]}")
    return found


def macro_f1(truth: list[str], said: list[str]) -> float:
    scores = []
    for label in sorted(set(truth)):
        hits = sum(t == s == label for t, s in zip(truth, said, strict=True))
        scores.append(2 * hits / (truth.count(label) + said.count(label)))
    return float(np.mean(scores))


@click.command()
@click.argument("meanings", type=click.Path(path_type=Path))
@click.option("--epochs", default=8)
@click.option("--seed", default=7)
@click.option("--trial", is_flag=True, help="Only without the templates of the development set.")
def main(meanings: Path, epochs: int, seed: int, trial: bool) -> None:
    torch.set_num_threads(1)
    with np.load(meanings) as arrays:
        words = [str(word) for word in arrays["words"]]
        vectors = np.vstack([np.zeros((1, arrays["vectors"].shape[1]), np.float32), arrays["vectors"]])
    known = {word: row for row, word in enumerate(words, start=1)}
    examples = training_examples(seed)
    seen = [each for each in examples if not each.is_development]
    click.echo(f"{len(examples)} examples, {len(seen)} without the development set")
    network, _ = learn(seen, vectors, known, epochs, seed)
    heat = temperatures(network, known, [each for each in examples if each.is_development])
    if not trial:
        network, _ = learn(examples, vectors, known, epochs, seed)
        export(Weights.of(network.state_dict(), heat), words, TARGET)
    for head, labels in HEADS.items():
        texts, truth = zip(*held_out(head), strict=True)
        said = scores_of(network, known, list(texts))[head].argmax(1)
        click.echo(f"{head}: macro-F1 {macro_f1(list(truth), [labels[i] for i in said]):.3f}")


if __name__ == "__main__":
    main()
