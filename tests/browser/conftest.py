"""Parley as an operator starts it, a Chromium, and a voice and an ear for the tests."""

from collections.abc import AsyncGenerator, Generator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from tests.browser.speech import Speech
from tests.scenarios.operator import Running, serving
from tools import browser

CLIENT = Path(__file__).parents[1] / "fixtures" / "pipecat_client"


class Pages(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="session")
def chromium() -> str:
    found = browser.chromium()
    assert found, browser.MISSING
    return found


@pytest.fixture(scope="module")
def site() -> Generator[str]:
    """The origin of a page with Pipecat's client: another one than ours, as in the documents."""
    pages = partial(Pages, directory=str(CLIENT))
    with ThreadingHTTPServer(("127.0.0.1", 0), pages) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def parley(site: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    with serving(
        tmp_path_factory.mktemp("parley"), env={"PARLEY_DRAIN_S": "0", "FRONTEND_URL": site}
    ) as parley:
        yield parley
        assert parley.stop() == 0


@pytest.fixture
async def owner(parley: Running) -> AsyncGenerator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {parley.token}"}
    async with httpx.AsyncClient(base_url=parley.url, headers=headers, timeout=60) as client:
        yield client


@pytest.fixture
def speech(owner: httpx.AsyncClient, tmp_path: Path) -> Speech:
    return Speech(owner, tmp_path)
