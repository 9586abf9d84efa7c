"""Claude, made to ask the stand-in of its owner."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.core.http import OutboundLimits
from app.llm.providers.claude import Claude
from tests.fakes.anthropic_api import CONTEXT_TOKENS, KEY, MODEL, AnthropicApi


@asynccontextmanager
async def claude(
    api: AnthropicApi, *, key: str = KEY, model: str = MODEL, **limits: Any
) -> AsyncGenerator[Claude]:
    made = Claude(
        base_url=api.url,
        api_key=key,
        model=model,
        context_tokens=CONTEXT_TOKENS,
        limits=OutboundLimits(**limits),
    )
    try:
        yield made
    finally:
        await made.aclose()


@pytest.fixture
async def api() -> AsyncGenerator[AnthropicApi]:
    async with AnthropicApi().serving() as api:
        yield api
