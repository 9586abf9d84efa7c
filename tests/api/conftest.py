"""A real Parley, started as an operator starts it, on a port of its own."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from threading import Thread
from uuid import uuid4

import httpx
import pytest

from app.core.settings import process_environment
from tests.fakes.openai_api import MODEL, OpenAiApi

MOST_ATTEMPTS = "100000"
"""Everybody in these tests signs up and logs in from one address."""


@dataclass(frozen=True)
class LiveServer:
    url: str
    token: str
    data_dir: str
    talk: str = ""
    """The address of the page that was printed."""


@pytest.fixture(scope="session")
def language_model() -> Generator[OpenAiApi]:
    """Says back what it is told, on a loop of its own."""
    model, loop = OpenAiApi(), asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    serving = model.serving()
    asyncio.run_coroutine_threadsafe(serving.__aenter__(), loop).result()
    yield model
    asyncio.run_coroutine_threadsafe(serving.__aexit__(None, None, None), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture(scope="session")
def server(
    tmp_path_factory: pytest.TempPathFactory, language_model: OpenAiApi
) -> Generator[LiveServer]:
    data_dir = tmp_path_factory.mktemp("live")
    command = [sys.executable, "-m", "app.cli", "serve", "--port", "0", "--data-dir", str(data_dir)]
    environ = process_environment() | {
        "PARLEY_ATTEMPTS_PER_ADDRESS": MOST_ATTEMPTS,
        "PARLEY_LOOPBACK_CAN_BE_ALLOWED": "true",
        "LLM_PROVIDER": "local",
        "LOCAL_LLM_URL": f"{language_model.url}/v1",
        "LOCAL_LLM_MODEL": MODEL,
    }
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        try:
            yield _announced(process)
        finally:
            process.terminate()
            assert process.wait(timeout=60) == 0


def _announced(process: "subprocess.Popen[str]") -> LiveServer:
    assert process.stdout is not None
    facts: dict[str, str] = {}
    for line in process.stdout:
        name, _, fact = line.partition(":")
        facts[name] = fact.split()[0] if fact.split() else ""
        if name == "Models":
            return LiveServer(facts["URL"], facts["Token"], facts["Data"], facts["Talk"])
    raise AssertionError("the server ended before it was ready")


@pytest.fixture
async def client(server: LiveServer) -> AsyncGenerator[httpx.AsyncClient]:
    """From an address of its own, so that no test uses up the tries of another."""
    address = ".".join(["127", *(str(1 + byte % 250) for byte in uuid4().bytes[:3])])
    transport = httpx.AsyncHTTPTransport(local_address=address)
    async with httpx.AsyncClient(base_url=server.url, transport=transport) as client:
        yield client


@pytest.fixture
async def admin(server: LiveServer) -> AsyncGenerator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {server.token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
        yield client


@pytest.fixture
async def asr(server: LiveServer) -> AsyncGenerator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {server.token}"}
    base = f"{server.url}/asr"
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as client:
        yield client
