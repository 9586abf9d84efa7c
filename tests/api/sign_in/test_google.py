"""Sign-in with Google as a browser goes through it, against an OpenID Connect provider that is a
process of its own; only the address of the provider is changed."""

from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.api.sign_in.conftest import FRONTEND, Browser, Honest, Parley

CALLBACK = "/bot/api/auth/google/callback"


async def me(browser: Browser) -> httpx.Response:
    return await browser.client.get("/bot/api/auth/me")


@pytest.mark.inventory("WH-312", "WH-313", "WH-339", "WH-366", "WH-367")
async def test_somebody_new_signs_in_and_comes_again(
    browser: Browser, honest: Honest, parley: Parley
) -> None:
    ada = honest.person(email=f"Ada.{honest.url[-5:]}@Bank.example")
    assert (await me(browser)).status_code == 401
    assert await browser.sign_in(ada, "/calls?page=2") == "/calls?page=2"
    first = (await me(browser)).json()
    async with httpx.AsyncClient(base_url=parley.url) as client:
        elsewhere = Browser(client)
        assert await elsewhere.sign_in(ada) == "/"
        again = (await me(elsewhere)).json()
    assert first["user"]["id"] == again["user"]["id"]
    assert first["user"]["email"].lower().startswith("ada.")


async def test_the_provider_is_asked_as_the_standards_want(browser: Browser) -> None:
    answer = await browser.client.get("/bot/api/auth/google/start")
    asked = parse_qs(urlsplit(answer.headers["location"]).query)
    assert answer.status_code == 302
    assert asked["client_id"] == ["parley-client"]
    assert asked["redirect_uri"] == [f"{browser.client.base_url}".rstrip("/") + CALLBACK]
    assert asked["code_challenge_method"] == ["S256"]
    assert all(len(asked[name][0]) >= 43 for name in ("state", "nonce", "code_challenge"))
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/bot/api/auth/google;" in cookie + ";"
    assert "max-age=600" in cookie
    assert answer.headers["cache-control"] == "no-store"


async def test_signing_in_again_ends_the_session_before(browser: Browser, honest: Honest) -> None:
    ada = honest.person()
    await browser.sign_in(ada)
    before = browser.client.cookies["access_token"]
    await browser.sign_in(ada)
    async with httpx.AsyncClient(
        base_url=browser.client.base_url, cookies={"access_token": before}
    ) as client:
        assert (await client.get("/bot/api/auth/me")).status_code == 401
    assert (await me(browser)).status_code == 200


async def test_who_says_no_is_not_signed_in(browser: Browser) -> None:
    assert await browser.deny() == "/?error=access_denied"
    assert (await me(browser)).status_code == 401


@pytest.mark.parametrize("claims", [{"email_verified": False}, {"email_verified": None}])
async def test_an_unverified_address_is_refused(
    browser: Browser, honest: Honest, claims: dict[str, object]
) -> None:
    mallory = honest.person(**claims)
    assert await browser.sign_in(mallory, "/x?y=1") == "/x?y=1&error=email_not_verified"
    assert (await me(browser)).status_code == 401


async def test_a_callback_works_once_and_in_the_browser_that_began(
    browser: Browser, honest: Honest, parley: Parley
) -> None:
    page = await browser.start()
    back = await browser.press(page, sub=honest.person())
    callback = back.headers["location"]
    async with httpx.AsyncClient(base_url=parley.url) as victim:
        answer = await victim.get(callback)
        assert answer.headers["location"] == f"{FRONTEND}/?error=state_mismatch"
        assert "access_token" not in victim.cookies
    kept = browser.client.cookies["google_sign_in"]
    first = await browser.client.get(callback)
    assert first.headers["location"] == f"{FRONTEND}/"
    assert "google_sign_in" not in browser.client.cookies
    again = await browser.client.get(callback)
    assert again.headers["location"] == f"{FRONTEND}/?error=state_mismatch"
    browser.client.cookies.set("google_sign_in", kept)
    replayed = await browser.client.get(callback)
    assert replayed.headers["location"] == f"{FRONTEND}/?error=code_refused"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "state=x&code=y",
        "state=%00&code=%00",
        "state=%ED%A0%80&code=%FF",
        "state=%C3%A9&code=y",
        "state=a&state=b&code=c",
        "state=" + "x" * 5000,
        "error=%0d%0aset-cookie:x",
        "error[]=1",
    ],
)
async def test_a_made_up_callback_changes_nothing(browser: Browser, query: str) -> None:
    await browser.client.get("/bot/api/auth/google/start")
    answer = await browser.client.get(f"{CALLBACK}?{query}")
    assert answer.status_code in (302, 400)
    if answer.status_code == 302:
        assert answer.headers["location"].startswith(f"{FRONTEND}/?error=")
    assert "access_token" not in browser.client.cookies


@pytest.mark.parametrize(
    "redirect", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
async def test_nobody_is_sent_elsewhere(browser: Browser, redirect: str) -> None:
    params = {"redirect": redirect}
    answer = await browser.client.get("/bot/api/auth/google/start", params=params)
    assert answer.status_code == 400
    assert answer.json()["code"] == "redirect_refused"
    assert "redirect" in answer.json()["error"]


async def test_codes_and_secrets_are_in_no_log(
    browser: Browser, honest: Honest, parley: Parley
) -> None:
    page = await browser.start()
    back = await browser.press(page, sub=honest.person())
    said = parse_qs(urlsplit(back.headers["location"]).query)
    kept = browser.client.cookies["google_sign_in"]
    await browser.client.get(back.headers["location"])
    secrets = [*said["code"], *said["state"], kept, "parley-client-secret"]
    secrets += [browser.client.cookies["access_token"], browser.client.cookies["refresh_token"]]
    log = parley.log.read_text()
    assert "identity look-up" in log
    assert not [secret for secret in secrets if secret in log]


async def test_where_google_is_not_set_up_the_answer_says_so(client: httpx.AsyncClient) -> None:
    for path in ("start", "callback"):
        answer = await client.get(f"/bot/api/auth/google/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "google_sign_in_off")
