"""Learns the heads of one Whisper model and writes `voice.onnx`, with thresholds beside it.

    PYTHONPATH=. python -m onnx_models.recipes.voice.train FOLDER MODEL_FOLDER [--commercial]

FOLDER is what `features` made. Prints, as JSON, what `evaluate` finds in speakers and corpora that
were left out.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from onnx_models.recipes.voice.clips import CORPORA
from onnx_models.recipes.voice.evaluate import Answers, Bounds, report
from onnx_models.recipes.voice.export import FittedHead, write_card, write_graph
from onnx_models.recipes.voice.regression import fit_temperature, learn, odds
from onnx_models.recipes.voice.table import LABELS, Floats, Table

L2 = 0.1
"""Of 0.1, 1 and 5 what told emotions best in corpora that were left out."""
THRESHOLDS = {"emotion": 0.5, "gender": 2 / 3, "age": 0.8}
"""Of guesses with smaller odds one in two is wrong, of gender one in three. Of age higher, as its
odds hold for the sets alone that it learned from."""
CALIBRATED_ABROAD = ("emotion", "gender")
"""On corpora that were left out: a call is one too. No two corpora have the same ages."""
MOST = {"emotion": 1200, "gender": 12, "age": 24}
"""Rows of a speaker: more of the same people tell nothing new of their gender and age."""
SHORTEST_S = 1.0
UNKNOWN = -20.0
"""The logit of a label that was not there to learn."""


@dataclass(frozen=True, slots=True)
class Learned:
    head: FittedHead
    answers: Answers
    abroad: Answers


def left_out(table: Table, category: str, by: str) -> Floats:
    """The logits of every row, of a head that never heard its speaker, or its corpus."""
    logits = np.full((table.seconds.size, len(LABELS[category])), UNKNOWN, np.float32)
    for known, asked in table.folds(by):
        learners = table.select(known)
        targets, weights = learners.targets(category), learners.weights(category)
        found = learn(learners.columns, targets, weights, L2)
        logits[asked, : found.offset.size] = found.logits(table.columns[asked])
    return logits


def learn_head(everybody: Table, category: str) -> Learned:
    """The temperature is that of corpora that the head never heard where there are several: a
    call is one too."""
    table = everybody.labelled(category).at_most(MOST[category])
    targets, weights = table.targets(category), table.weights(category)
    at_home = left_out(table, category, "speaker")
    corpora = np.unique(table.texts["corpus"])
    abroad = left_out(table, category, "corpus") if corpora.size > 1 else at_home
    known = abroad[np.arange(targets.size), targets] > UNKNOWN
    if category in CALIBRATED_ABROAD:
        temperature = fit_temperature(abroad[known], targets[known], weights[known])
    else:
        temperature = fit_temperature(at_home, targets, weights)
    regression = learn(table.columns, targets, weights, L2)
    labels = LABELS[category][: regression.offset.size]
    head = FittedHead(category, labels, regression, temperature, THRESHOLDS[category], SHORTEST_S)
    return Learned(
        head,
        Answers(table, category, odds(at_home, temperature)),
        Answers(table.select(known), category, odds(abroad[known], temperature)),
    )


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--commercial", is_flag=True, help="Of sets alone that may be used commercially.")
def main(folder: Path, target: Path, commercial: bool) -> None:
    plans = [plan for plan in CORPORA if plan.is_commercial or not commercial]
    table = Table.read([folder / f"{plan.folder}.npz" for plan in plans])
    found: list[Learned] = []
    told: dict[str, Any] = {}
    for category in LABELS:
        if np.isin(table.texts[category], LABELS[category]).any():
            learned = learn_head(table, category)
            found.append(learned)
            bounds = Bounds(THRESHOLDS[category], SHORTEST_S)
            told[category] = {
                "temperature": learned.head.temperature,
                "speakers left out": report(learned.answers, bounds),
                "corpora left out": report(learned.abroad, bounds),
            }
    weights = target / ("voice.commercial.onnx" if commercial else "voice.onnx")
    write_graph([each.head for each in found], table.pooled.shape[1:], weights)
    write_card([each.head for each in found], weights.with_suffix(".toml"))
    click.echo(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
