"""Asks finished heads about people of sets that nothing was learned from.

    PYTHONPATH=. python -m onnx_models.recipes.voice.check FOLDER VOICE.onnx

FOLDER is what `features --held-out` made.
"""

import json
from pathlib import Path

import click
import numpy as np

from app.asr.engines.whisper.voice import read_heads
from app.inference.onnx import OnnxRuntime
from onnx_models.recipes.voice.evaluate import Answers, Bounds, report
from onnx_models.recipes.voice.table import LABELS, Table


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.argument("weights", type=click.Path(exists=True, path_type=Path))
def main(folder: Path, weights: Path) -> None:
    everybody = Table.read(sorted(folder.glob("*.npz")))
    model, heads = OnnxRuntime("cpu", 1).open(weights), read_heads(weights)
    told = dict(
        zip(model.outputs, model.run({"pooled": everybody.pooled.astype(np.float32)}), strict=True)
    )
    for category, head in heads.items():
        table = everybody.labelled(category)
        rows = np.isin(everybody.texts[category], LABELS[category])
        if rows.any():
            bounds = Bounds(head.threshold, head.shortest_s)
            figures = report(Answers(table, category, told[category][rows]), bounds)
            click.echo(json.dumps({category: figures}, indent=1))


if __name__ == "__main__":
    main()
