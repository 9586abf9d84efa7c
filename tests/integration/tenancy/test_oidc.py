"""Tokens of an OpenID Connect issuer over real sockets: what is believed, how often it is asked."""

import asyncio
import hmac
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from app.core.http import OutboundClient
from app.core.setting_fields import SettingInvalid
from app.tenancy.domain.oidc import ProviderUnreachable
from app.tenancy.domain.principals import TokenInvalid
from app.tenancy.oidc import OidcIssuer, check_issuer_url
from tests.authority import Authority
from tests.fakes.oidc_provider import FakeOidcProvider, SigningKey
from tests.integration.core.http.internet import Internet, Site, answer

MINUTE = 60
DAY = 24 * 60 * MINUTE


@dataclass
class Clock:
    now_s: float = 1000

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def provider() -> AsyncGenerator[FakeOidcProvider]:
    async with FakeOidcProvider().serving() as provider:
        yield provider


@pytest.fixture
async def internet() -> AsyncGenerator[Internet]:
    internet = Internet()
    yield internet
    await internet.aclose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def issuer(
    provider: FakeOidcProvider, internet: Internet, clock: Clock
) -> AsyncGenerator[OidcIssuer]:
    own = OutboundClient(
        forbid_in_transaction=lambda: None, trusted_base_urls=frozenset({provider.url})
    )
    yield OidcIssuer(provider.url, "test", own=own, public=internet.client(), now_s=clock)
    await own.aclose()


async def refused(issuer: OidcIssuer, token: str, **options: Any) -> bool:
    try:
        await issuer.verify(token, audience="parley", **options)
    except TokenInvalid:
        return True
    return False


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_a_token_of_the_issuer_says_who_asks(
    provider: FakeOidcProvider, issuer: OidcIssuer, algorithm: str
) -> None:
    provider.keys = [SigningKey(), SigningKey(algorithm)]
    token = provider.token(
        provider.keys[1], email="ada@bank.example", email_verified=True, name="Ada \u202eL"
    )
    identity = await issuer.verify(token, audience="parley")
    assert (identity.provider, identity.subject, identity.name) == ("test", "ada", "Ada L")
    assert (identity.email, identity.is_email_verified) == ("ada@bank.example", True)


A_DAY_S = 24 * 3600
"""The time is that of the collection of the tests, which may be long ago."""


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a\0b"},
        {"sub": "x" * 256},
        {"exp": None},
        {"exp": int(time.time()) - 61},
        {"exp": "tomorrow"},
        {"nbf": int(time.time()) + A_DAY_S},
        {"iat": int(time.time()) + A_DAY_S},
        {"iat": None},
    ],
)
async def test_a_wrong_claim_is_refused(
    provider: FakeOidcProvider, issuer: OidcIssuer, wrong: dict[str, Any]
) -> None:
    assert await refused(issuer, _unchecked(provider, wrong))
    assert not await refused(issuer, provider.token())


async def test_clocks_may_differ_by_a_minute(
    provider: FakeOidcProvider, issuer: OidcIssuer
) -> None:
    now = int(time.time())
    late = provider.token(exp=now - 30, iat=now - 600)
    early = provider.token(iat=now + 30, nbf=now + 30)
    assert not await refused(issuer, late)
    assert not await refused(issuer, early)


async def test_a_number_beyond_all_times_is_not_a_defect(
    provider: FakeOidcProvider, issuer: OidcIssuer
) -> None:
    assert not await refused(issuer, provider.token(exp=10**30))


async def test_no_other_algorithm_is_believed(
    provider: FakeOidcProvider, issuer: OidcIssuer
) -> None:
    key = provider.keys[0]
    public = key.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    claims = provider.all_claims()
    unsigned = jwt.encode(claims, None, "none", headers={"kid": key.kid})
    confused = _by_hand({"alg": "HS256", "kid": key.kid}, claims, public)
    weaker = jwt.encode(claims, key.private, "RS512", headers={"kid": key.kid})
    strangers = jwt.encode(claims, SigningKey().private, "RS256", headers={"kid": key.kid})
    own_key = jwt.encode(
        claims,
        (thief := SigningKey()).private,
        "RS256",
        headers={"kid": key.kid, "jwk": thief.public_jwk()},
    )
    for token in (unsigned, confused, weaker, strangers, own_key):
        assert await refused(issuer, token)


@pytest.mark.parametrize(
    "token", ["", "..", "a.b.c", "e30.e30.", "eyJ.eyJ.x", "e" * 200_000, "\ud800.a.b", "a.b"]
)
async def test_what_is_no_token_is_refused(issuer: OidcIssuer, token: str) -> None:
    assert await refused(issuer, token)


async def test_a_shared_secret_among_the_keys_signs_nothing(
    provider: FakeOidcProvider, issuer: OidcIssuer
) -> None:
    secret = b"s" * 32
    listed = {"kty": "oct", "kid": "shared", "k": urlsafe_b64encode(secret).rstrip(b"=").decode()}
    listing = {"keys": [listed, provider.keys[0].public_jwk()]}
    provider.replies["/keys"] = 200, {}, json.dumps(listing).encode()
    token = _by_hand({"alg": "HS256", "kid": "shared"}, provider.all_claims(), secret)
    assert await refused(issuer, token)
    assert not await refused(issuer, provider.token())


async def test_an_id_token_must_answer_this_very_sign_in(
    provider: FakeOidcProvider, issuer: OidcIssuer
) -> None:
    assert not await refused(issuer, provider.token(nonce="n1"), nonce="n1")
    assert not await refused(issuer, provider.token(nonce="n1", azp="parley"), nonce="n1")
    assert await refused(issuer, provider.token(), nonce="n1")
    assert await refused(issuer, provider.token(nonce="n2"), nonce="n1")
    assert await refused(issuer, provider.token(nonce="n1", azp="another"), nonce="n1")
    both = ["parley", "another"]
    assert await refused(issuer, provider.token(nonce="n1", aud=both), nonce="n1")
    assert not await refused(issuer, provider.token(nonce="n1", aud=both, azp="parley"), nonce="n1")


async def test_keys_are_fetched_once_and_again_when_they_are_old(
    provider: FakeOidcProvider, issuer: OidcIssuer, clock: Clock
) -> None:
    for _ in range(20):
        assert not await refused(issuer, provider.token())
    assert provider.asked.count("/keys") == 1
    clock.now_s += 16 * MINUTE
    assert not await refused(issuer, provider.token())
    assert provider.asked.count("/keys") == 2


async def test_many_at_once_ask_once(provider: FakeOidcProvider, issuer: OidcIssuer) -> None:
    token = provider.token()
    answers = await asyncio.gather(*(refused(issuer, token) for _ in range(50)))
    assert not any(answers)
    assert provider.asked.count("/keys") == 1


async def test_a_new_key_is_found_and_an_old_one_dropped(
    provider: FakeOidcProvider, issuer: OidcIssuer, clock: Clock
) -> None:
    old = provider.keys[0]
    assert not await refused(issuer, provider.token())
    provider.keys = [SigningKey("ES256")]
    clock.now_s += MINUTE
    assert not await refused(issuer, provider.token())
    assert await refused(issuer, provider.token(old))


async def test_made_up_tokens_do_not_make_us_hammer_the_issuer(
    provider: FakeOidcProvider, issuer: OidcIssuer, clock: Clock
) -> None:
    assert not await refused(issuer, provider.token())
    stranger = SigningKey()
    for _ in range(30):
        clock.now_s += 1
        stranger.kid += "x"
        assert await refused(issuer, provider.token(stranger))
    assert provider.asked.count("/keys") <= 1 + 3


async def test_an_issuer_that_was_never_reached_is_a_503_and_is_not_hammered(
    provider: FakeOidcProvider, issuer: OidcIssuer, clock: Clock
) -> None:
    provider.replies["/.well-known/openid-configuration"] = 500, {}, b""
    token = provider.token()
    for _ in range(10):
        with pytest.raises(ProviderUnreachable):
            await issuer.verify(token, audience="parley")
    assert len(provider.asked) == 1
    provider.replies.clear()
    clock.now_s += 10
    assert not await refused(issuer, token)


async def test_known_keys_outlive_an_outage_of_a_day_and_no_longer(
    provider: FakeOidcProvider, issuer: OidcIssuer, clock: Clock
) -> None:
    token = provider.token()
    assert not await refused(issuer, token)
    provider.replies["/keys"] = 503, {}, b""
    clock.now_s += DAY - MINUTE
    assert not await refused(issuer, token)
    clock.now_s += 2 * MINUTE
    with pytest.raises(ProviderUnreachable):
        await issuer.verify(token, audience="parley")


async def test_while_the_issuer_hangs_those_with_a_known_key_do_not_wait(
    provider: FakeOidcProvider, issuer: OidcIssuer, clock: Clock
) -> None:
    token = provider.token()
    assert not await refused(issuer, token)
    provider.hangs = True
    clock.now_s += 16 * MINUTE
    async with asyncio.TaskGroup() as group:
        first = group.create_task(refused(issuer, token))
        while len(provider.asked) < 3:  # noqa: ASYNC110 - a fact of a connection
            await asyncio.sleep(0)
        assert not await refused(issuer, token)
        assert not first.done()
        first.cancel()


@pytest.mark.parametrize(
    "reply",
    [
        (200, {}, b"["),
        (200, {}, b"[" * 200_000),
        (200, {}, b'{"keys": []}'),
        (
            200,
            {},
            b'{"keys": [{}, {"kty": "RSA"}, {"kty": "RSA", "n": "AQ", "e": "AQAB"}, {"kty": 7}]}',
        ),
        (200, {}, b'{"keys": [' + b"{}," * 70 + b"{}]}"),
        (200, {}, b'{"keys": ["' + b"x" * 300_000 + b'"]}'),
        (302, {"location": "/elsewhere"}, b""),
        (404, {}, b""),
    ],
    ids=["broken", "deep", "empty", "useless", "many", "huge", "redirect", "absent"],
)
async def test_keys_that_make_no_sense_are_a_503(
    provider: FakeOidcProvider, issuer: OidcIssuer, reply: tuple[int, dict[str, str], bytes]
) -> None:
    provider.replies["/keys"] = reply
    with pytest.raises(ProviderUnreachable):
        await issuer.verify(provider.token(), audience="parley")


async def test_an_issuer_must_call_itself_what_it_is_called(
    provider: FakeOidcProvider, issuer: OidcIssuer
) -> None:
    provider.document["issuer"] = "https://another.example"
    with pytest.raises(ProviderUnreachable):
        await issuer.verify(provider.token(), audience="parley")


@pytest.mark.parametrize(
    "keys",
    ["http://keys.example/keys", "https://10.0.0.7/keys", "http://127.0.0.1:1/", "file:///k"],
)
async def test_keys_elsewhere_must_be_on_the_public_internet_and_secure(
    provider: FakeOidcProvider, issuer: OidcIssuer, internet: Internet, keys: str
) -> None:
    listing = json.dumps({"keys": [provider.keys[0].public_jwk()]}).encode()
    site = await Site({"/keys": answer(listing)}).start()
    internet.place(site, "keys.example", "93.184.216.34", 80)
    provider.document["jwks_uri"] = keys
    with pytest.raises(ProviderUnreachable):
        await issuer.verify(provider.token(), audience="parley")
    assert internet.dialled == []
    await site.stop()


async def test_keys_may_be_on_another_public_host_as_googles_are(
    provider: FakeOidcProvider, issuer: OidcIssuer, internet: Internet, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    internet.certificates.load_verify_locations(
        cadata=authority.certificate.public_bytes(serialization.Encoding.DER)
    )
    listing = json.dumps({"keys": [provider.keys[0].public_jwk()]}).encode()
    site = await Site({"/keys": answer(listing)}).start(tls=authority.server("keys.example"))
    internet.place(site, "keys.example", "93.184.216.34", 443)
    provider.document["jwks_uri"] = "https://keys.example/keys"
    assert not await refused(issuer, provider.token())
    assert internet.dialled == ["93.184.216.34"]
    await site.stop()


@pytest.mark.parametrize(
    "url", ["http://sso.bank.example", "ftp://x", "sso", "https://", "https://a.example/?x=1", ""]
)
def test_an_issuer_that_could_be_overheard_is_no_setting(url: str) -> None:
    with pytest.raises(SettingInvalid, match="PARLEY_OIDC_ISSUER"):
        check_issuer_url(url, "PARLEY_OIDC_ISSUER")
    check_issuer_url("https://securetoken.google.com/project", "PARLEY_OIDC_ISSUER")


def _by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """PyJWT refuses to make such tokens."""
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = hmac.digest(secret, b".".join(parts), sha256)
    return b".".join([*parts, urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def _unchecked(provider: FakeOidcProvider, claims: dict[str, Any]) -> str:
    """PyJWT looks at some claims, but not at bytes."""
    key = provider.keys[0]
    body = json.dumps(provider.all_claims(**claims)).encode()
    return jwt.PyJWS().encode(body, key.private, key.algorithm, headers={"kid": key.kid})
