"""Trains what tags words, and writes onnx_models/word-tags. Numpy alone; half a minute on one core.

    PYTHONPATH=. python onnx_models/recipes/words/train.py

Each head learns twice: first without some of the templates, to find how sure it may be (its
temperature) on what it did not see, then with all of them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import numpy as np
from corpus import HEADS, Example, held_out, training_examples, weights_of
from export import Trained, export
from linear import Features, Linear, Rarity, learn, likelihoods

TARGET = Path(__file__).parents[2] / "word-tags"
TEMPERATURES = np.arange(0.1, 2.01, 0.05)
SEED = 7


def fitted(head: str, examples: Sequence[Example], rarity: Rarity) -> Linear:
    labels = HEADS[head]
    told = [each for each in examples if head in each.targets]
    features = Features.of([each.words for each in told], rarity)
    truth = np.array([labels.index(each.targets[head]) for each in told])
    weights = weights_of(told, head)
    return learn(features, truth, weights, len(labels), SEED)


def temperature_of(head: str, model: Linear, unseen: Sequence[Example], rarity: Rarity) -> float:
    """The one that makes what is true likeliest."""
    own = [each for each in unseen if each.head == head]
    scores = model.scores(Features.of([each.words for each in own], rarity))
    truth = [HEADS[head].index(each.targets[head]) for each in own]

    def surprise(heat: float) -> float:
        true = likelihoods(scores / heat)[np.arange(len(own)), truth]
        return float(-np.log(true + 1e-9).mean())

    right = float((scores.argmax(1) == truth).mean())
    heat = round(float(min(TEMPERATURES, key=surprise)), 2)
    click.echo(f"{head}: {right:.3f} of unseen templates right, temperature {heat}")
    return heat


def macro_f1(truth: Sequence[str], said: Sequence[str]) -> float:
    scores: list[float] = []
    for label in sorted(set(truth)):
        hits = sum(t == s == label for t, s in zip(truth, said, strict=True))
        scores.append(2 * hits / (truth.count(label) + said.count(label)))
    return float(np.mean(scores))


def report(head: str, model: Linear, rarity: Rarity) -> None:
    texts, truth = zip(*held_out(head), strict=True)
    said = model.scores(Features.of(texts, rarity)).argmax(1)
    click.echo(f"{head}: macro-F1 {macro_f1(truth, [HEADS[head][i] for i in said]):.3f}")


@click.command()
@click.option("--trial", is_flag=True, help="Write nothing.")
def main(trial: bool) -> None:
    examples = training_examples(SEED)
    seen = [each for each in examples if not each.is_development]
    unseen = [each for each in examples if each.is_development]
    rarity = Rarity.of([each.words for each in examples])
    models: dict[str, Linear] = {}
    heat: Mapping[str, float] = {
        head: temperature_of(head, fitted(head, seen, rarity), unseen, rarity) for head in HEADS
    }
    for head in HEADS:
        models[head] = fitted(head, examples, rarity)
        report(head, models[head], rarity)
    if not trial:
        export(Trained(rarity, models, heat), HEADS, TARGET)


if __name__ == "__main__":
    main()
