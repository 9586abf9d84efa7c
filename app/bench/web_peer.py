"""A server process for `app.bench.web`: `parley` is the application as it is, `bare` is not."""

import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import click
import uvloop
from litestar import Litestar, WebSocket, get, websocket
from litestar.exceptions import WebSocketDisconnect

from app import VERSION, server, wiring
from app.api.access import OPEN, TOKEN
from app.api.asgi import AsgiApp
from app.api.family import Family
from app.api.gateway import error_body
from app.core import settings as declared
from app.inference.model_store import ModelStore
from app.main import create_app
from app.tenancy import admin_token


@get("/bench", opt=OPEN)
async def trivial() -> dict[str, str]:
    return {"status": "healthy"}


@get("/bench/token", opt=TOKEN)
async def guarded() -> dict[str, str]:
    return {"status": "healthy"}


@websocket("/bench/echo")
async def echo(socket: WebSocket[Any, Any, Any]) -> None:
    await socket.accept()
    with suppress(WebSocketDisconnect):
        while True:
            await socket.send_bytes(await socket.receive_bytes())


FAMILY = Family(
    name="bench",
    title="Bench",
    description="Trivial routes.",
    prefixes=("/",),
    error_body=error_body,
    routes=(trivial, guarded, echo),
)


async def main(kind: str, data_dir: Path) -> None:
    environ = {"PARLEY_PORT": "0", "PARLEY_DATA_DIR": str(data_dir), "PARLEY_DRAIN_S": "0"}
    settings = declared.load(environ)
    stop = server.stop_signal()
    listening = server.listen(settings.server)
    port = listening[0].address[1]
    if kind == "bare":
        click.echo(f"{port} -")
        bare = cast("AsgiApp", Litestar([trivial, echo], openapi_config=None))
        await server.serve(bare, listening, settings.server, stop)
        return
    async with wiring.running(settings, ModelStore(data_dir), VERSION) as runtime:
        click.echo(f"{port} {admin_token.read(data_dir)}")
        await server.serve(create_app(runtime, (FAMILY,)), listening, settings.server, stop)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        uvloop.run(main(sys.argv[1], Path(folder)))
