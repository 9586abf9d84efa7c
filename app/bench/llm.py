"""`parley bench llm`: what this layer adds to the packages of vendors, how fast the model of the
house is beside llama.cpp itself, and how often a long call has a model asked."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from statistics import median
from typing import Any, cast
from uuid import UUID

from app.bench.llm_server import TOKENS, scripted_server
from app.core.http import OutboundLimits
from app.core.scope import OrgScope
from app.llm.accounts import TokenAccounts
from app.llm.answering import Contender
from app.llm.conversation import Message, Prompt, Provider, TextChunk
from app.llm.prices import PriceList
from app.llm.providers.openai_compatible import local
from app.llm.service import LlmService

HELLO = "Good morning. What can you do for me?"
PROMPT = Prompt((Message("user", HELLO),), system="Be brief.")
SCOPE = OrgScope(UUID(int=1), actor="bench")
ROUNDS = 40
KEY = "none"
CHOSEN: dict[str, Any] = {
    "api_key": KEY,
    "model": "claude-sonnet-4-6",
    "context_tokens": 9999,
    "limits": OutboundLimits(),
}

Texts = AsyncGenerator[str, None]
Ask = Callable[[], Texts]


@dataclass(frozen=True, slots=True)
class Answered:
    """Seconds of the clock: until the first text, and from there for each that followed."""

    first_s: float
    each_s: float


async def run() -> AsyncIterator[str]:
    """Lines for a reader."""
    async with AsyncExitStack() as stack:
        base_url = await stack.enter_async_context(scripted_server())
        yield f"{ROUNDS} answers of {TOKENS} tokens each, by turns, medians"
        asked = {
            **_of_anthropic(base_url, stack),
            **_of_openai(base_url, stack),
        }
        answers: dict[str, list[Answered]] = {name: [] for name in asked}
        for _ in range(ROUNDS):
            for name, ask in asked.items():
                answers[name].append(await measured(ask))
        for name, those in answers.items():
            first_s = median(answer.first_s for answer in those)
            each_s = median(answer.each_s for answer in those)
            first, each = f"{1e6 * first_s:6.0f} us", f"{1e6 * each_s:6.1f} us"
            yield f"{name:28} first token {first}, then {each} a token"


async def measured(ask: Ask) -> Answered:
    begun_s = time.perf_counter()
    first_s, count = 0.0, 0
    async with aclosing(ask()) as texts:
        async for _ in texts:
            first_s = first_s or time.perf_counter() - begun_s
            count += 1
    whole_s = time.perf_counter() - begun_s
    return Answered(first_s, (whole_s - first_s) / max(1, count - 1))


def of(provider: Provider, prompt: Prompt = PROMPT) -> Ask:
    async def ask() -> Texts:
        async with aclosing(provider.stream(prompt)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, TextChunk):
                    yield chunk.text

    return ask


def _through_service(provider: Provider) -> Ask:
    """Nothing is written: what would write the accounts does not run."""
    accounts = TokenAccounts(cast("Any", None), cast("Any", None), PriceList(""))
    service = LlmService((Contender(provider),), accounts)

    async def ask() -> Texts:
        async with aclosing(service.stream(SCOPE, PROMPT)) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, TextChunk):
                    yield chunk.text

    return ask


def _of_anthropic(base_url: str, stack: AsyncExitStack) -> dict[str, Ask]:
    package: Any = import_module("anthropic")
    client = package.AsyncAnthropic(api_key=KEY, base_url=base_url, max_retries=0)
    stack.push_async_callback(client.close)
    claude = import_module("app.llm.providers.claude").Claude(base_url=base_url, **CHOSEN)
    stack.push_async_callback(claude.aclose)

    async def raw() -> Texts:
        said = [{"role": "user", "content": HELLO}]
        async with await client.messages.create(
            model="m", max_tokens=1024, system=PROMPT.system, messages=said, stream=True
        ) as events:
            async for event in events:
                if event.type == "content_block_delta":
                    yield event.delta.text

    return {
        "anthropic": raw,
        "claude": of(claude),
        "claude through the service": _through_service(claude),
    }


def _of_openai(base_url: str, stack: AsyncExitStack) -> dict[str, Ask]:
    url = f"{base_url}/v1"
    own = local(base_url=url, **CHOSEN)
    stack.push_async_callback(own.aclose)
    asked = {"local": of(own), "local through the service": _through_service(own)}
    if not find_spec("openai"):
        return asked
    package: Any = import_module("openai")
    client = package.AsyncOpenAI(api_key=KEY, base_url=url, max_retries=0)
    stack.push_async_callback(client.close)

    async def raw() -> Texts:
        said = [{"role": "user", "content": HELLO}]
        options = {"include_usage": True}
        async with await client.chat.completions.create(
            model="m", messages=said, stream=True, stream_options=options
        ) as chunks:
            async for chunk in chunks:
                if chunk.choices and (text := chunk.choices[0].delta.content):
                    yield text

    return {"openai": raw, **asked}
