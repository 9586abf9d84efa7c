"""A Parley in a process of its own for `app.bench.talk`, that also tells what it holds."""

import asyncio
import gc
import json
import os
import socket
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import uvloop
from litestar import get

from app import VERSION, server, wiring
from app.api.access import OPEN
from app.api.family import Family
from app.api.gateway import error_body
from app.bench.holding import Holding, holding
from app.bench.telephone import ACCOUNT, NUMBER, TOKEN
from app.core import logging as logs
from app.core import settings as declared
from app.inference.model_store import ModelStore
from app.main import FAMILIES, create_app
from app.tenancy import admin_token

NOBODY = "http://127.0.0.1:9"


@get("/bench/holding", opt=OPEN)
async def what_is_held() -> Holding:
    return holding()


FAMILY = Family(
    name="bench",
    title="Bench",
    description="What the process holds.",
    prefixes=("/bench",),
    error_body=error_body,
    routes=(what_is_held,),
)


def _settings(data_dir: Path, cache_mb: str) -> declared.Settings:
    """`cache_mb` 0: all that is said is made. No model writes about the calls."""
    with socket.socket() as free:
        free.bind((server.LOOPBACK, 0))
        port = free.getsockname()[1]
    return declared.load(
        {
            "PARLEY_PORT": str(port),
            "PARLEY_DATA_DIR": str(data_dir),
            "PARLEY_DRAIN_S": "2",
            "PARLEY_PUBLIC_URL": f"http://{server.LOOPBACK}:{port}",
            "PARLEY_PHRASE_CACHE_MB": cache_mb,
            "VARIANT": "en-tiny",
            "LLM_PROVIDER": "local",
            "LOCAL_LLM_URL": NOBODY,
            "LOCAL_LLM_MODEL": "none",
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_PHONE_NUMBER": NUMBER,
        }
    )


async def main(data_dir: Path, cache_mb: str) -> None:
    settings = _settings(data_dir, cache_mb)
    store = ModelStore(declared.model_store(settings, declared.process_environment()))
    logs.configure("CRITICAL", settings.observability.log_format, redact_phi=False)
    stop = server.stop_signal()
    listening = server.listen(settings.server)
    async with wiring.running(settings, store, VERSION) as runtime:
        app = await asyncio.to_thread(create_app, runtime, (*FAMILIES, FAMILY))
        gc.freeze()
        facts = {
            "url": settings.server.public_url,
            "token": admin_token.read(data_dir),
            "organization": str(runtime.default_organization),
            "process": os.getpid(),
        }
        click.echo(json.dumps(facts))
        await server.serve(app, listening, settings.server, stop)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        uvloop.run(main(Path(folder), sys.argv[1]))
