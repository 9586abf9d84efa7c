"""What language models took and cost, as the operator sees it."""

from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.core.scope import OrgScope
from app.llm.prices import TAKEN
from tests.api.agent.conftest import LABEL, Parley
from tests.fakes.openai_api import COMPLETION_TOKENS, MODEL, PROMPT_TOKENS

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOTHING = {"requests": 0, "usage": {"input_tokens": 0, "output_tokens": 0}}


@pytest_asyncio.fixture(loop_scope="module")
async def operator(parley: Parley) -> AsyncGenerator[httpx.AsyncClient]:
    """With a token of now: another world on the same database may have renewed that of ours."""
    runtime = parley.world.runtime
    scope = OrgScope(runtime.default_organization, "test")
    async with parley.client(await runtime.api_keys.renew_admin(scope)) as client:
        yield client


async def test_an_answer_is_on_the_account_of_its_organization(
    parley: Parley, operator: httpx.AsyncClient
) -> None:
    before, _ = await _of_model(parley, operator)
    asked = {"transcript": "Hello.", "user_id": "ada"}
    assert (await operator.post("/agent/process", json=asked)).status_code == 200
    day, told = await _of_model(parley, operator)
    assert (day["provider"], day["requests"]) == ("local", before["requests"] + 1)
    for kind, tokens in (("input_tokens", PROMPT_TOKENS), ("output_tokens", COMPLETION_TOKENS)):
        assert day["usage"][kind] == before["usage"][kind] + tokens
    assert (day["cost_usd"], told["cost_usd"]) == (None, None)
    assert (told["model"], told["prices_of"]) == (LABEL, TAKEN.isoformat())


async def _of_model(
    parley: Parley, operator: httpx.AsyncClient
) -> tuple[dict[str, Any], dict[str, Any]]:
    await parley.world.runtime.thinking.accounts.flush()
    told = (await operator.get("/auth/usage/models?days=1")).json()
    of_model = [each for each in told["by_day"] if each["model"] == MODEL]
    return (of_model[0] if of_model else NOTHING), told
