"""Letters with links, and what they prove: verified addresses, new passwords."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.core.clock import utc_now
from app.core.crypto import new_token
from app.core.db import Database
from app.core.scope import UserScope, system_scope
from app.tenancy.domain.passwords import PasswordRefused
from app.tenancy.domain.principals import SessionInvalid
from app.tenancy.domain.users import (
    CredentialsWrong,
    CurrentPasswordWrong,
    ProofInvalid,
)
from app.tenancy.store.rows import (
    EmailVerificationRow,
    PasswordResetRow,
)
from tests.integration.tenancy.people import (
    CHANGED,
    HERE,
    OTHER,
    PASSWORD,
    RESET,
    VERIFY,
    People,
    new_address,
    opened,
    token_in,
    working,
)


@pytest.fixture
async def people(database: Database, app_url: str) -> AsyncGenerator[People]:
    async with opened(database, app_url) as people:
        yield people


@pytest.mark.inventory("WH-309", "WH-341")
async def test_an_address_is_verified_by_a_letter_once(people: People) -> None:
    email = await people.signed_up()
    assert not (await people.came_in(email)).is_verified
    token = await people.token_to(email, VERIFY)
    await people.proofs.verify_email(token, HERE)
    who = await people.came_in(email)
    assert who.is_verified
    assert "EmailVerified" in await people.acts(who.user_id)
    with pytest.raises(ProofInvalid):
        await people.proofs.verify_email(token, HERE)


@pytest.mark.inventory("WH-310")
async def test_another_verification_letter_replaces_the_first(people: People) -> None:
    email = await people.signed_up()
    first = await people.token_to(email, VERIFY)
    async with working(people):
        await people.proofs.resend_verification(email, HERE)
        second = await people.token_to(email, VERIFY, but=first)
    with pytest.raises(ProofInvalid):
        await people.proofs.verify_email(first, HERE)
    await people.proofs.verify_email(second, HERE)


@pytest.mark.inventory("WH-307", "WH-308", "WH-340")
async def test_a_lost_password_is_replaced_by_a_letter_once_and_ends_every_session(
    people: People,
) -> None:
    email = await people.signed_up()
    entrance = await people.users.log_in(email, PASSWORD, HERE)
    async with working(people):
        await people.proofs.forgot_password(email, HERE)
        token = await people.token_to(email, RESET)
    with pytest.raises(PasswordRefused):
        await people.proofs.reset_password(token, email.upper(), HERE)
    await people.proofs.reset_password(token, OTHER, HERE)
    with pytest.raises(ProofInvalid):
        await people.proofs.reset_password(token, PASSWORD, HERE)
    with pytest.raises(SessionInvalid):
        await people.sessions.authenticate(entrance.tokens.access)
    with pytest.raises(SessionInvalid):
        await people.sessions.refresh(entrance.tokens.refresh, HERE)
    with pytest.raises(CredentialsWrong):
        await people.users.log_in(email, PASSWORD, HERE)
    who = await people.came_in(email, OTHER)
    assert who.is_verified
    assert CHANGED in await people.subjects_to(email)
    assert {"PasswordResetAsked", "PasswordReset"} <= set(await people.acts(who.user_id))


async def test_a_second_letter_and_a_new_password_make_the_first_letter_worthless(
    people: People,
) -> None:
    email = await people.signed_up()
    async with working(people):
        await people.proofs.forgot_password(email, HERE)
        first = await people.token_to(email, RESET)
        await people.proofs.forgot_password(email, HERE)
        second = await people.token_to(email, RESET, but=first)
    with pytest.raises(ProofInvalid):
        await people.proofs.reset_password(first, OTHER, HERE)
    await people.users.change_password(await people.came_in(email), PASSWORD, OTHER, HERE)
    with pytest.raises(ProofInvalid):
        await people.proofs.reset_password(second, PASSWORD, HERE)


async def test_of_two_resets_at_once_one_wins(people: People) -> None:
    email = await people.signed_up()
    async with working(people):
        await people.proofs.forgot_password(email, HERE)
        token = await people.token_to(email, RESET)
    answers = await asyncio.gather(
        *(people.proofs.reset_password(token, f"{OTHER} {i}", HERE) for i in range(3)),
        return_exceptions=True,
    )
    won = [i for i, answer in enumerate(answers) if answer is None]
    assert len(won) == 1
    assert all(isinstance(a, ProofInvalid) for i, a in enumerate(answers) if i not in won)
    await people.came_in(email, f"{OTHER} {won[0]}")


async def test_no_session_of_the_old_password_outlives_a_reset_at_the_same_moment(
    people: People,
) -> None:
    email = await people.signed_up()
    async with working(people):
        await people.proofs.forgot_password(email, HERE)
        token = await people.token_to(email, RESET)
    _, *entered = await asyncio.gather(
        people.proofs.reset_password(token, OTHER, HERE),
        *(people.users.log_in(email, PASSWORD, HERE) for _ in range(4)),
        return_exceptions=True,
    )
    for entrance in entered:
        if isinstance(entrance, BaseException):
            assert isinstance(entrance, CredentialsWrong)
            continue
        with pytest.raises(SessionInvalid):
            await people.sessions.authenticate(entrance.tokens.access)


@pytest.mark.parametrize("kind", [PasswordResetRow, EmailVerificationRow])
async def test_a_token_out_of_a_letter_ends(people: People, kind: Any) -> None:
    email = await people.signed_up()
    who = await people.came_in(email)
    async with working(people):
        await people.proofs.forgot_password(email, HERE)
        reset = await people.token_to(email, RESET)
    verify = await people.token_to(email, VERIFY)
    async with people.database.transaction(UserScope(who.user_id)) as tx:
        lasts = (await tx.session.scalars(select(kind).where(kind.used_at.is_(None)))).one()
        assert lasts.expires_at - lasts.created_at == timedelta(
            hours=1 if kind is PasswordResetRow else 24
        )
        await tx.session.execute(update(kind).values(expires_at=utc_now() - timedelta(seconds=1)))
    with pytest.raises(ProofInvalid):
        if kind is PasswordResetRow:
            await people.proofs.reset_password(reset, OTHER, HERE)
        else:
            await people.proofs.verify_email(verify, HERE)


async def test_a_token_is_good_for_one_purpose_only(people: People) -> None:
    email = await people.signed_up()
    verify = await people.token_to(email, VERIFY)
    for token in (verify, "", "reset_x", "\0", "\udcff", new_token("reset_")):
        with pytest.raises(ProofInvalid):
            await people.proofs.reset_password(token, OTHER, HERE)


async def test_letters_to_nobody_are_not_written(people: People) -> None:
    nobody, somebody = new_address(), await people.signed_up()
    await people.proofs.forgot_password(nobody, HERE)
    await people.proofs.resend_verification(nobody, HERE)
    async with working(people):
        await people.proofs.forgot_password(somebody, HERE)
        await people.token_to(somebody, RESET)
    assert await people.subjects_to(nobody) == []


async def test_a_letter_leads_to_the_first_front_end(people: People) -> None:
    email = await people.signed_up()
    ((letter, body),) = await people.letters_to(email)
    link = f"https://app.bank.example/verify-email?token={token_in(body.text)}"
    assert link in body.text
    assert f'<a href="{link}">{link}</a>' in body.html
    assert letter.expires_at - letter.created_at <= timedelta(hours=24)
    async with people.database.transaction(system_scope("test")) as tx:
        rows = (await tx.session.scalars(select(EmailVerificationRow))).all()
    assert all(token_in(body.text).encode() not in row.token_hash for row in rows)


async def test_a_changed_password_ends_the_other_sessions(people: People) -> None:
    email = await people.signed_up()
    who, other = await people.came_in(email), await people.users.log_in(email, PASSWORD, HERE)
    with pytest.raises(CurrentPasswordWrong):
        await people.users.change_password(who, OTHER, OTHER, HERE)
    await people.users.change_password(who, PASSWORD, OTHER, HERE)
    with pytest.raises(SessionInvalid):
        await people.sessions.authenticate(other.tokens.access)
    async with people.database.transaction(UserScope(who.user_id)) as tx:
        assert [each.id for each in await people.sessions.list(tx)] == [who.session_id]
    assert CHANGED in await people.subjects_to(email)
    assert "PasswordChanged" in await people.acts(who.user_id)
    await people.came_in(email, OTHER)


async def test_of_two_changes_at_once_one_wins(people: People) -> None:
    email = await people.signed_up()
    who = await people.came_in(email)
    answers = await asyncio.gather(
        *(people.users.change_password(who, PASSWORD, f"{OTHER} {i}", HERE) for i in range(3)),
        return_exceptions=True,
    )
    assert [answer is None for answer in answers].count(True) == 1
