"""Sessions on a real database: rotation under concurrency, reuse, ends, and tokens of others."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import jwt
import msgspec
import pytest
from sqlalchemy import select, update

from app.core.clock import utc_now
from app.core.crypto import KeyRing
from app.core.db import Database
from app.core.scope import OrgScope, UserScope, system_scope
from app.tenancy.domain.principals import Role, SessionInvalid, SignedIn
from app.tenancy.domain.sessions import ONE_HOUR, Lifetimes, SessionNotFound, SessionTokens
from app.tenancy.domain.users import Newcomer
from app.tenancy.store.rows import MembershipRow, UserSessionRow
from tests.integration.tenancy.people import HERE, KEY, People, opened

LONG_AGO = timedelta(hours=1)
NEW_KEY = b"n" * 32


@pytest.fixture
async def people(database: Database, app_url: str) -> AsyncGenerator[People]:
    async with opened(database, app_url) as people:
        yield people


async def signed_in(people: People) -> tuple[SignedIn, SessionTokens]:
    new = Newcomer(uuid4(), "guest")
    await people.users.register(new, HERE)
    entrance = await people.users.enter(await people.accounts.get(new.user_id), "guest", HERE)
    return await people.sessions.authenticate(entrance.tokens.access), entrance.tokens


async def rows_of(people: People, session_id: UUID) -> list[UserSessionRow]:
    query = select(UserSessionRow).where(UserSessionRow.chain_id == session_id)
    async with people.database.transaction(system_scope("test")) as tx:
        found = await tx.session.scalars(query.order_by(UserSessionRow.created_at))
        return list(found)


async def age(people: People, session_id: UUID, **columns: timedelta) -> None:
    """As if everything of the session had happened earlier."""
    changes: dict[Any, Any] = {
        getattr(UserSessionRow, name): getattr(UserSessionRow, name) - by
        for name, by in columns.items()
    }
    async with people.database.transaction(system_scope("test")) as tx:
        await tx.session.execute(
            update(UserSessionRow).where(UserSessionRow.chain_id == session_id).values(changes)
        )


async def works(people: People, tokens: SessionTokens) -> bool:
    try:
        await people.sessions.authenticate(tokens.access)
    except SessionInvalid:
        return False
    return True


async def refreshed(people: People, token: str) -> SessionTokens | None:
    try:
        return await people.sessions.refresh(token, HERE)
    except SessionInvalid:
        return None


@pytest.mark.inventory("WH-315", "WH-338")
async def test_each_refresh_replaces_the_token_and_keeps_the_session(people: People) -> None:
    who, tokens = await signed_in(people)
    seen = [tokens.refresh]
    for _ in range(3):
        tokens = await people.sessions.refresh(tokens.refresh, HERE)
        assert (await people.sessions.authenticate(tokens.access)).session_id == who.session_id
        seen.append(tokens.refresh)
    rows = await rows_of(people, who.session_id)
    assert len(set(seen)) == len(rows) == 4
    assert [row.replaced_by for row in rows] == [*(row.id for row in rows[1:]), None]
    assert all(seen[i].encode() not in row.refresh_token_hash for i, row in enumerate(rows))


@pytest.mark.parametrize("at_once", [2, 5])
async def test_of_refreshes_at_once_one_wins_and_all_get_the_same(
    people: People, at_once: int
) -> None:
    who, tokens = await signed_in(people)
    answers = await asyncio.gather(
        *(people.sessions.refresh(tokens.refresh, HERE) for _ in range(at_once))
    )
    assert len({answer.refresh for answer in answers}) == 1
    assert [await works(people, answer) for answer in answers] == [True] * at_once
    rows = await rows_of(people, who.session_id)
    assert [row.replaced_by is None for row in rows] == [False, True]


async def test_a_lost_answer_can_be_asked_for_again(people: People) -> None:
    _, tokens = await signed_in(people)
    lost = await people.sessions.refresh(tokens.refresh, HERE)
    assert (await people.sessions.refresh(tokens.refresh, HERE)).refresh == lost.refresh
    onward = await people.sessions.refresh(lost.refresh, HERE)
    assert (await people.sessions.refresh(tokens.refresh, HERE)).refresh == onward.refresh


async def test_a_token_used_long_after_it_was_replaced_ends_the_session_for_all(
    people: People,
) -> None:
    who, stolen = await signed_in(people)
    current = await people.sessions.refresh(stolen.refresh, HERE)
    await age(people, who.session_id, replaced_at=LONG_AGO)
    assert await works(people, current)
    assert await refreshed(people, stolen.refresh) is None
    assert not await works(people, current)
    assert not await works(people, stolen)
    assert await refreshed(people, current.refresh) is None


async def test_reuse_is_noted_where_the_user_works(people: People) -> None:
    who, stolen = await signed_in(people)
    await people.sessions.refresh(stolen.refresh, HERE)
    await age(people, who.session_id, replaced_at=LONG_AGO)
    assert await refreshed(people, stolen.refresh) is None
    assert "RefreshTokenReused" in await people.acts(who.user_id)


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_happens_at_once_there_is_one_session_or_none(
    people: People, seed: int
) -> None:
    """Generated interleavings of refreshes, switches, changed roles and, in the end, a log-out."""
    random = Random(seed)  # noqa: S311
    who, tokens = await signed_in(people)
    homes = [who.active_org_id, await member_of_another(people, who)]
    previous = current = tokens.refresh
    for _ in range(4):
        org_id = random.choice(homes)
        assert org_id is not None
        acts = [
            *(people.sessions.refresh(current, HERE) for _ in range(random.randint(1, 4))),
            *(people.sessions.refresh(previous, HERE) for _ in range(random.randint(0, 2))),
        ]
        others = [switch(people, who, org_id), change_role(people, who, random.choice([*Role]))]
        everything = [*acts, *others]
        order = random.sample(range(len(everything)), len(everything))
        done = dict(zip(order, await asyncio.gather(*(everything[i] for i in order)), strict=True))
        answers = [done[i] for i in range(len(acts))]
        assert all([await works(people, answer) for answer in answers])
        rows = await rows_of(people, who.session_id)
        assert sum(row.replaced_by is None for row in rows) == 1
        again = await people.sessions.authenticate(answers[0].access)
        assert again.active_org_id == org_id
        previous, current = current, answers[0].refresh
    await log_out_amid_refreshes(people, who, current, random)


async def log_out_amid_refreshes(
    people: People, who: SignedIn, current: str, random: Random
) -> None:
    acts = [refreshed(people, current) for _ in range(3)]
    acts.insert(random.randint(0, 3), end(people, who))
    answers = await asyncio.gather(*acts)
    for answer in filter(None, answers):
        assert not await works(people, answer)
        assert await refreshed(people, answer.refresh) is None
    assert await refreshed(people, current) is None


async def end(people: People, who: SignedIn) -> None:
    async with people.database.transaction(UserScope(who.user_id)) as tx:
        await people.sessions.end(tx, who.session_id)


async def switch(people: People, who: SignedIn, org_id: UUID) -> None:
    async with people.database.transaction(UserScope(who.user_id)) as tx:
        await people.sessions.switch(tx, who.session_id, org_id)


async def change_role(people: People, who: SignedIn, role: Role) -> None:
    assert who.active_org_id is not None
    async with people.database.transaction(OrgScope(who.active_org_id, "test")) as tx:
        await tx.session.execute(update(MembershipRow).values(role=role.value))
        await people.sessions.forget(tx)


async def member_of_another(people: People, who: SignedIn) -> UUID:
    scope = OrgScope(uuid4(), "test", who.user_id)
    async with people.database.transaction(scope) as tx:
        name = f"Bank {uuid4()}"
        return (await people.organizations.create_in(tx, name, owner_id=who.user_id)).id


@pytest.mark.parametrize("end_first", [True, False])
async def test_all_sessions_end_also_amid_a_refresh(people: People, *, end_first: bool) -> None:
    who, tokens = await signed_in(people)

    async def end_all() -> None:
        async with people.database.transaction(UserScope(who.user_id)) as tx:
            await people.sessions.end_all(tx)

    acts: list[Any] = [end_all(), refreshed(people, tokens.refresh)]
    answers = await asyncio.gather(*(acts if end_first else reversed(acts)))
    for answer in filter(None, answers):
        assert not await works(people, answer)
        assert await refreshed(people, answer.refresh) is None


async def test_the_other_sessions_end_and_this_one_stays(people: People) -> None:
    who, tokens = await signed_in(people)
    account = await people.accounts.get(who.user_id)
    other = (await people.users.enter(account, "guest", HERE)).tokens
    async with people.database.transaction(UserScope(who.user_id)) as tx:
        assert len(await people.sessions.list(tx)) == 2
        assert await people.sessions.end_all(tx, but=who.session_id)
    assert (await works(people, tokens), await works(people, other)) == (True, False)
    async with people.database.transaction(UserScope(who.user_id)) as tx:
        (left,) = await people.sessions.list(tx)
        assert not await people.sessions.end_all(tx, but=who.session_id)
    assert (left.id, left.device_info, left.ip_address) == (
        who.session_id,
        HERE.agent,
        HERE.address,
    )


async def test_a_session_of_somebody_else_cannot_be_ended(people: People) -> None:
    who, tokens = await signed_in(people)
    stranger, _ = await signed_in(people)
    with pytest.raises(SessionNotFound):
        async with people.database.transaction(UserScope(stranger.user_id)) as tx:
            await people.sessions.end(tx, who.session_id)
    assert await works(people, tokens)


async def test_a_session_ends_absolutely_however_often_it_is_refreshed(
    database: Database, app_url: str
) -> None:
    async with opened(database, app_url, lifetimes=ONE_HOUR) as people:
        who, tokens = await signed_in(people)
        ends_at = tokens.refresh_expires_at
        await age(people, who.session_id, ends_at=timedelta(minutes=55))
        for _ in range(3):
            tokens = await people.sessions.refresh(tokens.refresh, HERE)
            assert tokens.refresh_expires_at == ends_at - timedelta(minutes=55)
            assert tokens.access_expires_at <= tokens.refresh_expires_at
        await age(people, who.session_id, ends_at=LONG_AGO, expires_at=LONG_AGO)
        assert await refreshed(people, tokens.refresh) is None
        assert not await works(people, tokens)


async def test_a_session_that_is_not_refreshed_ends(people: People) -> None:
    who, tokens = await signed_in(people)
    assert tokens.refresh_expires_at - utc_now() < Lifetimes().absolute
    await age(people, who.session_id, expires_at=Lifetimes().idle)
    assert await refreshed(people, tokens.refresh) is None
    assert not await works(people, tokens)


async def test_tokens_outlive_a_change_of_the_master_key_and_replicas_that_disagree(
    database: Database, app_url: str, people: People
) -> None:
    who, tokens = await signed_in(people)
    by_old = await people.sessions.refresh(tokens.refresh, HERE)
    async with opened(database, app_url, NEW_KEY, KEY) as rotated:
        assert await works(rotated, by_old)
        assert (await rotated.sessions.refresh(tokens.refresh, HERE)).refresh == by_old.refresh
        by_new = await rotated.sessions.refresh(by_old.refresh, HERE)
    async with opened(database, app_url, KEY, NEW_KEY) as behind:
        assert (await behind.sessions.refresh(by_old.refresh, HERE)).refresh == by_new.refresh
    async with opened(database, app_url, NEW_KEY) as afterwards:
        assert await works(afterwards, by_new)
        assert not await works(afterwards, by_old)
        assert await refreshed(afterwards, by_new.refresh)
    assert len(await rows_of(people, who.session_id)) == 4


@pytest.mark.parametrize("token", ["", "prt_x", "\udcff", "\0", "x" * 10_000])
async def test_what_is_no_refresh_token_is_refused(people: People, token: str) -> None:
    assert await refreshed(people, token) is None


def key_of(secret: bytes) -> bytes:
    return KeyRing([secret]).signing_keys("access tokens")[0]


def test_the_key_of_access_tokens_is_no_other_key() -> None:
    ring = KeyRing([KEY])
    assert ring.signing_keys("access tokens") != ring.signing_keys("refresh token")


@pytest.mark.inventory("WH-314")
async def test_an_access_token_is_a_jwt_that_says_no_more_than_it_must(people: People) -> None:
    who, tokens = await signed_in(people)
    claims = jwt.decode(tokens.access, key_of(KEY), algorithms=["HS256"], audience="parley")
    assert set(claims) == {"iss", "aud", "sub", "sid", "iat", "exp"}
    assert (claims["sub"], claims["sid"]) == (str(who.user_id), str(who.session_id))
    assert 0 < claims["exp"] - claims["iat"] <= 15 * 60
    assert jwt.get_unverified_header(tokens.access)["alg"] == "HS256"


def with_claims(token: str, **changes: Any) -> str:
    claims = jwt.decode(token, options={"verify_signature": False}) | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return signed_again(token, kept, key_of(KEY), "HS256")


def signed_again(token: str, claims: dict[str, Any], key: Any, algorithm: str) -> str:
    kid = jwt.get_unverified_header(token)["kid"]
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})


def part(value: Any) -> str:
    return urlsafe_b64encode(msgspec.json.encode(value)).rstrip(b"=").decode()


def tampered(token: str) -> str:
    head, body, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    return ".".join((head, part(claims | {"sub": str(uuid4())}), signature)) or body


def resigned(algorithm: str, key: Any) -> Callable[[str], str]:
    def forge(token: str) -> str:
        claims = jwt.decode(token, options={"verify_signature": False})
        return signed_again(token, claims, key, algorithm)

    return forge


def unsigned(name: str) -> Callable[[str], str]:
    def forge(token: str) -> str:
        return ".".join((part({"alg": name, "typ": "JWT"}), token.split(".")[1], ""))

    return forge


FORGED: dict[str, Callable[[str], str]] = {
    "none": unsigned("none"),
    "None": unsigned("None"),
    "no signature": lambda token: token.rpartition(".")[0] + ".",
    "another key": resigned("HS256", key_of(NEW_KEY)),
    "the same key, another algorithm": resigned("HS384", key_of(KEY)),
    "another purpose": resigned("HS256", KeyRing([KEY]).signing_keys("refresh token")[0]),
    "changed claims": tampered,
    "expired": lambda token: with_claims(token, exp=int(utc_now().timestamp()) - 1),
    "without an end": lambda token: with_claims(token, exp=None),
    "for somebody else": lambda token: with_claims(token, aud="another"),
    "of somebody else": lambda token: with_claims(token, iss="another"),
    "without a session": lambda token: with_claims(token, sid=None),
    "no session's": lambda token: with_claims(token, sid=str(uuid4())),
    "no id": lambda token: with_claims(token, sid="1"),
    "another user's": lambda token: with_claims(token, sub=str(uuid4())),
    "a number": lambda token: with_claims(token, sid=7),
    "no token": lambda _: "x",
    "empty": lambda _: "",
    "two parts": lambda token: token.rpartition(".")[0],
    "not base64": lambda token: f"{token}!",
    "not ASCII": lambda token: f"{token}\xff",
    "huge": lambda token: token + "A" * 100_000,
}


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("how", FORGED)
async def test_a_forged_access_token_is_refused(people: People, how: str) -> None:
    _, tokens = await signed_in(people)
    with pytest.raises(SessionInvalid):
        await people.sessions.authenticate(FORGED[how](tokens.access))
    assert await works(people, tokens)


async def test_public_key_confusion_has_nothing_to_confuse(people: People) -> None:
    """Only HMAC is accepted: a header that names a key pair is refused."""
    _, tokens = await signed_in(people)
    body = tokens.access.split(".")[1]
    for name in ("RS256", "ES256", "EdDSA", "PS256"):
        with pytest.raises(SessionInvalid):
            await people.sessions.authenticate(f"{part({'alg': name})}.{body}.AAAA")
