"""What every command needs: the settings, the log, the places of things."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import uvloop

from app import VERSION, wiring
from app.core import logging as logs
from app.core import settings as declared
from app.core.settings import Settings
from app.inference.manifest import Manifest, read_manifest
from app.inference.model_store import ModelStore
from app.inference.shipped import ShippedWeights
from app.wiring import MANIFEST, Foundation

T = TypeVar("T")


def settings_with(options: Mapping[str, object] | None = None) -> Settings:
    """The environment, with the options that were given laid over it, and logging set up."""
    environ = declared.process_environment()
    for name, value in (options or {}).items():
        if value is not None:
            environ[f"{declared.OWN_PREFIX}{name.upper()}"] = str(value)
    settings = declared.load(environ)
    logs.configure(
        settings.observability.log_level,
        settings.observability.log_format,
        redact_phi=settings.auth.hipaa_mode,
    )
    for sentence in declared.misspellings(environ):
        click.echo(f"parley: {sentence}", err=True)
    return settings


def model_store(settings: Settings) -> ModelStore:
    return ModelStore(declared.model_store(settings, declared.process_environment()))


def manifest() -> Manifest:
    return read_manifest(MANIFEST)


def shipped_weights(settings: Settings) -> ShippedWeights:
    return ShippedWeights(MANIFEST.parent, is_commercial=settings.models.commercial)


def run(work: Coroutine[Any, Any, T]) -> T:
    return uvloop.run(work)


def with_data(work: Callable[[Foundation], Awaitable[T]], settings: Settings | None = None) -> T:
    """Run `work` on the database, also beside a Parley that runs on it."""
    chosen = settings or settings_with()

    async def opened() -> T:
        async with wiring.foundation(chosen, VERSION, join=True) as base:
            return await work(base)

    return run(opened())


def absolute(path: Path) -> Path:
    return path.expanduser().absolute()
