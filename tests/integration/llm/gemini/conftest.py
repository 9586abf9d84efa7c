"""Gemini, made to ask the stand-in of its owner."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from app.core.http import OutboundLimits
from app.llm.providers.gemini import Gemini
from tests.fakes.gemini_api import CONTEXT_TOKENS, KEY, MODEL, GeminiApi


@asynccontextmanager
async def gemini(
    api: GeminiApi, *, key: str = KEY, model: str = MODEL, **limits: Any
) -> AsyncGenerator[Gemini]:
    made = Gemini(
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
async def api() -> AsyncGenerator[GeminiApi]:
    async with GeminiApi().serving() as api:
        yield api
