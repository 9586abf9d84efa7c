"""A Parley on real sockets, one of them a development port, and a language model that says what the
test wants."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.api.dev_ports import DEV_PORTS
from app.core.postgres.bootstrap import Endpoints
from app.core.settings import Server
from app.server import LOOPBACK, Listening, serve
from tests.api.wall.world import Organization, Person, World, world
from tests.conftest import superuser_url
from tests.fakes.openai_api import MODEL, OpenAiApi

CONTEXT_TOKENS = 4000
LABEL = f"local {MODEL}"
Event = dict[str, Any]


@dataclass
class Parley:
    url: str
    dev_url: str
    world: World
    model: OpenAiApi

    def client(self, token: str = "", person: Person | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token}"} if token else None,
            cookies=dict(person.cookies) if person else None,
            timeout=20,
        )

    @property
    def told(self) -> list[dict[str, Any]]:
        """The messages of the last prompt that the model was asked with."""
        return self.model.asked[-1].body["messages"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def serving(
    embedded: tuple[Path, Endpoints], app_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Parley]:
    del app_url  # migrated
    ports = [Listening(_bound()), Listening(_bound(), DEV_PORTS[4])]
    url, data_dir = superuser_url(embedded, "parley"), tmp_path_factory.mktemp("agent")
    async with (
        world(url, data_dir, LOCAL_LLM_CONTEXT=str(CONTEXT_TOKENS)) as running,
        asyncio.TaskGroup() as group,
    ):
        stop = asyncio.Event()
        group.create_task(serve(running.app, ports, Server(drain_s=0), stop))
        url, dev_url = (f"http://{LOOPBACK}:{each.address[1]}" for each in ports)
        yield Parley(url, dev_url, running, running.model)
        stop.set()


@pytest.fixture
def parley(serving: Parley) -> Parley:
    serving.model.scripted.clear()
    serving.model.replies.clear()
    serving.model.asked.clear()
    serving.model.left.clear()
    return serving


@pytest_asyncio.fixture(loop_scope="module")
async def organization(parley: Parley) -> Organization:
    return await parley.world.organization()


@pytest_asyncio.fixture(loop_scope="module")
async def client(parley: Parley, organization: Organization) -> AsyncGenerator[httpx.AsyncClient]:
    """With the API key of an organization that nobody else uses."""
    async with parley.client(organization.key) as client:
        yield client


def events_in(body: str) -> list[Event]:
    """As the documented clients read them."""
    return [*_events(body)]


def _events(body: str) -> Iterator[Event]:
    for line in body.splitlines():
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))


def _bound() -> socket.socket:
    bound = socket.create_server((LOOPBACK, 0))
    bound.setblocking(False)
    return bound
