"""What user accounts make of hostile input: a 4xx that names the field, never a 500."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.browser import Browser

AUTH = "/bot/api/auth"
PASSWORD = "securepass123"

ADDRESSES: list[Any] = [
    "",
    "ada",
    "@bank.example",
    "ada@",
    "ada@@bank.example",
    "ada@bank@bank.example",
    "ada bank@bank.example",
    " ada@bank.example",
    "ada@bank.example ",
    "ada@bank.example\n",
    "ada@bank.example\r\nBcc: eve@evil.example",
    "ada@bank.example\0",
    "a\0da@bank.example",
    "\u202eada@bank.example",
    "a\u200bda@bank.example",
    "a\u00adda@bank.example",
    "ada@ba\u200bnk.example",
    "ada@bank..example",
    "ada@-bank.example",
    "ada@[127.0.0.1]",
    '"ada lovelace"@bank.example',
    "Ada <ada@bank.example>",
    "=?utf-8?q?ada?=@bank.example",
    "ada@" + "bank." * 60 + "example",
    "x" * 310 + "@bank.example",
    "x" * 1_000_000 + "@bank.example",
    "ada@bank.example,eve@evil.example",
    None,
    7,
    ["ada@bank.example"],
    {"email": "ada@bank.example"},
    True,
]
PASSWORDS: list[Any] = ["", "short", "x" * 257, "x" * 1_000_000, "a\0bcdefgh", None, 12345678, []]
NAMES: list[Any] = ["x" * 121, "x" * 1_000_000, "a\0b", "a\nb", "\u202egnp", None, 7, {}]
TOKENS: list[Any] = ["", "x", "\0", "reset_\u202e", "x" * 1_000_000, None, 7, [], "é" * 100]


def case(route: str, field: str, value: Any) -> Any:
    body: dict[str, Any] = {"email": "ada@bank.example", "password": PASSWORD}
    if "verify" in route or "reset" in route:
        body = {"token": "reset_x", "password": PASSWORD}
    return pytest.param(route, body | {field: value}, field, id=f"{route}-{field}-{value!r:.40}")


CASES = [
    *(case("signup", "email", value) for value in ADDRESSES),
    *(case("login", "email", value) for value in ADDRESSES),
    *(case("forgot-password", "email", value) for value in ADDRESSES),
    *(case("resend-verification", "email", value) for value in ADDRESSES if value is not None),
    *(case("signup", "password", value) for value in PASSWORDS),
    *(case("login", "password", value) for value in ("x" * 257, None, 7, [])),
    *(case("signup", "name", value) for value in NAMES),
    *(case("verify-email", "token", value) for value in TOKENS),
    *(case("reset-password", "token", value) for value in TOKENS),
    *(case("reset-password", "password", value) for value in ("x" * 257, 7, [], None)),
]


@pytest.mark.parametrize(("route", "body", "field"), CASES)
async def test_a_wrong_field_is_named(
    client: httpx.AsyncClient, route: str, body: dict[str, Any], field: str
) -> None:
    answer = await client.post(f"{AUTH}/{route}", json=body)
    assert 400 <= answer.status_code < 500
    assert field in answer.json()["error"]
    assert "set-cookie" not in answer.headers


ROUTES = (
    *("signup", "login", "forgot-password", "reset-password", "verify-email"),
    *("resend-verification", "change-password"),
)
BODIES = [
    *(b"", b"{", b"null", b"[]", b"7", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"email":' * 50_000),
    b'{"email": "\\ud800@x.de", "password": "securepass123", "token": "\\ud800"}',
    b'{"email": "a@x.de", "password": "\\ud800\\ud800aaaaaaaa", "token": 1}',
]


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:24]))
@pytest.mark.parametrize("route", ROUTES)
async def test_what_is_no_such_body_is_a_4xx(
    client: httpx.AsyncClient, route: str, body: bytes
) -> None:
    answer = await client.post(f"{AUTH}/{route}", content=body)
    assert 400 <= answer.status_code < 500, answer.text


@pytest.mark.parametrize(
    "cookie",
    [
        *("access_token=", "access_token=x", "access_token=a.b.c", "access_token=%00; x"),
        *("access_token=eyJhbGciOiJub25lIn0.e30.", "=", ";;;", "access_token"),
        "access_token=" + "A" * 6000,
        'access_token="\\377\\000"; refresh_token="\\ud800"',
    ],
)
@pytest.mark.parametrize(("method", "route"), [("GET", "me"), ("POST", "refresh")])
async def test_what_is_no_cookie_of_ours_is_a_401(
    client: httpx.AsyncClient, method: str, route: str, cookie: str
) -> None:
    sent = cookie.replace("access", "refresh") if route == "refresh" else cookie
    answer = await client.request(method, f"{AUTH}/{route}", headers={"cookie": sent})
    assert answer.status_code == 401, answer.text


@pytest.mark.parametrize("value", NAMES, ids=lambda value: repr(value)[:24])
async def test_a_wrong_new_name_is_named(client: httpx.AsyncClient, value: Any) -> None:
    browser = Browser(client)
    await browser.post(f"{AUTH}/guest")
    answer = await browser.request("PATCH", f"{AUTH}/me", json={"name": value})
    assert 400 <= answer.status_code < 500
    assert "name" in answer.json()["error"]


async def test_a_session_of_another_is_not_found(client: httpx.AsyncClient) -> None:
    own, other = Browser(client), Browser(client)
    for browser in (own, other):
        await browser.post(f"{AUTH}/guest")
    (theirs,) = (await other.get(f"{AUTH}/sessions")).json()["sessions"]
    for session_id in (theirs["id"], uuid4()):
        answer = await own.request("DELETE", f"{AUTH}/sessions/{session_id}")
        assert (answer.status_code, answer.json()["error"]) == (404, "Session not found")
    assert (await other.get(f"{AUTH}/me")).status_code == 200
    assert (await own.request("DELETE", f"{AUTH}/sessions/1")).status_code == 404
