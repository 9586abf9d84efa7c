"""`parley lm build`: language models for beam search."""

from pathlib import Path

import click

from app.asr import lm_training


@click.group()
def lm() -> None:
    """Language models, which tell likely sentences from unlikely ones."""


@lm.command()
@click.argument("text", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--order", type=click.IntRange(2, 5), default=3, show_default=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Where to write the model, as ARPA.",
)
def build(text: Path, order: int, output: Path) -> None:
    """Learn from TEXT, which has one sentence a line."""
    model = lm_training.train(text, order, output, click.echo)
    words = len(model.words or ())
    click.echo(
        f"{output}: {words} words, order {model.order}, {output.stat().st_size / 1e6:.1f} MB"
    )
