"""The processes that `app.bench.talk` calls."""

import json
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from app.bench.holding import Holding
from app.core.settings import process_environment

PEER_VERSION = "1.14.0"
PEER = f"pipecat-ai[webrtc,whisper,kokoro]=={PEER_VERSION}"
_BOT = Path(__file__).with_name("talk_pipecat.py")


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    process: int
    token: str = ""
    organization: str = ""

    def client(self, address: str = "127.0.0.1") -> httpx.AsyncClient:
        """`address`: where the requests come from."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        transport = httpx.AsyncHTTPTransport(local_address=address)
        return httpx.AsyncClient(
            base_url=self.url, headers=headers, transport=transport, timeout=60
        )

    async def agent(self, settings: Any) -> str:
        async with self.client() as client:
            made = await client.post("/bot/api/agents", json=settings)
        made.raise_for_status()
        return str(made.json()["id"])

    async def rings_at(self, number: str, agent_id: str) -> None:
        path = f"/auth/organizations/{self.organization}/phone-numbers/{number}"
        async with self.client() as client:
            answer = await client.put(path, json={"agent_id": agent_id})
        answer.raise_for_status()

    async def holding(self) -> Holding:
        async with self.client() as client:
            return msgspec.json.decode((await client.get("/bench/holding")).content, type=Holding)


@contextmanager
def parley(*, keeps_phrases: bool = False) -> Generator[Server]:
    """That speaks all it says anew, unless it `keeps_phrases`."""
    cache_mb = "64" if keeps_phrases else "0"
    with _announced([sys.executable, "-m", "app.bench.talk_place", cache_mb]) as server:
        yield server


@contextmanager
def pipecat(python: Path, arguments: Sequence[str]) -> Generator[Server]:
    with _announced([str(python), str(_BOT), *arguments]) as server:
        yield server


@contextmanager
def _announced(command: Sequence[str]) -> Generator[Server]:
    environ = process_environment() | {"LOGURU_LEVEL": "CRITICAL"}
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ)  # noqa: S603
    with started as process:
        try:
            assert process.stdout is not None
            yield Server(**json.loads(process.stdout.readline()))
        finally:
            process.terminate()


def installed_pipecat(folder: Path) -> Path:
    """The Python of an environment that has it, made where it is not. Raises `OSError` where it
    cannot be had."""
    environment = folder / f"pipecat-{PEER_VERSION}"
    python = environment / "bin" / "python"
    done = environment / "installed"
    if not done.exists():
        _run([sys.executable, "-m", "venv", str(environment)])
        _run([str(python), "-m", "pip", "install", "--quiet", PEER])
        done.touch()
    return python


def _run(command: Sequence[str]) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if ran.returncode:
        last = ran.stderr.strip().splitlines()[-1:] or [f"exit status {ran.returncode}"]
        raise OSError(last[0])
