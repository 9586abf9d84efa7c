"""Usage of tokens, by the minute and in sum."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.test_auth_tokens import make, status_with


async def used_by(admin: httpx.AsyncClient, user: str, requests: int) -> list[dict[str, Any]]:
    """Waits until so many requests have been written."""
    async with asyncio.timeout(20):
        while True:
            answer = await admin.get("/auth/usage", params={"user_id": user, "days": 7})
            usage = answer.json()["usage"]
            if sum(entry["amounts"]["requests"] for entry in usage) >= requests:
                return usage


@pytest.mark.inventory("WH-023", "WH-024", "WH-025", "WH-026")
async def test_requests_are_counted_for_the_token_that_made_them(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    user = f"user-{uuid4()}"
    made = await make(admin, user_id=user)
    for _ in range(3):
        await status_with(client, "/asr/status", made["token"])
    usage = await used_by(admin, user, 3)
    assert {(entry["endpoint"], entry["key_id"]) for entry in usage} == {
        ("/asr/status", made["id"])
    }
    assert sum(entry["amounts"]["requests"] for entry in usage) == 3
    summary = (await admin.get("/auth/usage/summary")).json()
    [of_user] = [each for each in summary["by_user_and_endpoint"] if each["user_id"] == user]
    assert (of_user["endpoint"], of_user["amounts"]["requests"]) == ("/asr/status", 3)
    assert summary["total"]["requests"] > 3


@pytest.mark.parametrize("days", ["0", "-1", "x", "99999999999"])
async def test_days_must_be_a_number_of_days(admin: httpx.AsyncClient, days: str) -> None:
    answer = await admin.get("/auth/usage", params={"days": days})
    assert answer.status_code == 400
    assert "days" in answer.json()["error"]


async def test_usage_is_for_the_admin(client: httpx.AsyncClient, admin: httpx.AsyncClient) -> None:
    ordinary = (await make(admin))["token"]
    for path in ("/auth/usage", "/auth/usage/summary", "/auth/usage/models"):
        assert (await client.get(path)).status_code == 401
        assert await status_with(client, path, ordinary) == 403
