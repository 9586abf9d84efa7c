"""Learns the heads of one Whisper model and writes `voice.onnx`, with thresholds beside it.

    PYTHONPATH=. python -m onnx_models.recipes.voice.train FOLDER MODEL_FOLDER [--commercial]

FOLDER is what `features` made. Prints, as JSON, what `evaluate` finds in speakers and corpora that
were left out. One thread: several add up in another order, and the bytes differ.
"""

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from threadpoolctl import threadpool_limits

from onnx_models.recipes.voice.clips import CORPORA
from onnx_models.recipes.voice.discriminant import discriminate
from onnx_models.recipes.voice.evaluate import Answers, Bounds, report
from onnx_models.recipes.voice.export import FittedHead, write_card, write_graph
from onnx_models.recipes.voice.regression import fit_temperature, learn, odds
from onnx_models.recipes.voice.table import LABELS, Floats, Table

L2 = 0.1
"""Of 0.1, 1 and 5 what told emotions best in corpora that were left out."""
regress = partial(learn, l2=L2)
LEARN = {"emotion": regress, "gender": regress, "age": discriminate}
"""Discriminants tell ages better, genders no better, and the odds of emotions worse."""
THRESHOLDS = {"emotion": 0.5, "gender": 2 / 3, "age": 0.8}
"""Of guesses with smaller odds one in two is wrong, of gender one in three. Of age higher, as its
odds hold for the sets alone that it learned from."""
CALIBRATED_ABROAD = ("emotion", "gender")
"""On corpora that were left out: a call is one too. No two corpora have the same ages."""
MOST = {"emotion": 1200, "gender": 12, "age": 24}
"""Rows of a speaker: more of the same people tell nothing new of their gender and age."""
SHORTEST_S = 1.0
UNKNOWN = -1e4
"""The logit of a label that was not there to learn."""


@dataclass(frozen=True, slots=True)
class Learned:
    head: FittedHead
    answers: Answers
    abroad: Answers


def left_out(table: Table, category: str, by: str) -> Floats:
    """The logits of every row, of a head that never heard its speaker, or its corpus; UNKNOWN for
    labels that it never heard either."""
    logits = np.full((table.seconds.size, len(LABELS[category])), UNKNOWN, np.float32)
    for known, asked in table.folds(by):
        learners = table.select(known)
        targets, weights = learners.targets(category), learners.weights(category)
        found = LEARN[category](learners.columns, targets, weights)
        heard = np.unique(targets)
        logits[np.ix_(asked, heard)] = found.logits(table.columns[asked])[:, heard]
    return logits


def temperature_of(logits: Floats, table: Table, category: str, rows: Any = slice(None)) -> float:
    """That these rows ask for, as far as their labels were there to learn."""
    targets, weights = table.targets(category), table.weights(category)
    weights *= logits[np.arange(targets.size), targets] > UNKNOWN
    return fit_temperature(logits[rows], targets[rows], weights[rows])


def learn_head(everybody: Table, category: str) -> Learned:
    """The temperature is that of corpora that the head never heard where there are several: a
    call is one too. The answers have one that was fitted without their speaker, or corpus."""
    table = everybody.labelled(category).at_most(MOST[category])
    targets = table.targets(category)
    far = "corpus" if np.unique(table.texts["corpus"]).size > 1 else "speaker"
    at_home, abroad = (left_out(table, category, by) for by in ("speaker", far))
    judged = abroad if category in CALIBRATED_ABROAD else at_home

    def answers(logits: Floats, by: str) -> Answers:
        told = np.empty_like(logits)
        for known, asked in table.folds(by):
            told[asked] = odds(logits[asked], temperature_of(judged, table, category, known))
        rows = logits[np.arange(targets.size), targets] > UNKNOWN
        return Answers(table.select(rows), category, told[rows])

    regression = LEARN[category](table.columns, targets, table.weights(category))
    head = FittedHead(
        category,
        LABELS[category][: regression.offset.size],
        regression,
        temperature_of(judged, table, category),
        THRESHOLDS[category],
        SHORTEST_S,
    )
    return Learned(head, answers(at_home, "speaker"), answers(abroad, far))


def figures(learned: Learned) -> dict[str, Any]:
    bounds = Bounds(learned.head.threshold, learned.head.shortest_s)
    return {
        "temperature": learned.head.temperature,
        "speakers left out": report(learned.answers, bounds),
        "corpora left out": report(learned.abroad, bounds),
    }


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--commercial", is_flag=True, help="Of sets alone that may be used commercially.")
def main(folder: Path, target: Path, commercial: bool) -> None:
    plans = [plan for plan in CORPORA if plan.is_commercial or not commercial]
    table = Table.read([folder / f"{plan.folder}.npz" for plan in plans])
    categories = [each for each in LABELS if np.isin(table.texts[each], LABELS[each]).any()]
    with threadpool_limits(1):
        found = [learn_head(table, category) for category in categories]
    told = {each.head.category: figures(each) for each in found}
    weights = target / ("voice.commercial.onnx" if commercial else "voice.onnx")
    write_graph([each.head for each in found], table.pooled.shape[1:], weights)
    write_card([each.head for each in found], weights.with_suffix(".toml"))
    click.echo(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
