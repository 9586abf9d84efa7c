"""What an operator does at a shell: starts Parley, reads what it says, stops or kills it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

COMMAND = [sys.executable, "-m", "app.cli"]


@dataclass(frozen=True)
class Running:
    process: "subprocess.Popen[str]"
    facts: Mapping[str, str]

    @property
    def url(self) -> str:
        return self.facts["URL"].split()[0]

    @property
    def token(self) -> str:
        return self.facts["Token"]

    def wait_until_ready(self) -> None:
        """With its models loaded."""
        until_s = time.monotonic() + 60
        while httpx.get(f"{self.url}/ready").status_code != 200:
            assert time.monotonic() < until_s

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=60)


@contextmanager
def serving(
    data_dir: Path, *options: str, env: Mapping[str, str] | None = None
) -> Generator[Running]:
    command = [*COMMAND, "serve", "--port", "0", "--data-dir", str(data_dir), *options]
    environment = os.environ | (env or {})  # noqa: TID251
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield Running(process, _facts(process))
        finally:
            process.kill()


def command(*arguments: str, env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Runs one command; its status and all that it said."""
    finished = subprocess.run(
        [*COMMAND, *arguments],
        env=os.environ | (env or {}),  # noqa: TID251
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    return finished.returncode, finished.stdout


def _facts(process: "subprocess.Popen[str]") -> dict[str, str]:
    assert process.stdout is not None
    facts: dict[str, str] = {}
    for line in process.stdout:
        name, _, fact = line.partition(":")
        facts[name] = fact.strip()
        if name == "Models":
            return facts
    raise AssertionError(f"Parley ended with {process.wait()} before it was ready")
