"""The rates that the families' documents promise, over a real socket."""

import time

import httpx
import pytest

from tests.api.conftest import LiveServer


async def until_refused(client: httpx.AsyncClient, path: str, most: int) -> httpx.Response:
    for _ in range(2 * most + 2):  # a minute may end in between
        answer = await client.get(path)
        if answer.status_code == 429:
            return answer
    raise AssertionError(f"{path} was never refused")


@pytest.mark.inventory("NN-005", "CF-023")
async def test_the_voice_family_allows_100_a_minute_and_address(
    server: LiveServer, client: httpx.AsyncClient
) -> None:
    elsewhere = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(base_url=server.url, transport=elsewhere) as greedy:
        refusal = await until_refused(greedy, "/api/voice/agents", 100)
        assert (await greedy.get("/health")).status_code == 200
    assert refusal.json() == {"detail": "Rate limit exceeded: 100/minute"}
    assert 1 <= int(refusal.headers["retry-after"]) <= 60
    assert (await client.get("/api/voice/agents")).status_code == 404


@pytest.mark.inventory("VA-004", "VA-005", "VA-006", "VA-007")
async def test_the_v1_family_shows_what_is_left_of_1000_a_minute_and_key(
    server: LiveServer,
) -> None:
    def as_key(key: str) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.AsyncClient(base_url=server.url, headers=headers)

    async with as_key("va_one") as one, as_key("va_two") as two:
        first = (await one.get("/api/v1/agents")).headers
        assert (first["x-ratelimit-limit"], first["x-ratelimit-remaining"]) == ("1000", "999")
        assert 0 < int(first["x-ratelimit-reset"]) - time.time() <= 60
        refusal = await until_refused(one, "/api/v1/agents", 1000)
        assert refusal.json()["success"] is False
        assert refusal.json()["error"] == "Rate limit exceeded: 1000/minute"
        assert refusal.headers["x-ratelimit-remaining"] == "0"
        assert (await two.get("/api/v1/agents")).status_code == 404
