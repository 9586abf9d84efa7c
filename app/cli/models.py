"""`parley models pull|verify|list`."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from app.asr.own_models import find_own_models
from app.cli import context
from app.core.errors import Unavailable
from app.inference.fetch import pull as pull_models
from app.inference.model_store import FileState, StoredFile
from app.inference.progress import open_reporter
from app.wiring import RECIPES


@click.group()
def models() -> None:
    """Fetch, check and list the weights."""


@models.command()
@click.argument("ids", nargs=-1)
@click.option(
    "--from",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Import from a directory and no network.",
)
def pull(ids: tuple[str, ...], folder: Path | None) -> None:
    """Fetch what is missing, or the models named."""
    store = context.model_store(context.settings_with())
    with open_reporter(sys.stderr) as reporter:
        pull_models(context.manifest().select(ids), store, reporter, folder, RECIPES)
    click.echo(f"all there, in {store.root}")


@models.command()
def verify() -> None:
    """Hash every file again."""
    store = context.model_store(context.settings_with())
    states = store.verify(context.manifest())
    _print(states)
    if any(stored.state is not FileState.PRESENT for stored in states):
        raise Unavailable("not every file is as it must be; ./parley models pull mends that")


@models.command(name="list")
def list_models() -> None:
    """What the manifest names and what is there; then what was installed by hand."""
    settings = context.settings_with()
    store, shipped = context.model_store(settings), context.shipped_weights(settings)
    manifest = context.manifest()
    _print(store.contents(manifest))
    for model in manifest.models:
        for line in shipped.restrictions(model):
            click.echo(f"{'shipped':8} {'':12}  {model.id}/{line}")
    own = find_own_models(store.root, {model.id for model in manifest.models})
    for model in own.entries:
        click.echo(f"{'own':8} {model.bytes / 1e6:9.1f} MB  {model.id}  ({model.title})")
    for problem in own.problems:
        click.echo(f"parley: {problem}", err=True)


def _print(states: Iterable[StoredFile]) -> None:
    for stored in states:
        size = f"{stored.file.bytes / 1e6:9.1f} MB"
        name = f"{stored.model.id}/{stored.file.name}"
        click.echo(f"{stored.state:8} {size}  {name}  ({stored.model.licence})")
