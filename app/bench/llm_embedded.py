"""The model of the house beside llama.cpp itself, with the same weights, threads and question, by
turns in one run."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from importlib import import_module
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from app.bench.llm import Answered, Ask, Texts, measured, of
from app.inference.manifest import Manifest
from app.inference.model_store import ModelStore
from app.inference.registry import ModelRegistry
from app.llm.conversation import Message, Prompt
from app.llm.llama.models import SHIPPED, SHIPPED_CONTEXT, SHIPPED_FILE, EmbeddedModel
from app.llm.llama.process import llama_threads
from app.llm.providers.embedded import TOP_P, Embedded

QUESTION = "Explain in five sentences how a telephone call reaches the person who is called."
MOST_TOKENS = 64
"""Of each answer; where it is shorter, so is that of the other."""
MEMORY_BYTES = 2**31


async def run(manifest: Manifest, store: ModelStore, rounds: int) -> AsyncIterator[str]:
    """Lines for a reader."""
    async with AsyncExitStack() as stack:
        model = EmbeddedModel()
        models = ModelRegistry(manifest, store, model.loaders, budget_bytes=MEMORY_BYTES)
        stack.push_async_callback(models.close)
        weights = store.verified(manifest.get(SHIPPED)) / SHIPPED_FILE
        raw = stack.enter_context(_Raw(weights))
        asked: dict[str, list[Answered]] = {"parley": [], "llama.cpp": []}
        provider = Embedded(models, model)
        for number in range(rounds + 1):
            prompt = _prompt(number)
            for name, ask in {"parley": of(provider, prompt), "llama.cpp": raw.of(prompt)}.items():
                answer = await measured(ask)
                if number:
                    asked[name].append(answer)
        for line in _lines(asked):
            yield line


def _prompt(number: int) -> Prompt:
    """Of each round another, whose beginning was not read before."""
    said = Message("user", f"({number}) {QUESTION}")
    return Prompt((said,), system=f"{number}: be brief.", most_tokens=MOST_TOKENS, temperature=0.0)


def _lines(asked: dict[str, list[Answered]]) -> list[str]:
    lines = [f"{llama_threads()} threads, prompts of about 40 tokens, by turns"]
    for name, answers in asked.items():
        first_ms = 1000 * median(answer.first_s for answer in answers)
        pace = 1 / median(answer.each_s for answer in answers)
        lines.append(f"{name:10} first token {first_ms:5.0f} ms, then {pace:5.1f} tokens/s")
    pairs = list(zip(*asked.values(), strict=True))
    first = median(own.first_s / raw.first_s for own, raw in pairs)
    each = median(raw.each_s / own.each_s for own, raw in pairs)
    lines.append(f"ratio      first token {first:.2f}, tokens/s {each:.2f}")
    return lines


class _Raw(ExitStack):
    """Within this process, and told of nothing but the question."""

    def __init__(self, weights: Path) -> None:
        super().__init__()
        folder = Path(self.enter_context(TemporaryDirectory()))
        llama: Any = import_module("xllamacpp")
        parameters = import_module("app.llm.llama.serving").parameters
        said = parameters(weights, folder / "raw.sock", SHIPPED_CONTEXT, llama_threads())
        self._server = llama.Server(said)

    def of(self, prompt: Prompt) -> Ask:
        request = {
            "messages": [
                {"role": "system", "content": prompt.system},
                {"role": "user", "content": prompt.messages[0].text},
            ],
            "max_tokens": prompt.most_tokens,
            "temperature": prompt.temperature,
            "top_p": TOP_P,
            "stream": True,
        }

        async def ask() -> Texts:
            loop, told = asyncio.get_running_loop(), asyncio.Queue[str | None]()

            def heard(chunk: dict[str, Any]) -> None:
                for choice in chunk["choices"]:
                    if text := choice["delta"].get("content"):
                        loop.call_soon_threadsafe(told.put_nowait, text)

            def think() -> None:
                self._server.handle_chat_completions(request, heard)
                loop.call_soon_threadsafe(told.put_nowait, None)

            thread = threading.Thread(target=think)
            thread.start()
            while (text := await told.get()) is not None:
                yield text
            thread.join()

        return ask
