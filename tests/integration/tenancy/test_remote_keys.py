"""Tokens that another service knows: asked over a real socket, remembered, and refused in doubt."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from app.core.aio import Supervisor
from app.core.db import Database
from app.core.metrics import Metrics
from app.core.setting_fields import SettingInvalid
from app.core.settings import Auth
from app.tenancy import remote_keys
from app.tenancy.domain.keys import NewApiKey
from app.tenancy.domain.principals import KEY_SCOPES, TokenInvalid
from app.tenancy.remote_keys import (
    INVALID_FOR_S,
    VALID_FOR_S,
    RemoteKeys,
    ValidatorAway,
    refuse_without_validator,
)
from app.tenancy.token_check import RemoteTokenCheck
from tests.fakes.token_validator import FakeTokenValidator, token_validator, yes
from tests.integration.tenancy.opened import OLD_KEY, Tenancy, opened

ORG = uuid4()
GARBAGE = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'{"valid": "yes", "deviceId": "a"}',
    b'{"valid": 1, "deviceId": "a"}',
    b'{"deviceId": "a"}',
    b'{"valid": true, "deviceId": 7}',
    b"\xff\xfe",
    b'{"valid": true, "x": ' + b"[" * 60_000,
    b"<html>valid</html>",
    b" " * 70_000 + b'{"valid": true}',
]


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def validator() -> AsyncGenerator[FakeTokenValidator]:
    async with token_validator() as validator:
        yield validator


@pytest.fixture
async def tenancy(database: Database, app_url: str) -> AsyncGenerator[Tenancy]:
    async with opened(database, app_url, OLD_KEY) as tenancy:
        yield tenancy


@pytest.fixture
def clock() -> Clock:
    return Clock()


@asynccontextmanager
async def remote_of(url: str, tenancy: Tenancy, clock: Clock) -> AsyncGenerator[RemoteKeys]:
    client = remote_keys.open_client(Auth(mode="remote", remote_url=url))
    async with Supervisor(Metrics("test")) as supervisor:
        yield RemoteKeys(url, client, supervisor, tenancy.ring, ORG, clock=clock)
    await client.aclose()


@pytest.fixture
async def remote(
    validator: FakeTokenValidator, tenancy: Tenancy, clock: Clock
) -> AsyncGenerator[RemoteKeys]:
    async with remote_of(validator.url, tenancy, clock) as remote:
        yield remote


@pytest.mark.inventory("WH-355")
async def test_who_is_known_there_acts_here(
    validator: FakeTokenValidator, remote: RemoteKeys
) -> None:
    validator.answers["good & token"] = yes("phone-7")
    principal = await remote.authenticate("good & token")
    assert (principal.org_id, principal.user_id) == (ORG, "phone-7")
    assert principal.permissions == set(KEY_SCOPES)
    assert (await remote.authenticate("good & token")) == principal
    assert validator.asked == ["good & token"]


async def test_who_is_not_known_is_refused(
    validator: FakeTokenValidator, remote: RemoteKeys
) -> None:
    for _ in range(3):
        with pytest.raises(TokenInvalid):
            await remote.authenticate("bad")
    assert validator.asked == ["bad"]


@pytest.mark.parametrize("token", ["a\0b", "é", "\udc80", "a\r\nX-Admin: 1", "x" * 5000, ""])
async def test_what_is_no_token_is_not_asked_for(
    validator: FakeTokenValidator, remote: RemoteKeys, token: str
) -> None:
    validator.default = yes("anybody")
    with pytest.raises(TokenInvalid):
        await remote.authenticate(token)
    assert validator.asked == []


async def test_answers_are_remembered_for_their_time(
    validator: FakeTokenValidator, remote: RemoteKeys, clock: Clock
) -> None:
    validator.answers["good"] = yes("phone")
    first = await remote.authenticate("good")
    with pytest.raises(TokenInvalid):
        await remote.authenticate("new")
    validator.answers["new"] = yes("new")
    clock.now_s += INVALID_FOR_S
    assert (await remote.authenticate("new")).user_id == "new"
    del validator.answers["good"]
    clock.now_s += VALID_FOR_S - INVALID_FOR_S - 1
    assert await remote.authenticate("good") == first
    clock.now_s += 1
    with pytest.raises(TokenInvalid):
        await remote.authenticate("good")


async def test_a_remembered_answer_outlives_the_validator_and_no_other_does(
    tenancy: Tenancy, clock: Clock
) -> None:
    async with token_validator() as validator:
        validator.answers["good"] = yes("phone")
        async with remote_of(validator.url, tenancy, clock) as remote:
            await remote.authenticate("good")
            url = validator.url
    async with remote_of(url, tenancy, clock) as elsewhere:
        with pytest.raises(ValidatorAway):
            await elsewhere.authenticate("good")


@pytest.mark.parametrize("status", [500, 503, 404, 401, 302, 204])
async def test_a_status_that_is_none_is_no_verdict(
    validator: FakeTokenValidator, remote: RemoteKeys, status: int
) -> None:
    validator.headers = "location: /api-tokens/validate?token=other\r\n" if status == 302 else ""
    validator.default = (status, b"" if status == 204 else yes("x")[1])
    with pytest.raises(ValidatorAway, match="cannot be checked at the moment"):
        await remote.authenticate("good")
    assert validator.asked == ["good"]


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_is_no_verdict(
    validator: FakeTokenValidator, remote: RemoteKeys, body: bytes
) -> None:
    validator.default = (200, body)
    with pytest.raises(ValidatorAway):
        await remote.authenticate("good")
    validator.default = yes("phone")  # nothing of it was remembered
    assert (await remote.authenticate("good")).user_id == "phone"


async def test_a_validator_that_never_answers_is_not_waited_for(
    validator: FakeTokenValidator, remote: RemoteKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = remote_keys.OutboundLimits(total_s=0.2, max_redirects=0)
    monkeypatch.setattr(remote_keys, "LIMITS", short)
    validator.before = asyncio.Event().wait
    with pytest.raises(ValidatorAway):
        async with asyncio.timeout(20):
            await remote.authenticate("good")


async def test_who_asks_for_one_token_at_once_shares_one_request(
    validator: FakeTokenValidator, remote: RemoteKeys
) -> None:
    arrived, answer = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        arrived.set()
        await answer.wait()

    validator.answers["good"], validator.before = yes("phone"), wait
    async with asyncio.TaskGroup() as group:
        first = group.create_task(_cancelled(remote))
        others = [group.create_task(remote.authenticate("good")) for _ in range(20)]
        await arrived.wait()
        first.cancel()
        answer.set()
    assert {(await other).user_id for other in others} == {"phone"}
    assert validator.asked == ["good"]


async def _cancelled(remote: RemoteKeys) -> None:
    try:
        await remote.authenticate("good")
    except asyncio.CancelledError:
        return


@pytest.mark.parametrize(
    ("sent", "user_id"),
    [("phone", "phone"), ("", "remote"), ("a\\u0000b\\n", "ab"), ("x" * 500, "x" * 120)],
)
async def test_a_device_id_is_made_harmless(
    validator: FakeTokenValidator, remote: RemoteKeys, sent: str, user_id: str
) -> None:
    validator.default = yes(sent)
    assert (await remote.authenticate("good")).user_id == user_id


async def make(tenancy: Tenancy) -> tuple[str, str]:
    """An admin token and an ordinary one of the same organization."""
    scope = await tenancy.new_organization()
    admin = await tenancy.api_keys.ensure_admin(scope)
    assert admin is not None
    async with tenancy.database.transaction(scope) as tx:
        return admin, (await tenancy.api_keys.create(tx, NewApiKey("ada", "", None)))[1]


@pytest.mark.inventory("WH-355")
async def test_hybrid_asks_for_what_is_not_known_here(
    validator: FakeTokenValidator, remote: RemoteKeys, tenancy: Tenancy
) -> None:
    check = RemoteTokenCheck(tenancy.api_keys, remote, operator_only=False)
    validator.answers["theirs"] = yes("phone")
    admin, ours = await make(tenancy)
    assert (await check.authenticate(ours)).user_id == "ada"
    assert (await check.authenticate(admin)).is_admin
    assert (await check.authenticate("theirs")).user_id == "phone"
    with pytest.raises(TokenInvalid):
        await check.authenticate("nobodys")
    assert validator.asked == ["theirs", "nobodys"]


@pytest.mark.inventory("WH-355")
async def test_remote_knows_of_its_own_keys_the_operators_alone(
    validator: FakeTokenValidator, remote: RemoteKeys, tenancy: Tenancy
) -> None:
    check = RemoteTokenCheck(tenancy.api_keys, remote, operator_only=True)
    validator.answers["theirs"] = yes("phone")
    admin, ours = await make(tenancy)
    assert (await check.authenticate(admin)).is_admin
    assert (await check.authenticate("theirs")).user_id == "phone"
    assert not (await check.authenticate("theirs")).is_admin
    with pytest.raises(TokenInvalid):
        await check.authenticate(ours)
    assert admin not in validator.asked


@pytest.mark.parametrize("hybrid", [True, False])
async def test_without_the_validator_nobody_gets_in_that_only_it_knows(
    tenancy: Tenancy, clock: Clock, *, hybrid: bool
) -> None:
    async with remote_of("http://127.0.0.1:1", tenancy, clock) as dead:
        check = RemoteTokenCheck(tenancy.api_keys, dead, operator_only=not hybrid)
        admin, _ = await make(tenancy)
        assert (await check.authenticate(admin)).is_admin
        with pytest.raises(ValidatorAway):
            await check.authenticate("theirs")


@pytest.mark.parametrize("url", ["", "localhost:9000", "ftp://a", "http://", "not a url"])
def test_a_mode_without_an_address_is_refused_by_name(url: str) -> None:
    with pytest.raises(SettingInvalid, match="PARLEY_AUTH_REMOTE_URL"):
        refuse_without_validator(Auth(mode="hybrid", remote_url=url))


async def test_what_is_remembered_is_bounded(
    validator: FakeTokenValidator, remote: RemoteKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_keys, "MOST_REMEMBERED", 3)
    validator.default = yes("phone")
    for number in range(5):
        await remote.authenticate(f"token {number}")
    known: Callable[[str], object] = remote.find
    assert [bool(known(f"token {number}")) for number in range(5)] == [False, False] + [True] * 3


async def test_too_many_at_once_are_turned_away(
    validator: FakeTokenValidator, remote: RemoteKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_keys, "MOST_ASKED_AT_ONCE", 1)
    arrived, answer = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        arrived.set()
        await answer.wait()

    validator.default, validator.before = yes("phone"), wait
    first: Awaitable[object]
    async with asyncio.TaskGroup() as group:
        first = group.create_task(remote.authenticate("one"))
        await arrived.wait()
        with pytest.raises(ValidatorAway, match="Too many"):
            await remote.authenticate("two")
        answer.set()
    assert await first
