"""Tokens of an OpenID Connect issuer in place of an API key, on HTTP and on WebSockets."""

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.api.sign_in.conftest import Parley
from tests.fakes.oidc_provider import FakeOidcProvider, SigningKey


async def asked_with(parley: Parley, token: str, path: str = "/asr/status") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=parley.url, headers=headers) as client:
        return await client.get(path)


def person(issuer: FakeOidcProvider, subject: str, **claims: object) -> str:
    known = {"sub": subject, "email": f"{subject}@bank.example", "email_verified": True}
    return issuer.token(**known | claims)


@pytest.mark.inventory("NN-002")
async def test_a_token_and_a_key_both_open_the_door(
    parley: Parley, issuer: FakeOidcProvider
) -> None:
    assert (await asked_with(parley, person(issuer, "first"))).status_code == 200
    assert (await asked_with(parley, parley.token)).status_code == 200


async def test_it_is_the_same_user_again(parley: Parley, issuer: FakeOidcProvider) -> None:
    async def organization(token: str) -> str:
        return (await asked_with(parley, token, "/bot/api/whoami")).json()["organization"]["id"]

    one, other = person(issuer, "second"), person(issuer, "third")
    again = person(issuer, "second", jti="another token")
    assert await organization(one) == await organization(one) == await organization(again)
    assert await organization(one) != await organization(other)


async def test_a_user_is_no_operator(parley: Parley, issuer: FakeOidcProvider) -> None:
    answer = await asked_with(parley, person(issuer, "fourth"), "/auth/tokens")
    assert answer.status_code == 403


async def test_somebody_with_an_unverified_address_is_refused(
    parley: Parley, issuer: FakeOidcProvider
) -> None:
    answer = await asked_with(parley, person(issuer, "fifth", email_verified=False))
    assert (answer.status_code, answer.json()["code"]) == (403, "email_not_verified")


async def test_a_bad_token_is_refused_and_stays_out_of_the_log(
    parley: Parley, issuer: FakeOidcProvider
) -> None:
    bad = [
        person(issuer, "sixth", aud="another"),
        person(issuer, "sixth", exp=1_000_000_000),
        issuer.token(SigningKey()),
        "a.b.c",
        f"{'x' * 9000}.y.z",
    ]
    for token in bad:
        answer = await asked_with(parley, token)
        assert answer.status_code == 401, token
        assert answer.json()["error"] == "Invalid or expired token"
    good = person(issuer, "sixth")
    assert (await asked_with(parley, good)).status_code == 200
    log = parley.log.read_text()
    assert not [token for token in (*bad[:3], good) if token in log]


@pytest.mark.inventory("NN-004")
async def test_a_websocket_takes_it_in_its_query(parley: Parley, issuer: FakeOidcProvider) -> None:
    url = parley.url.replace("http:", "ws:") + "/live?token="
    async with connect(url + person(issuer, "seventh")) as socket:
        key = person(issuer, "eighth")
        assert (await asked_with(parley, key)).status_code == 200
        await socket.ping()
    with pytest.raises(InvalidStatus) as refused:
        await connect(url + person(issuer, "seventh", aud="another"))
    assert refused.value.response.status_code in (401, 403)
