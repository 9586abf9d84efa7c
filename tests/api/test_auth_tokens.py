"""API tokens of the gateway, as its document describes them."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.core.clock import utc_now


async def make(admin: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await admin.post("/auth/tokens", json={"user_id": "my-app"} | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def status_with(client: httpx.AsyncClient, path: str, token: str) -> int:
    answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


@pytest.mark.inventory(
    "WH-013", "WH-015", "WH-016", "WH-017", "WH-018", "WH-019", "WH-029", "WH-031"
)
async def test_a_token_is_made_and_works(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    made = await make(admin, label="My Application")
    assert made["success"] is True
    assert made["token"].startswith("wh_")
    assert (made["user_id"], made["label"]) == ("my-app", "My Application")
    assert UUID(made["id"])
    assert await status_with(client, "/asr/status", made["token"]) == 200


@pytest.mark.inventory("WH-020", "WH-021")
async def test_tokens_are_listed_and_never_shown_again(admin: httpx.AsyncClient) -> None:
    user = f"user-{uuid4()}"
    made = [await make(admin, user_id=user) for _ in range(2)]
    of_user = (await admin.get("/auth/tokens", params={"user_id": user})).json()
    everything = (await admin.get("/auth/tokens")).json()
    assert [key["id"] for key in of_user["tokens"]] == [key["id"] for key in made]
    assert of_user["total"] == 2
    assert {key["id"] for key in of_user["tokens"]} < {key["id"] for key in everything["tokens"]}
    assert all(key["token"] not in str(everything) for key in made)
    assert (await admin.get("/auth/tokens", params={"user_id": "nobody"})).json()["total"] == 0


@pytest.mark.inventory("WH-022")
async def test_a_revoked_token_stops_working_at_once(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    made = await make(admin)
    revoked = await admin.delete(f"/auth/tokens/{made['id']}")
    assert (revoked.status_code, revoked.json()["success"]) == (200, True)
    assert await status_with(client, "/asr/status", made["token"]) == 401
    again = await admin.delete(f"/auth/tokens/{made['id']}")
    assert (again.status_code, again.json()["error"]) == (404, "Token not found")
    assert (await admin.delete("/auth/tokens/not-an-id")).status_code == 404


@pytest.mark.inventory("WH-027")
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/auth/tokens"), ("GET", "/auth/tokens"), ("DELETE", f"/auth/tokens/{uuid4()}")],
)
async def test_only_the_admin_manages_tokens(
    client: httpx.AsyncClient, admin: httpx.AsyncClient, method: str, path: str
) -> None:
    ordinary = (await make(admin))["token"]
    nobody = await client.request(method, path, json={"user_id": "x"})
    user = await client.request(
        method, path, json={"user_id": "x"}, headers={"Authorization": f"Bearer {ordinary}"}
    )
    assert (nobody.status_code, nobody.json()["error"]) == (401, "API token required")
    assert (user.status_code, user.json()["error"]) == (403, "Admin token required")


async def test_the_use_of_a_token_is_noted(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    user = f"user-{uuid4()}"
    made = await make(admin, user_id=user)

    async def last_used() -> str | None:
        listed = (await admin.get("/auth/tokens", params={"user_id": user})).json()
        return listed["tokens"][0]["last_used_at"]

    assert await last_used() is None
    await status_with(client, "/asr/status", made["token"])
    assert await last_used() is not None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"user_id": None}, "user_id"),
        ({"user_id": ""}, "user_id"),
        ({"user_id": "a\0b"}, "user_id"),
        ({"user_id": "x" * 121}, "user_id"),
        ({"user_id": ["a"]}, "user_id"),
        ({"label": 3}, "label"),
        ({"label": "\u202egnp"}, "label"),
        ({"expires_at": "soon"}, "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2999-01-01T00:00:00"}, "expires_at"),
    ],
)
async def test_a_wrong_field_is_named(
    admin: httpx.AsyncClient, fields: dict[str, Any], named: str
) -> None:
    answer = await admin.post("/auth/tokens", json={"user_id": "my-app"} | fields)
    assert answer.status_code in (400, 422)
    assert named in answer.json()["error"]


async def test_a_token_ends_when_it_was_to(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    end = utc_now() + timedelta(seconds=1)
    made = await make(admin, expires_at=end.isoformat())
    while utc_now() <= end:
        await status_with(client, "/asr/status", made["token"])
    assert await status_with(client, "/asr/status", made["token"]) == 401
