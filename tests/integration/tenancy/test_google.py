"""The code flow against a provider that can lie: what is believed of who comes back."""

from collections.abc import AsyncGenerator
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from app.core.crypto import KeyRing
from app.core.http import OutboundClient
from app.tenancy.domain.oidc import (
    AccessDenied,
    CodeRefused,
    IdTokenInvalid,
    ProviderUnreachable,
    RedirectRefused,
    StateMismatch,
)
from app.tenancy.google import CALLBACK_PATH, GoogleSignIn, Returned
from app.tenancy.oidc import OidcIssuer
from tests.fakes.oidc_provider import FakeOidcProvider, SigningKey

HOME = "https://app.bank.example"
KEYS = KeyRing([b"k" * 32])


@pytest.fixture
async def provider() -> AsyncGenerator[FakeOidcProvider]:
    async with FakeOidcProvider().serving() as provider:
        yield provider


@pytest.fixture
async def google(provider: FakeOidcProvider) -> AsyncGenerator[GoogleSignIn]:
    client = OutboundClient(
        forbid_in_transaction=lambda: None, trusted_base_urls=frozenset({provider.url})
    )
    issuer = OidcIssuer(provider.url, "google", own=client, public=client)
    yield GoogleSignIn(
        issuer,
        KEYS,
        client_id="client",
        client_secret="s3cret",
        public_url="https://api.bank.example/",
        frontends=(HOME, "https://admin.bank.example"),
    )
    await client.aclose()


async def came_back(url: str) -> Returned:
    """The browser at the provider, which signs in at once."""
    async with httpx.AsyncClient() as browser:
        location = (await browser.get(url)).headers["location"]
    assert location.startswith(f"https://api.bank.example{CALLBACK_PATH}?")
    said = dict(parse_qsl(urlsplit(location).query))
    return Returned(said["state"], said["code"], issuer=said["iss"])


async def test_who_comes_back_is_known(provider: FakeOidcProvider, google: GoogleSignIn) -> None:
    provider.claims = {"email": "ada@bank.example", "email_verified": True}
    url, kept = await google.start("/calls?page=2")
    asked = dict(parse_qsl(urlsplit(url).query))
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert asked["scope"].split() == ["openid", "email", "profile"]
    begun = google.recall(kept)
    identity = await google.finish(begun, await came_back(url))
    assert (identity.provider, identity.subject) == ("google", "ada")
    assert identity.email == "ada@bank.example"
    assert google.destination(begun) == f"{HOME}/calls?page=2"


async def test_a_code_is_good_once(google: GoogleSignIn) -> None:
    url, kept = await google.start(None)
    begun, returned = google.recall(kept), await came_back(url)
    await google.finish(begun, returned)
    with pytest.raises(CodeRefused):
        await google.finish(begun, returned)


async def test_another_browsers_sign_in_is_not_finished(google: GoogleSignIn) -> None:
    url, _ = await google.start(None)
    _, kept = await google.start(None)
    returned = await came_back(url)
    for other in (kept, None, "", "x", "=", "é", kept[:-8] + "AAAAAAAA"):
        with pytest.raises(StateMismatch):
            await google.finish(google.recall(other), returned)


async def test_a_code_of_another_sign_in_is_refused_although_the_state_is_right(
    google: GoogleSignIn,
) -> None:
    """The provider compares the PKCE verifier: an injected code belongs to another one."""
    url, kept = await google.start(None)
    others, _ = await google.start(None)
    state, stolen = (await came_back(url)).state, (await came_back(others)).code
    with pytest.raises(CodeRefused):
        await google.finish(google.recall(kept), Returned(state, stolen))


async def test_an_answer_of_another_issuer_is_refused(google: GoogleSignIn) -> None:
    url, kept = await google.start(None)
    returned = await came_back(url)
    mixed_up = Returned(returned.state, returned.code, issuer="https://evil.example")
    for wrong in (mixed_up, Returned(returned.state), Returned(code=returned.code)):
        with pytest.raises(StateMismatch):
            await google.finish(google.recall(kept), wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": ["client", "another"]},
        {"azp": "another"},
        {"iss": "https://evil.example"},
        {"exp": 1_000_000_000},
        {"sub": None},
    ],
    ids=str,
)
async def test_a_wrong_id_token_is_refused(
    provider: FakeOidcProvider, google: GoogleSignIn, wrong: dict[str, object]
) -> None:
    provider.claims = wrong
    url, kept = await google.start(None)
    with pytest.raises(IdTokenInvalid):
        await google.finish(google.recall(kept), await came_back(url))


async def test_an_id_token_of_a_strangers_key_is_refused(
    provider: FakeOidcProvider, google: GoogleSignIn
) -> None:
    url, kept = await google.start(None)
    provider.keys = [SigningKey()]
    with pytest.raises(IdTokenInvalid):
        await google.finish(google.recall(kept), await came_back(url))


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ((500, {}, b""), ProviderUnreachable),
        ((200, {}, b"<html>"), ProviderUnreachable),
        ((200, {}, b"[]"), ProviderUnreachable),
        ((302, {"location": "https://evil.example/"}, b""), ProviderUnreachable),
        ((200, {}, b"x" * 300_000), ProviderUnreachable),
        ((200, {}, b'{"access_token": "a"}'), IdTokenInvalid),
        ((200, {}, b'{"id_token": 7}'), IdTokenInvalid),
        ((200, {}, b'{"id_token": "a.b.c"}'), IdTokenInvalid),
        ((200, {}, b'{"expires_in": null, "id_token": "a.b.c"}'), IdTokenInvalid),
        ((400, {}, b'{"error": "invalid_grant"}'), CodeRefused),
        ((401, {}, b'{"error": "invalid_client"}'), CodeRefused),
    ],
)
async def test_what_else_a_provider_may_answer(
    provider: FakeOidcProvider,
    google: GoogleSignIn,
    reply: tuple[int, dict[str, str], bytes],
    error: type[Exception],
) -> None:
    url, kept = await google.start(None)
    returned = await came_back(url)
    provider.replies["/token"] = reply
    with pytest.raises(error):
        await google.finish(google.recall(kept), returned)


async def test_a_user_who_says_no_is_believed(google: GoogleSignIn) -> None:
    _, kept = await google.start("/calls#top")
    begun = google.recall(kept)
    with pytest.raises(AccessDenied) as denied:
        await google.finish(begun, Returned(error="access_denied"))
    assert google.destination(begun, denied.value) == f"{HOME}/calls?error=access_denied#top"
    assert google.destination(None, denied.value) == f"{HOME}/?error=access_denied"


@pytest.mark.parametrize(
    "redirect", ["/", "/a?b=c", f"{HOME}/x", "https://admin.bank.example/", "x"]
)
async def test_pages_of_the_front_ends_may_be_returned_to(
    google: GoogleSignIn, redirect: str
) -> None:
    _, kept = await google.start(redirect)
    assert google.destination(google.recall(kept)).startswith((HOME, "https://admin.bank.example"))


@pytest.mark.parametrize(
    "redirect",
    [
        "https://evil.example",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "http://app.bank.example",
        f"{HOME}.evil.example",
        f"{HOME}@evil.example",
        "https://evil.example@app.bank.example",
        "https://app.bank.example:444/",
        "javascript:alert(1)",
        "data:text/html,x",
        "/a\r\nset-cookie: x=y",
        "/\0",
        "/é",
        "/ x",
        "https://[",
        "/" + "x" * 2048,
    ],
)
async def test_nowhere_else_is_anybody_sent(google: GoogleSignIn, redirect: str) -> None:
    with pytest.raises(RedirectRefused, match="redirect"):
        await google.start(redirect)


async def test_what_the_browser_keeps_tells_it_nothing(google: GoogleSignIn) -> None:
    url, kept = await google.start(None)
    begun = google.recall(kept)
    assert begun is not None
    assert not any(secret in kept for secret in (begun.state, begun.nonce, begun.verifier))
    assert begun.verifier not in url
