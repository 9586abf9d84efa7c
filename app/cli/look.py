"""`parley doctor`, `openapi`, `vad`, `bench`: what looks and changes nothing."""

import platform
import shutil
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click
import psycopg

from app import VERSION, main, wiring
from app.api.openapi import document
from app.asr.domain import SpanRules, SpeechSpan
from app.asr.engines.ctc.engine import load_ctc
from app.asr.engines.ctc.whisper_states import WhisperStates
from app.bench import asr, auth, ctc, floor
from app.cli import context
from app.core.at_rest import encryption_of_data
from app.core.hipaa import hipaa_shortcomings
from app.core.settings import Settings
from app.inference.machine import usable_cores
from app.inference.onnx import OnnxRuntime
from app.wiring.senses import CTC_HEAD

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


@click.group()
def bench() -> None:
    """Measure speed, as ratios to a baseline measured in the same run."""


@bench.command(name="floor")
def bench_floor() -> None:
    """HTTP, WebSocket, model leases, audio decoding."""
    settings = context.settings_with()
    for line in floor.run(settings, context.model_store(settings)):
        click.echo(line)


@bench.command(name="auth")
def bench_auth() -> None:
    """What a token costs a request."""
    for line in auth.run():
        click.echo(line)


DATA = click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("../shared/data"),
    show_default=True,
    help="Where the recordings lie.",
)


@bench.command(name="asr")
@click.option("--model", default="whisper-tiny.en", show_default=True)
@click.option("--threads", type=click.IntRange(1), default=2, show_default=True)
@DATA
def bench_asr(model: str, threads: int, data: Path) -> None:
    """Errors and speed of Whisper, beside faster-whisper where it is installed."""
    settings = context.settings_with()
    store = context.model_store(settings)
    for line in asr.run(context.manifest(), store, model, data, threads):
        click.echo(line)


@bench.command(name="ctc")
@DATA
def bench_ctc(data: Path) -> None:
    """Beam search on the scores of real speech, beside pyctcdecode."""
    settings = context.settings_with()
    whisper = context.model_store(settings).verified(context.manifest().get("whisper-tiny.en"))
    encoder = OnnxRuntime("cpu", 1).open(whisper / "encoder.int8.onnx")
    head = load_ctc(CTC_HEAD, OnnxRuntime("cpu", 1), lambda _: WhisperStates(encoder))
    for line in ctc.run(head, data):
        click.echo(line)


@bench.command(name="diarization")
@DATA
def bench_diarization(data: Path) -> None:
    """Who spoke when, measured by pyannote.metrics, which belongs to the tools of development."""
    if not find_spec("pyannote.metrics"):
        raise click.ClickException("pyannote.metrics is not installed")
    import_module("app.bench.diarization").main(data)


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
    yield "replicas", "Redis" if settings.storage.redis_url else "one process, no Redis"
    store = context.model_store(settings)
    for stored in store.contents(context.manifest()):
        yield f"model {stored.model.id}", f"{stored.file.name}: {stored.state}"
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
