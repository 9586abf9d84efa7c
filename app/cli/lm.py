"""`parley lm build`: language models for beam search."""

import sys
from pathlib import Path

import click

from app.asr import lm_training, lmplz
from app.asr.kenlm_tools import KenlmTools, make_tools, tools_here
from app.cli import context
from app.core.errors import Unavailable
from app.core.settings import Settings
from app.inference.progress import open_reporter


@click.group()
def lm() -> None:
    """Language models, which tell likely sentences from unlikely ones."""


@lm.command()
@click.argument("text", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--order", type=click.IntRange(2, 5), default=3, show_default=True)
@click.option(
    "--with",
    "builder",
    type=click.Choice(["auto", "lmplz", "kaldingram"]),
    default="auto",
    show_default=True,
    help="What learns: lmplz, which is compiled at its first use, or kaldingram; auto: the former "
    "where it can be had.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Where to write the model: as ARPA where the name ends with .arpa, else binary.",
)
def build(text: Path, order: int, builder: str, output: Path) -> None:
    """Learn from TEXT, which has one sentence a line."""
    settings = context.settings_with()
    lm_training.refuse_impossible(order, output)
    tools = None if builder == "kaldingram" else _tools(settings, is_required=builder == "lmplz")
    if tools:
        memory_mb = settings.models.lm_memory_mb
        model = lmplz.train(tools, text, order, output, memory_mb, click.echo)
    else:
        model = lm_training.train(text, order, output, click.echo)
    words, megabytes = len(model.words or ()), output.stat().st_size / 1e6
    name = "lmplz" if tools else "kaldingram"
    click.echo(f"{output}: {words} words, order {model.order}, {megabytes:.1f} MB, by {name}")


def _tools(settings: Settings, *, is_required: bool) -> KenlmTools | None:
    store = context.model_store(settings)
    try:
        if tools := tools_here(store):
            return tools
        with open_reporter(sys.stderr) as reporter:
            return make_tools(store, reporter)
    except Unavailable as error:
        if is_required:
            raise
        click.echo(
            f"parley: kaldingram is used, not lmplz, whose models are 5 to 9 % better: "
            f"{error.message}",
            err=True,
        )
        return None
