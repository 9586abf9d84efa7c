"""A GGUF model in a process of its own, asked over a socket that only this user can open."""

import logging
import subprocess
import sys
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from tempfile import TemporaryDirectory
from typing import IO

import msgspec

from app.core.errors import Unavailable
from app.inference.machine import usable_cores
from app.llm.llama.gguf import GgufHeader

ROOT = Path(__file__).parents[3]
PROGRAM = "app.llm.llama.serving"
LOADED_WITHIN_S = 300
ENDED_WITHIN_S = 5
MOST_THREADS = 2

log = logging.getLogger(__name__)


class ModelUnusable(Unavailable):
    """llama.cpp cannot use the model; the message has its words."""


class Facts(msgspec.Struct, frozen=True):
    """Told once the model is loaded."""

    header: GgufHeader
    memory_bytes: int


class LlamaProcess:
    """A `Loaded` of the registry. What it runs may end at any time, and is then started anew."""

    device = "cpu"

    def __init__(self, model: Path, context_tokens: int) -> None:
        """Blocks until the model is loaded."""
        self._model = model
        self._context_tokens = context_tokens
        self._start()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def restart(self) -> None:
        """After it ended. Blocks."""
        log.warning("llama.cpp ended and is started anew; it said: %s", self._last_words())
        self._end()
        self._start()

    def _start(self) -> None:
        self._folder = TemporaryDirectory(prefix="parley-llama-")
        folder = Path(self._folder.name)
        self.socket = folder / "asked.sock"
        self._said = folder / "said"
        self._process = self._begun()
        try:
            facts = self._facts()
        except BaseException:
            self.kill()
            raise
        self.header = facts.header
        self.memory_bytes = facts.memory_bytes

    def kill(self) -> None:
        """Ends what hangs. Blocks for a moment."""
        self._process.kill()
        self._end()

    def close(self) -> None:
        _close(self._process.stdin)
        try:
            self._process.wait(ENDED_WITHIN_S)
        except subprocess.TimeoutExpired:
            log.warning("llama.cpp did not end within %d s", ENDED_WITHIN_S)
            self._process.kill()
        self._end()

    def _last_words(self) -> str:
        try:
            lines = self._said.read_text(errors="replace").split("\n")
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    def _begun(self) -> subprocess.Popen[bytes]:
        given = [self._model, self.socket, self._context_tokens, llama_threads()]
        with self._said.open("wb") as said:
            return subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", PROGRAM, *map(str, given)],
                cwd=ROOT,
                env={},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
            )

    def _facts(self) -> Facts:
        assert self._process.stdout
        with DefaultSelector() as waiting:
            waiting.register(self._process.stdout, EVENT_READ)
            if not waiting.select(LOADED_WITHIN_S):
                raise ModelUnusable(f"{self._model.name} did not load in {LOADED_WITHIN_S} s")
        line = self._process.stdout.readline()
        if not line:
            raise ModelUnusable(f"{self._model.name} cannot be used: {self._last_words()}")
        return msgspec.json.decode(line, type=Facts)

    def _end(self) -> None:
        self._process.wait()
        _close(self._process.stdin)
        _close(self._process.stdout)
        self._folder.cleanup()


def llama_threads() -> int:
    """One core is left to those who hear and speak: llama.cpp's threads wait for each other, so two
    of them on two busy cores take longer than one alone."""
    return max(1, min(MOST_THREADS, usable_cores() - 1))


def _close(pipe: IO[bytes] | None) -> None:
    if pipe:
        pipe.close()
