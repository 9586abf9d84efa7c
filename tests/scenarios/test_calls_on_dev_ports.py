"""A call from a browser on the port of the documents, where nobody is asked for a token."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser_peer import OFFER
from tests.scenarios.operator import serving

DEV_PORT = "http://127.0.0.1:8000/api/offer"


@pytest.mark.inventory("WH-247", "WH-255")
async def test_the_demonstration_answers_without_a_token(tmp_path: Path) -> None:
    with serving(tmp_path, "--dev-ports") as running:
        async with httpx.AsyncClient() as client:
            keyed = {"Authorization": f"Bearer {running.token}"}
            [agent] = (await client.get(f"{running.url}/bot/api/agents", headers=keyed)).json()
            offer = {"sdp": OFFER, "type": "offer", "agent_id": agent["id"]}
            refused = await client.post(f"{running.url}/bot/api/offer", json=offer)
            assert refused.status_code == 401
            answer = await _answered(client, offer)
            assert answer["type"] == "answer"
            body = {"pc_id": answer["pc_id"], "candidates": [{"candidate": ""}]}
            assert (await client.patch(DEV_PORT, json=body)).status_code == 200


async def _answered(client: httpx.AsyncClient, offer: Mapping[str, Any]) -> dict[str, Any]:
    """A machine that is busy with its start says so, and is asked again."""
    for _ in range(50):
        answer = await client.post(DEV_PORT, json=offer)
        if answer.status_code == 200:
            return answer.json()
        assert answer.status_code == 503, answer.text
        await asyncio.sleep(1)
    raise AssertionError("the machine is busy all the time")
