"""User accounts over HTTP, as the gateway's document shows them."""

import shutil
import subprocess
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest

from tests.api.browser import Browser
from tests.api.conftest import LiveServer
from tests.api.people import people_of
from tests.integration.tenancy.people import token_in

AUTH = "/bot/api/auth"
PASSWORD, OTHER = "securepass123", "another horse battery"
EVIL = {"origin": "https://evil.example"}
FRONT_END = {"origin": "http://localhost:3000"}


def new_address() -> str:
    return f"ada-{uuid4().hex}@bank.example"


@pytest.fixture
async def browser(client: httpx.AsyncClient) -> Browser:
    return Browser(client)


async def sign_up(browser: Browser, **fields: Any) -> str:
    email = fields.pop("email", new_address())
    answer = await browser.post(
        f"{AUTH}/signup", json={"email": email, "password": PASSWORD} | fields
    )
    assert answer.status_code == 201, answer.text
    return email


async def log_in(browser: Browser, email: str, password: str = PASSWORD) -> httpx.Response:
    return await browser.post(f"{AUTH}/login", json={"email": email, "password": password})


@pytest.fixture
async def ada(browser: Browser) -> tuple[Browser, str]:
    email = await sign_up(browser, name="Ada")
    assert (await log_in(browser, email)).status_code == 200
    return browser, email


def without_ids(answer: httpx.Response) -> tuple[int, dict[str, Any], set[str]]:
    body = {name: value for name, value in answer.json().items() if name != "request_id"}
    return answer.status_code, body, set(answer.headers) - {"x-request-id"}


def curl(folder: Path, *arguments: str) -> Any:
    command = ["curl", "--silent", "--show-error", "--noproxy", "*", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=60)
    return msgspec.json.decode(done.stdout)


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
@pytest.mark.inventory("WH-301", "WH-302", "WH-305", "WH-306", "WH-314")
def test_the_examples_of_the_document_work_as_printed(server: LiveServer, tmp_path: Path) -> None:
    at = server.url.replace("127.0.0.1", "localhost") + AUTH
    json = ("-H", "Content-Type: application/json")
    body = '{"email": "user@example.com", "password": "securepass123"}'
    signed_up = curl(tmp_path, "-X", "POST", f"{at}/signup", *json, "-d", body)
    assert signed_up["success"] is True
    logged_in = curl(tmp_path, "-X", "POST", f"{at}/login", *json, "-c", "cookies.txt", "-d", body)
    assert logged_in["user"]["email"] == "user@example.com"
    me = curl(tmp_path, f"{at}/me", "-b", "cookies.txt")
    assert me["user"] == logged_in["user"]
    assert me["organization"]["role"] == "owner"
    guest = curl(tmp_path, "-X", "POST", f"{at}/guest", "-c", "cookies.txt")
    assert guest["user"]["is_guest"] is True
    me = curl(tmp_path, f"{at}/me", "-b", "cookies.txt", "-c", "cookies.txt")
    assert (me["user"]["email"], me["user"]["id"]) == (None, guest["user"]["id"])


@pytest.mark.inventory("WH-302", "WH-314")
async def test_the_cookies_of_a_login_are_out_of_reach_for_scripts_and_other_sites(
    browser: Browser,
) -> None:
    answer = await log_in(browser, await sign_up(browser))
    cookies = browser.cookies
    assert set(cookies) == {"access_token", "refresh_token"}
    for cookie in cookies.values():
        assert cookie["httponly"]
        assert cookie["secure"]
        assert cookie["samesite"].lower() == "lax"
        assert not cookie["domain"]
        assert cookie.value not in answer.text
    access, refresh = cookies["access_token"], cookies["refresh_token"]
    assert (access["path"], refresh["path"]) == ("/", AUTH)
    assert 0 < int(access["max-age"]) <= 15 * 60 < int(refresh["max-age"])


async def test_signing_up_sets_no_cookies_and_tells_nobody_who_has_an_account(
    client: httpx.AsyncClient,
) -> None:
    body = {"email": new_address(), "password": PASSWORD, "name": "Ada"}
    new = await client.post(f"{AUTH}/signup", json=body)
    known = await client.post(f"{AUTH}/signup", json=body | {"password": OTHER})
    assert new.status_code == 201
    assert without_ids(new) == without_ids(known)
    assert "set-cookie" not in new.headers


async def test_a_failed_login_says_the_same_whatever_the_reason(browser: Browser) -> None:
    known, unknown = await sign_up(browser), new_address()
    wrong, nobody = await log_in(browser, known, OTHER), await log_in(browser, unknown)
    assert wrong.status_code == 401
    assert without_ids(wrong) == without_ids(nobody)
    assert not browser.cookies


async def test_asking_for_a_letter_says_the_same_whether_there_is_an_account(
    browser: Browser,
) -> None:
    known = await sign_up(browser)
    for path in ("forgot-password", "resend-verification"):
        answers = [
            await browser.post(f"{AUTH}/{path}", json={"email": email})
            for email in (known, new_address())
        ]
        assert answers[0].status_code == 202
        assert without_ids(answers[0]) == without_ids(answers[1])
        assert answers[0].json()["email_delivery"] is False
        assert "operator" in answers[0].json()["message"]


@pytest.mark.inventory("WH-305")
async def test_me_is_the_user_and_the_organizations(ada: tuple[Browser, str]) -> None:
    browser, email = ada
    me = (await browser.get(f"{AUTH}/me")).json()
    assert (me["user"]["email"], me["user"]["name"]) == (email, "Ada")
    assert (me["user"]["is_guest"], me["user"]["email_verified"]) == (False, False)
    assert me["organizations"] == [me["organization"]]
    assert set(me["organization"]) == {"id", "name", "slug", "role"}
    renamed = await browser.request("PATCH", f"{AUTH}/me", json={"name": " Ada L. "})
    assert renamed.json()["user"]["name"] == "Ada L."
    assert (await browser.get(f"{AUTH}/me")).json() == renamed.json()


@pytest.mark.inventory("WH-304", "WH-315")
async def test_refreshing_replaces_both_cookies(ada: tuple[Browser, str]) -> None:
    browser, _ = ada
    before = browser.cookies["refresh_token"].value
    answer = await browser.post(f"{AUTH}/refresh")
    assert (answer.status_code, answer.json()["success"]) == (200, True)
    assert browser.cookies["refresh_token"].value != before
    assert (await browser.get(f"{AUTH}/me")).status_code == 200


async def test_a_failed_refresh_clears_the_cookies(ada: tuple[Browser, str]) -> None:
    browser, _ = ada
    token = browser.cookies["refresh_token"].value
    assert (await browser.post(f"{AUTH}/logout")).status_code == 200
    stale = await browser.post(f"{AUTH}/refresh", headers={"cookie": f"refresh_token={token}"})
    assert stale.status_code == 401
    assert stale.json()["code"] == "not_authenticated"
    cleared = stale.headers.get_list("set-cookie")
    assert len(cleared) == 2
    assert all("Max-Age=0" in line for line in cleared)


@pytest.mark.inventory("WH-303")
async def test_logging_out_ends_the_session_and_can_be_repeated(ada: tuple[Browser, str]) -> None:
    browser, _ = ada
    access = browser.cookies["access_token"].value
    del browser.cookies["access_token"]  # as when it has expired
    assert (await browser.post(f"{AUTH}/logout")).status_code == 200
    assert not browser.cookies
    assert (await browser.post(f"{AUTH}/logout")).status_code == 200
    after = await browser.get(f"{AUTH}/me", headers={"cookie": f"access_token={access}"})
    assert after.status_code == 401


@pytest.mark.inventory("WH-316")
async def test_what_is_not_public_asks_who_one_is(
    client: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    for method, path in (
        ("GET", "me"),
        ("PATCH", "me"),
        ("POST", "change-password"),
        ("GET", "sessions"),
        ("DELETE", "sessions"),
        ("DELETE", f"sessions/{uuid4()}"),
    ):
        answer = await client.request(method, f"{AUTH}/{path}", json={"name": "x"})
        assert answer.status_code == 401, path
        by_key = await admin.request(method, f"{AUTH}/{path}", json={"name": "x"})
        assert by_key.status_code in (401, 403), path


@pytest.mark.inventory("WH-307", "WH-308", "WH-309", "WH-310")
async def test_letters_verify_an_address_and_replace_a_password(
    server: LiveServer, ada: tuple[Browser, str]
) -> None:
    browser, email = ada
    async with people_of(server) as people:

        async def token_of(subject: str) -> str:
            while True:
                for letter in await people.base.mail.list(limit=1000):
                    if (letter.recipient, letter.subject) == (email, subject):
                        body = (await people.base.mail.get(letter.id))[1]
                        return token_in(body.text if body else "")

        token = await token_of("Confirm your e-mail address")
        verified = await browser.post(f"{AUTH}/verify-email", json={"token": token})
        assert (verified.status_code, verified.json()) == (200, {"success": True})
        assert (await browser.get(f"{AUTH}/me")).json()["user"]["email_verified"] is True
        asked = await browser.post(f"{AUTH}/forgot-password", json={"email": email})
        assert asked.status_code == 202
        token = await token_of("Choose a new password")
    reset = {"token": token, "new_password": OTHER}
    assert (await browser.post(f"{AUTH}/reset-password", json=reset)).status_code == 200
    again = await browser.post(f"{AUTH}/reset-password", json=reset)
    assert (again.status_code, again.json()["details"]["field"]) == (400, "token")
    assert (await browser.get(f"{AUTH}/me")).status_code == 401
    assert (await log_in(browser, email)).status_code == 401
    assert (await log_in(browser, email, OTHER)).status_code == 200


async def test_sessions_are_listed_and_ended_one_by_one_or_all_others(
    ada: tuple[Browser, str], client: httpx.AsyncClient
) -> None:
    browser, email = ada
    second, third = Browser(client), Browser(client)
    for other in (second, third):
        assert (await log_in(other, email)).status_code == 200
    listed = (await browser.get(f"{AUTH}/sessions")).json()
    assert (listed["total"], len(listed["sessions"])) == (3, 3)
    assert [each["is_current"] for each in listed["sessions"]].count(True) == 1
    assert all(each["device_info"].startswith("python-httpx") for each in listed["sessions"])
    mine = (await second.get(f"{AUTH}/sessions")).json()["sessions"]
    second_id = next(each["id"] for each in mine if each["is_current"])
    ended = await browser.request("DELETE", f"{AUTH}/sessions/{second_id}")
    assert ended.status_code == 200
    assert (await second.get(f"{AUTH}/me")).status_code == 401
    assert (await third.get(f"{AUTH}/me")).status_code == 200
    again = await browser.request("DELETE", f"{AUTH}/sessions/{second_id}")
    assert (again.status_code, again.json()["error"]) == (404, "Session not found")
    assert (await browser.request("DELETE", f"{AUTH}/sessions")).status_code == 200
    assert (await third.get(f"{AUTH}/me")).status_code == 401
    assert (await browser.get(f"{AUTH}/me")).status_code == 200


async def test_a_changed_password_is_asked_for_from_then_on(ada: tuple[Browser, str]) -> None:
    browser, email = ada
    change = {"current_password": OTHER, "password": OTHER}
    wrong = await browser.post(f"{AUTH}/change-password", json=change)
    assert (wrong.status_code, wrong.json()["details"]["field"]) == (400, "current_password")
    change["current_password"] = PASSWORD
    assert (await browser.post(f"{AUTH}/change-password", json=change)).status_code == 200
    assert (await log_in(browser, email)).status_code == 401
    assert (await log_in(browser, email, OTHER)).status_code == 200


@pytest.mark.inventory("WH-311")
async def test_the_configuration_says_how_one_can_come_in(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{AUTH}/config")
    assert answer.json() == {
        "signup": "open",
        "guest_enabled": True,
        "google_enabled": False,
        "email_delivery": False,
        "requires_verified_email": False,
        "password_min_length": 8,
        "password_max_length": 256,
    }


PUBLIC = ("signup", "login", "guest", "refresh", "logout", "forgot-password", "reset-password")


@pytest.mark.parametrize("path", [*PUBLIC, "verify-email", "resend-verification"])
async def test_no_other_site_can_make_a_browser_come_in_or_go_out(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.post(f"{AUTH}/{path}", headers=EVIL, json={})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        (FRONT_END, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"origin": "OWN"}, 200),
        (EVIL, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"origin": "http://[::1"}, 403),
        ({"origin": "http://localhost:3000.evil.example"}, 403),
        ({"origin": "http://localhost:30000"}, 403),
        ({"origin": "OWN.evil.example"}, 403),
        ({"origin": "http://evil.example@OWN"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.example", "sec-fetch-site": "same-origin"}, 403),
    ],
)
async def test_a_cookie_counts_only_for_pages_of_ours(
    browser: Browser, server: LiveServer, headers: dict[str, str], status: int
) -> None:
    await browser.post(f"{AUTH}/guest")
    sent = {name: value.replace("OWN", server.url) for name, value in headers.items()}
    answer = await browser.request("PATCH", f"{AUTH}/me", headers=sent, json={"name": "Eve"})
    assert answer.status_code == status
    me = (await browser.get(f"{AUTH}/me")).json()
    assert me["user"]["name"] == ("Eve" if status == 200 else "Guest")
