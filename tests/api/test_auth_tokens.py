"""API tokens of the gateway, as its document describes them."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.core.aio import Supervisor
from app.core.clock import utc_now
from app.core.crypto import KeyRing
from app.core.metrics import Metrics
from app.core.settings import Auth
from app.tenancy.domain.principals import TokenInvalid
from app.tenancy.remote_keys import RemoteKeys, open_client
from tests.api.conftest import LiveServer
from tests.scenarios.operator import command


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


async def rotate(admin: httpx.AsyncClient, token_id: str, overlap_s: Any) -> httpx.Response:
    return await admin.post(f"/auth/tokens/{token_id}/rotate", json={"overlap_s": overlap_s})


async def test_a_token_may_do_what_its_scopes_say(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    made = await make(admin, scopes=["write", "read"])
    assert made["scopes"] == ["read", "write"]
    assert await status_with(client, "/asr/status", made["token"]) == 403
    assert (await make(admin))["scopes"] == ["speech", "read", "call", "write"]


async def test_a_token_is_rotated_with_an_overlap(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    made = await make(admin, label="Till 4", scopes=["speech"])
    answer = await rotate(admin, made["id"], 60)
    new = answer.json()
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert (new["label"], new["scopes"], new["replaces"]) == ("Till 4", ["speech"], made["id"])
    assert new["replaced_works_until"] is not None
    for token in (made["token"], new["token"]):
        assert await status_with(client, "/asr/status", token) == 200
    assert (await rotate(admin, made["id"], 60)).status_code == 409
    await rotate(admin, new["id"], 0)
    assert await status_with(client, "/asr/status", new["token"]) == 401
    assert (await rotate(admin, new["id"], 0)).status_code == 404


@pytest.mark.parametrize("overlap_s", [-1, 7 * 86400 + 1, "x", 1.5, None, 1e300, [], True])
async def test_an_overlap_that_is_none_is_named(admin: httpx.AsyncClient, overlap_s: Any) -> None:
    answer = await rotate(admin, (await make(admin))["id"], overlap_s)
    assert answer.status_code == 400
    assert "overlap_s" in answer.json()["error"]


async def test_the_admin_token_is_not_rotated_here(admin: httpx.AsyncClient) -> None:
    tokens = (await admin.get("/auth/tokens", params={"user_id": "admin"})).json()["tokens"]
    (own,) = [token for token in tokens if token["is_admin"]]
    answer = await rotate(admin, own["id"], 0)
    assert answer.status_code == 409
    assert "./parley tokens renew-admin" in answer.json()["error"]


async def test_the_operator_makes_tokens_for_another_organization(
    server: LiveServer, client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    slug = f"bank-{uuid4()}"
    env = {"PARLEY_DATA_DIR": server.data_dir}
    assert command("orgs", "create", slug, env=env)[0] == 0
    made = await make(admin, organization=slug)
    assert await status_with(client, "/asr/status", made["token"]) == 200
    there = {"organization": slug}
    listed = (await admin.get("/auth/tokens", params=there)).json()
    assert [token["id"] for token in listed["tokens"]] == [made["id"]]
    assert made["id"] not in str((await admin.get("/auth/tokens")).json())
    path = f"/auth/tokens/{made['id']}"
    assert (await admin.delete(path)).status_code == 404
    assert (await admin.delete(path, params=there)).status_code == 200
    assert await status_with(client, "/asr/status", made["token"]) == 401


@pytest.mark.parametrize("name", ["", "nobody", "a\0b", "x" * 5000, "../default", "\u202e"])
async def test_an_organization_that_is_none_is_named(admin: httpx.AsyncClient, name: str) -> None:
    asked = [
        await admin.post("/auth/tokens", json={"user_id": "a", "organization": name}),
        await admin.get("/auth/tokens", params={"organization": name}),
    ]
    for answer in asked:
        assert answer.status_code == 404
        assert "organization" in answer.json()["error"]


@pytest.mark.parametrize("path", ["/auth/tokens", "/auth/usage"])
@pytest.mark.parametrize("user_id", ["a\0b", "x" * 5000, "\u202e"])
async def test_a_user_who_cannot_be_is_named(
    admin: httpx.AsyncClient, path: str, user_id: str
) -> None:
    answer = await admin.get(path, params={"user_id": user_id})
    assert (answer.status_code, answer.json()["details"]) == (422, {"field": "user_id"})


@pytest.mark.inventory("EX-023")
async def test_anybody_who_has_a_token_can_ask_whose_it_is(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    async def verdict(token: str) -> Any:
        return (await client.get("/api-tokens/validate", params={"token": token})).json()

    made = await make(admin, user_id="phone-7")
    assert await verdict(made["token"]) == {"valid": True, "deviceId": "phone-7"}
    await admin.delete(f"/auth/tokens/{made['id']}")
    for wrong in (made["token"], "", "wh_", "a\0b", "é" * 500, "sha256:" + "0" * 64):
        assert await verdict(wrong) == {"valid": False, "deviceId": None}
    missing = await client.get("/api-tokens/validate")
    assert (missing.status_code, "token" in missing.json()["error"]) == (400, True)


@pytest.mark.inventory("WH-355", "EX-023")
async def test_one_parley_checks_the_tokens_of_another(
    server: LiveServer, admin: httpx.AsyncClient
) -> None:
    made, org_id = await make(admin, user_id="phone-7"), uuid4()
    ring = KeyRing([b"k" * 32])
    outbound = open_client(Auth(mode="remote", remote_url=server.url))
    async with Supervisor(Metrics("test")) as supervisor:
        remote = RemoteKeys(server.url, outbound, supervisor, ring, org_id)
        principal = await remote.authenticate(made["token"])
        assert (principal.org_id, principal.user_id) == (org_id, "phone-7")
        with pytest.raises(TokenInvalid):
            await remote.authenticate(made["token"] + "x")
    await outbound.aclose()


@pytest.mark.inventory("WH-030", "NN-004")
@pytest.mark.parametrize("name", ["token", "api_key"])
async def test_a_websocket_takes_its_token_from_the_query(
    server: LiveServer, admin: httpx.AsyncClient, name: str
) -> None:
    token = (await make(admin))["token"]
    address = server.url.replace("http", "ws") + "/live"
    async with connect(f"{address}?{name}={token}"):
        pass
    for wrong in ("", f"?{name}={token}x", f"?{name}=%00", f"?{name}=%ff"):
        with pytest.raises(InvalidStatus) as refusal:
            async with connect(address + wrong):
                pass
        assert refusal.value.response.status_code in (401, 403)


@pytest.mark.inventory("WH-014")
async def test_the_admin_token_is_in_a_file_of_the_operator(server: LiveServer) -> None:
    path = Path(server.data_dir) / "auth" / "admin_token.txt"
    assert path.read_text().strip() == server.token
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.inventory("WH-357")
async def test_a_service_acts_with_the_shared_secret(
    server: LiveServer, client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    path = Path(server.data_dir) / "auth" / "internal_secret.txt"
    assert path.stat().st_mode & 0o077 == 0
    secret, user = path.read_text().strip(), f"user-{uuid4()}"

    async def answer(path: str, **headers: str) -> httpx.Response:
        sent = {name.replace("_", "-"): text.encode("latin-1") for name, text in headers.items()}
        return await client.get(path, headers=sent)

    assert (await answer("/asr/status", x_internal_secret=secret)).status_code == 200
    served = await answer("/asr/status", x_internal_secret=secret, x_user_id=user)
    assert served.status_code == 200
    assert (await answer("/auth/tokens", x_internal_secret=secret)).status_code == 403
    for wrong in ("", secret[:-1], secret + "x", "\u00e9" * 64, "auto"):
        assert (await answer("/asr/status", x_internal_secret=wrong)).status_code == 401
    for odd in ("x" * 121, "a\tb", "\u00ad"):
        named = await answer("/asr/status", x_internal_secret=secret, x_user_id=odd)
        assert (named.status_code, named.json()["details"]) == (400, {"field": "X-User-Id"})
    async with asyncio.timeout(20):
        while not (await admin.get("/auth/usage", params={"user_id": user})).json()["usage"]:
            pass


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
        ({"scopes": []}, "scopes"),
        ({"scopes": ["operate"]}, "scopes"),
        ({"scopes": ["speech", "a\0b"]}, "scopes"),
        ({"scopes": "speech"}, "scopes"),
        ({"scopes": [1]}, "scopes"),
        ({"scopes": None}, "scopes"),
        ({"organization": 7}, "organization"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
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
