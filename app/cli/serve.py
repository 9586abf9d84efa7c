"""`parley serve`."""

import asyncio
import gc
import sys
from ipaddress import ip_address

import click

from app import VERSION, server, wiring
from app.api.dev_ports import DEV_PORTS
from app.cli import context
from app.core.settings import Settings
from app.inference.fetch import pull
from app.inference.model_store import ModelStore
from app.inference.progress import open_reporter
from app.main import create_app
from app.tenancy import admin_token


@click.command()
@click.option("--host", help="Address to listen on.  [PARLEY_HOST]")
@click.option("--port", type=int, help="Port of the whole API.  [PARLEY_PORT]")
@click.option("--data-dir", help="Where everything is kept.  [PARLEY_DATA_DIR]")
@click.option("--dev-ports", is_flag=True, default=None, help="The documented ports as well.")
def serve(**options: object) -> None:
    """Start Parley, and its database unless DATABASE_URL names one."""
    settings = context.settings_with(options)
    sockets = server.listen(settings.server)
    store = context.model_store(settings)
    with open_reporter(sys.stderr) as reporter:
        pull(context.manifest().models, store, reporter, recipes=wiring.RECIPES)
    gc.freeze()
    context.run(_serve(settings, store, sockets))


async def _serve(settings: Settings, store: ModelStore, sockets: list[server.Listening]) -> None:
    click.echo("parley: starting", err=True)
    hurry = asyncio.Event()
    stop = server.stop_signal(hurry)
    async with wiring.running(settings, store, VERSION) as runtime:
        app = await asyncio.to_thread(create_app, runtime)
        # What is here by now stays. A full collection that looks through it takes a sixth of a
        # second, in which nobody's sound goes on.
        gc.freeze()
        await asyncio.to_thread(_announce, settings, store, sockets)
        drain = runtime.calling.calls.drain
        await server.serve(app, sockets, settings.server, stop, drain, hurry)
    click.echo("parley: stopped", err=True)


def _announce(settings: Settings, store: ModelStore, sockets: list[server.Listening]) -> None:
    data_dir = context.absolute(settings.storage.data_dir)
    token = admin_token.read(data_dir)
    host, port = sockets[0].address
    click.echo(f"Parley {VERSION} is ready.")
    click.echo(f"Talk:   {talk_page(host, port, token)}   (open it in a browser)")
    click.echo(f"URL:    http://{host}:{port}   (API documentation: http://{host}:{port}/docs)")
    click.echo(f"Token: {token or 'made earlier; ./parley tokens renew-admin makes another'}")
    click.echo(f"Data:   {data_dir}")
    click.echo(f"Models: {store.root}")
    if settings.server.dev_ports:
        ports = ", ".join(f"{dev.service} {dev.port}" for dev in DEV_PORTS)
        click.echo(f"Also, on {server.LOOPBACK} and without tokens: {ports}")


def talk_page(host: str, port: int, token: str | None) -> str:
    """The token stands where a browser does not send it. Browsers lend a microphone to pages of
    this machine: one that listens everywhere is opened as that."""
    is_everywhere = ip_address(host.strip("[]")).is_unspecified
    name = "localhost" if is_everywhere else host
    return f"http://{name}:{port}/" + (f"#token={token}" if token else "")
