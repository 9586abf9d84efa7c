"""Users on a real database: they sign up, come in and go out; who may, and who is forgotten."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from argon2 import PasswordHasher, extract_parameters
from sqlalchemy import select, update

from app.core.clock import utc_now
from app.core.db import Database
from app.core.scope import OrgScope, SystemScope, system_scope
from app.tenancy.domain.principals import Role, SessionInvalid
from app.tenancy.domain.users import (
    CredentialsWrong,
    EmailNotVerified,
    Newcomer,
    PasswordMissing,
    SignUpClosed,
)
from app.tenancy.purge import PURGE_USERS, PurgeUsers
from app.tenancy.store.rows import (
    AuditRow,
    EmailVerificationRow,
    InvitationRow,
    OrganizationRow,
    UserRow,
    UserSessionRow,
)
from tests.integration.tenancy.people import (
    CHEAP,
    HERE,
    KNOWN,
    OTHER,
    PASSWORD,
    VERIFY,
    People,
    new_address,
    opened,
    until,
    working,
)


@pytest.fixture
async def people(database: Database, app_url: str) -> AsyncGenerator[People]:
    async with opened(database, app_url) as people:
        yield people


@pytest.mark.inventory("WH-301", "WH-302", "WH-337")
async def test_signing_up_makes_a_user_with_an_organization_of_its_own(people: People) -> None:
    email = await people.signed_up()
    entrance = await people.users.log_in(email.upper().replace("BANK.", "Bank."), PASSWORD, HERE)
    profile = entrance.profile
    assert (profile.email, profile.name, profile.provider) == (email, "Ada", "password")
    assert profile.active
    assert profile.organizations == (profile.active,)
    assert profile.active.role is Role.OWNER
    assert await people.subjects_to(email) == [VERIFY]
    assert (await people.acts(profile.id))[:2] == ["OrganizationCreated", "UserSignedUp"]
    row = await people.row_of(email)
    assert row
    assert row.password_hash
    assert row.password_hash.startswith("$argon2id$")
    assert row.last_login_at is not None


async def test_a_known_address_gets_a_letter_and_its_account_stays_as_it_is(
    people: People,
) -> None:
    email = await people.signed_up()
    before = await people.row_of(email)
    async with working(people):
        await people.users.sign_up(email, OTHER, "Eve", HERE)
        await people.users.sign_up(email.replace("ada", "ADA"), OTHER, "Eve", HERE)

        async def told_twice() -> bool:
            return (await people.subjects_to(email)).count(KNOWN) == 2

        await until(told_twice)
    after = await people.row_of(email)
    assert before
    assert after
    assert (before.password_hash, before.name) == (after.password_hash, after.name)
    with pytest.raises(CredentialsWrong):
        await people.users.log_in(email, OTHER, HERE)


async def test_of_two_sign_ups_at_once_one_makes_the_account(people: People) -> None:
    email = new_address()
    await asyncio.gather(
        *(people.users.sign_up(email, f"{PASSWORD} {i}", "", HERE) for i in range(4))
    )
    assert await people.subjects_to(email) == [VERIFY]


async def test_homoglyphs_are_other_people(people: People) -> None:
    email = await people.signed_up()
    other = email.replace("a", "\u0430", 1)
    await people.users.sign_up(other, OTHER, "", HERE)
    assert (await people.came_in(other, OTHER)).user_id != (await people.came_in(email)).user_id


async def test_an_address_is_one_however_it_is_composed(people: People) -> None:
    unique = uuid4().hex
    await people.users.sign_up(f"jo\u0308rg-{unique}@bücher.example", PASSWORD, "", HERE)
    who = await people.came_in(f"jörg-{unique}@XN--BCHER-KVA.example")
    assert who.email == f"jörg-{unique}@xn--bcher-kva.example"


async def refusal(people: People, email: str, password: str) -> tuple[str, str, int, Any]:
    with pytest.raises(CredentialsWrong) as refused:
        await people.users.log_in(email, password, HERE)
    error = refused.value
    return type(error).__name__, error.message, error.status, error.details


async def test_every_failed_login_is_told_the_same(people: People) -> None:
    known, without_password = await people.signed_up(), new_address()
    linked = Newcomer(uuid4(), "google", without_password, is_verified=True)
    assert await people.users.register(linked, HERE)
    answers = [
        await refusal(people, known, OTHER),
        await refusal(people, new_address(), PASSWORD),
        await refusal(people, without_password, ""),
        await refusal(people, without_password, PASSWORD),
    ]
    assert len({str(answer) for answer in answers}) == 1


async def test_every_failed_login_costs_one_hash_of_the_same_strength(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = PasswordHasher.verify

    def noted(self: PasswordHasher, stored: str, password: str) -> Any:
        checked.append(stored)
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", noted)
    await refusal(people, await people.signed_up(), OTHER)
    await refusal(people, new_address(), PASSWORD)
    assert len(checked) == 2
    assert extract_parameters(checked[0]) == extract_parameters(checked[1])


async def test_a_failed_login_is_noted_in_the_organization_of_the_account(
    people: People,
) -> None:
    email = await people.signed_up()
    who = await people.came_in(email)
    async with working(people):
        await refusal(people, email, OTHER)

        async def noted() -> bool:
            return "LoginFailed" in await people.acts(who.user_id)

        await until(noted)


async def test_a_weaker_hash_is_made_again_at_login(people: People) -> None:
    email = await people.signed_up()
    weak = PasswordHasher(time_cost=1, memory_cost=16, parallelism=2).hash(PASSWORD)
    async with people.database.transaction(system_scope("test")) as tx:
        await tx.session.execute(
            update(UserRow).where(UserRow.email == email).values(password_hash=weak)
        )
    await people.came_in(email)
    row = await people.row_of(email)
    assert row
    assert row.password_hash
    assert not CHEAP.check_needs_rehash(row.password_hash)
    await people.came_in(email)


async def test_logging_in_again_ends_the_session_of_that_browser(people: People) -> None:
    email = await people.signed_up()
    first = await people.users.log_in(email, PASSWORD, HERE)
    second = await people.users.log_in(email, PASSWORD, HERE, instead_of=first.tokens.refresh)
    with pytest.raises(SessionInvalid):
        await people.sessions.authenticate(first.tokens.access)
    assert await people.sessions.authenticate(second.tokens.access)


async def test_the_organization_last_worked_in_is_active_at_the_next_login(
    people: People,
) -> None:
    email = await people.signed_up()
    who = await people.came_in(email)
    async with people.database.transaction(OrgScope(uuid4(), "test", who.user_id)) as tx:
        other = await people.organizations.create_in(tx, "Bank", owner_id=who.user_id)
        await people.sessions.switch(tx, who.session_id, other.id)
    entrance = await people.users.log_in(email, PASSWORD, HERE)
    assert entrance.profile.active
    assert entrance.profile.active.id == other.id
    assert len(entrance.profile.organizations) == 2


async def test_logging_out_works_with_any_token_of_the_session_and_twice(people: People) -> None:
    email = await people.signed_up()
    entrance = await people.users.log_in(email, PASSWORD, HERE)
    current = await people.sessions.refresh(entrance.tokens.refresh, HERE)
    await people.users.log_out(entrance.tokens.refresh, "", HERE)
    await people.users.log_out(current.refresh, "not a token", HERE)
    await people.users.log_out("", "", HERE)
    with pytest.raises(SessionInvalid):
        await people.sessions.authenticate(current.access)
    other = await people.users.log_in(email, PASSWORD, HERE)
    await people.users.log_out("", other.tokens.access, HERE)
    with pytest.raises(SessionInvalid):
        await people.sessions.authenticate(other.tokens.access)


@pytest.mark.inventory("WH-306")
async def test_a_guest_has_an_organization_and_no_address(people: People) -> None:
    entrance = await people.users.guest(HERE)
    who = await people.sessions.authenticate(entrance.tokens.access)
    assert who.is_guest
    assert entrance.profile.active
    assert who.principal().org_id == entrance.profile.active.id
    with pytest.raises(PasswordMissing):
        await people.users.change_password(who, PASSWORD, OTHER, HERE)


async def test_nobody_signs_up_where_that_is_closed(database: Database, app_url: str) -> None:
    async with opened(database, app_url, sign_up="closed") as people:
        with pytest.raises(SignUpClosed):
            await people.users.sign_up(new_address(), PASSWORD, "", HERE)
        with pytest.raises(SignUpClosed):
            await people.users.guest(HERE)


async def test_only_who_was_invited_signs_up_and_nobody_is_told_who_was(
    database: Database, app_url: str, org_a: OrgScope
) -> None:
    invited, stranger, late = new_address(), new_address(), new_address()
    async with database.transaction(org_a) as tx:
        for email, days in ((invited, 1), (late, -1)):
            tx.session.add(
                InvitationRow(
                    id=uuid4(),
                    email=email,
                    role="member",
                    token_hash=uuid4().bytes,
                    expires_at=utc_now() + timedelta(days=days),
                )
            )
    async with opened(database, app_url, sign_up="invited") as people:
        for email in (invited, stranger, late):
            await people.users.sign_up(email, PASSWORD, "", HERE)
        assert await people.came_in(invited)
        for email in (stranger, late):
            with pytest.raises(CredentialsWrong):
                await people.users.log_in(email, PASSWORD, HERE)
        with pytest.raises(SignUpClosed):
            await people.users.guest(HERE)


async def test_an_unverified_address_may_be_refused_after_the_right_password_only(
    database: Database, app_url: str
) -> None:
    async with opened(database, app_url, requires_verified_email=True) as people:
        email = await people.signed_up()
        with pytest.raises(EmailNotVerified):
            await people.users.log_in(email, PASSWORD, HERE)
        with pytest.raises(CredentialsWrong):
            await people.users.log_in(email, OTHER, HERE)
        await people.proofs.verify_email(await people.token_to(email, VERIFY), HERE)
        await people.came_in(email)


async def test_what_nobody_can_use_any_more_is_purged(people: People) -> None:
    gone, stays = await people.users.guest(HERE), await people.users.guest(HERE)
    email = await people.signed_up()
    old = utc_now() - timedelta(days=2)
    assert gone.profile.active
    async with people.database.transaction(OrgScope(gone.profile.active.id, "test")) as tx:
        tx.session.add(AuditRow(actor="test", action="Tested", details={}))
    async with people.database.transaction(system_scope("test")) as tx:
        session = update(UserSessionRow).where(UserSessionRow.user_id == gone.profile.id)
        await tx.session.execute(session.values(ends_at=old, expires_at=old))
        user = select(UserRow.id).where(UserRow.email == email).scalar_subquery()
        proof = update(EmailVerificationRow).where(EmailVerificationRow.user_id == user)
        await tx.session.execute(proof.values(expires_at=old))

    async def is_gone() -> bool:
        return gone.profile.id not in await guests(people)

    async with working(people):
        async with people.database.transaction(system_scope("test")) as tx:
            await people.jobs.enqueue(tx, PURGE_USERS, PurgeUsers())
        await until(is_gone)
    assert stays.profile.id in await guests(people)
    assert stays.profile.active
    async with people.database.transaction(system_scope("test")) as tx:
        left = set(await tx.session.scalars(select(OrganizationRow.id)))
        user = await tx.session.scalar(select(UserRow.id).where(UserRow.email == email))
        proofs = select(EmailVerificationRow).where(EmailVerificationRow.user_id == user)
        assert (await tx.session.scalars(proofs)).all() == []
    assert user is not None
    assert (gone.profile.active.id in left, stays.profile.active.id in left) == (False, True)


async def guests(people: People) -> set[UUID]:
    scope: SystemScope = system_scope("test")
    async with people.database.transaction(scope) as tx:
        query = select(UserRow.id).where(UserRow.auth_provider == "guest")
        return set(await tx.session.scalars(query))
