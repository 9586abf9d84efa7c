"""`parley doctor`, `openapi`, `vad`, `bench`: what looks and changes nothing."""

import platform
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import psycopg

from app import VERSION, main, wiring
from app.api.openapi import document
from app.asr.domain import SpanRules, SpeechSpan
from app.cli import context
from app.core.at_rest import encryption_of_data
from app.core.hipaa import hipaa_shortcomings
from app.core.settings import Settings
from app.inference.machine import usable_cores
from app.inference.onnx import OnnxRuntime
from app.llm.providers.chosen import described, shortcomings

Facts = Iterator[tuple[str, str]]


@click.command()
def doctor() -> None:
    """What this machine offers and what is really used."""
    settings = context.settings_with()
    for name, fact in _facts(settings):
        click.echo(f"{name:20} {fact}")


@click.command()
@click.argument("family", type=click.Choice([family.name for family in main.FAMILIES]))
def openapi(family: str) -> None:
    """Print the OpenAPI document of FAMILY."""
    chosen = next(each for each in main.FAMILIES if each.name == family)
    click.echo(document(chosen, VERSION))


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def vad(file: Path) -> None:
    """Print where somebody speaks in FILE."""
    settings = context.settings_with()
    for span in context.run(_find_speech(settings, file)):
        click.echo(f"{span.start_s:9.3f} {span.end_s:9.3f}")


async def _find_speech(settings: Settings, file: Path) -> list[SpeechSpan]:
    async with wiring.inference(settings, context.model_store(settings)) as built:
        return await built.speech.find_speech(file, SpanRules())


def _facts(settings: Settings) -> Facts:
    yield "parley", VERSION
    yield "python", f"{platform.python_version()} on {platform.platform()}"
    yield "cores", str(usable_cores())
    data_dir = context.absolute(settings.storage.data_dir)
    yield "data", f"{data_dir} ({_free(data_dir)} free)"
    yield "database", _database(settings)
    yield from _protection(settings)
    yield "language model", ", then ".join(described(settings.llm))
    for sentence in shortcomings(settings.llm):
        yield "language model", sentence
    yield "replicas", "Redis" if settings.storage.redis_url else "one process, no Redis"
    store = context.model_store(settings)
    manifest, shipped = context.manifest(), context.shipped_weights(settings)
    for stored in store.contents(manifest):
        yield f"model {stored.model.id}", f"{stored.file.name}: {stored.state}"
    for model in manifest.models:
        for line in shipped.restrictions(model):
            yield f"model {model.id}", line
    yield "models", str(store.root)
    yield from OnnxRuntime(settings.models.device, usable_cores()).report()


def _protection(settings: Settings) -> Facts:
    found = encryption_of_data(settings.storage.data_dir)
    vouched = "encrypted, as PARLEY_ENCRYPTED_AT_REST says"
    unknown = vouched if settings.auth.encrypted_at_rest else "not known to be encrypted"
    yield "data at rest", found or unknown
    if not settings.auth.hipaa_mode:
        yield "HIPAA_MODE", "off"
        return
    missing = hipaa_shortcomings(settings, data_is_encrypted=found is not None)
    yield "HIPAA_MODE", "on, and refuses to start" if missing else "on, nothing is missing"
    for sentence in missing:
        yield "HIPAA_MODE needs", sentence


def _database(settings: Settings) -> str:
    url = settings.storage.database_url
    if not url:
        return "embedded, under the data directory"
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            return f"DATABASE_URL, PostgreSQL {connection.info.server_version // 10000}"
    except psycopg.OperationalError:
        return "DATABASE_URL does not answer"


def _free(path: Path) -> str:
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    return f"{shutil.disk_usage(existing).free / 1e9:.0f} GB"
