"""`python -m app.llm.llama.serving MODEL SOCKET CONTEXT THREADS`: llama.cpp's server on a socket in
a folder of its own, until standard input ends, which is when whoever started it is gone.

Not within our process: llama.cpp holds Python's lock while it loads, ends its process where it
meets what it does not expect, and some schemas keep it busy for ever.
"""

import os
import sys
from pathlib import Path
from shutil import rmtree
from typing import Any

import msgspec
import xllamacpp  # pyright: ignore[reportMissingTypeStubs]

from app.llm.llama.gguf import read_header
from app.llm.llama.process import Facts

NICENESS = 5
"""Below what hears and speaks, above what nobody waits for."""
BATCH_TOKENS = 64
"""Of a prompt: who hangs up meanwhile is noticed after so many."""
KEPT_MIB = 128
"""For what earlier prompts were read to, so that conversations which take turns are not read anew
each time."""
HTTP_THREADS = 2

_llama: Any = xllamacpp


def main(model: Path, socket: Path, context_tokens: int, threads: int) -> None:
    os.nice(NICENESS)
    header = read_header(model)
    try:
        server = _llama.Server(parameters(model, socket, context_tokens, threads))
    except RuntimeError:
        sys.exit("llama.cpp cannot load it")
    facts = Facts(header, _resident_bytes() + (KEPT_MIB << 20))
    sys.stdout.buffer.write(msgspec.json.encode(facts) + b"\n")
    sys.stdout.buffer.flush()
    sys.stdin.buffer.read()
    del server
    rmtree(socket.parent, ignore_errors=True)
    os._exit(0)


def parameters(model: Path, socket: Path, context_tokens: int, threads: int) -> Any:
    said = _llama.CommonParams()
    said.model.path = str(model)
    said.hostnames = [str(socket)]
    said.n_threads_http = HTTP_THREADS
    said.ui = said.endpoint_slots = False
    said.verbosity = 0
    said.n_ctx = context_tokens
    said.n_parallel = 1
    said.n_batch = said.n_ubatch = BATCH_TOKENS
    said.cache_ram_mib = KEPT_MIB
    said.prefill_assistant = False
    said.enable_reasoning = 0
    said.cpuparams.n_threads = said.cpuparams_batch.n_threads = threads
    return said


def _resident_bytes() -> int:
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
