"""Which passwords may be chosen, how they are kept, and how guessing them is slowed down."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from argon2 import Type

from app.core.db import Database
from app.tenancy import attempts
from app.tenancy.domain.passwords import PasswordRefused
from app.tenancy.domain.principals import Device
from app.tenancy.domain.users import (
    CredentialsWrong,
    CurrentPasswordWrong,
    TooManyAttempts,
)
from app.tenancy.passwords import MOST_WAITING, Passwords, PasswordsBusy, argon2id
from tests.integration.tenancy.people import (
    CHEAP,
    HERE,
    OTHER,
    PASSWORD,
    People,
    new_address,
    opened,
)


@pytest.fixture
async def people(database: Database, app_url: str) -> AsyncGenerator[People]:
    async with opened(database, app_url) as people:
        yield people


PASSWORDS_REFUSED = {
    "seven characters": "abcdefg",
    "nothing": "",
    "too many": "x" * 257,
    "too many, composed": "\ufdfa" * 20,
    "common": "password123",
    "common, in capitals": "PASSWORD123",
    "common, in full width": "".join(chr(ord(each) + 0xFEE0) for each in "password123"),
    "the name of the product": "Parley123",
    "with NUL": "correct\0horse",
    "with a line break": "correct\nhorse",
}


@pytest.mark.parametrize("what", PASSWORDS_REFUSED)
async def test_a_bad_password_is_refused(people: People, what: str) -> None:
    email = new_address()
    with pytest.raises(PasswordRefused) as refused:
        await people.users.sign_up(email, PASSWORDS_REFUSED[what], "", HERE)
    assert refused.value.details["field"] == "password"
    assert await people.row_of(email) is None


async def test_the_address_is_no_password(people: People) -> None:
    for password in ("long-local-part", "Long-Local-Part@bank.example"):
        with pytest.raises(PasswordRefused):
            await people.users.sign_up("long-local-part@bank.example", password, "", HERE)


@pytest.mark.parametrize(
    ("chosen", "given"),
    [
        ("securepass123", "securepass123"),
        ("        ", "        "),
        ("x" * 255 + "y", "x" * 255 + "y"),
        ("pa\u0308sswörter", "pässwo\u0308rter"),
        ("🦜🦜 👩\u200d🚀 пароль", "🦜🦜 👩\u200d🚀 пароль"),
    ],
)
async def test_any_other_password_works_as_it_was_chosen(
    people: People, chosen: str, given: str
) -> None:
    email = new_address()
    await people.users.sign_up(email, chosen, "", HERE)
    await people.came_in(email, given)
    for wrong in (given[:-1], given.swapcase() + " ", given + " "):
        with pytest.raises((CredentialsWrong, PasswordRefused)):
            await people.users.log_in(email, wrong, HERE)


async def test_too_many_hashes_at_once_are_refused_rather_than_queued_for_ever() -> None:
    passwords = Passwords(CHEAP)
    answers = await asyncio.gather(
        *(passwords.verify(PASSWORD, None) for _ in range(MOST_WAITING + 5)),
        return_exceptions=True,
    )
    assert [answer for answer in answers if answer is not False]
    assert all(answer is False or isinstance(answer, PasswordsBusy) for answer in answers)
    assert not await passwords.verify(PASSWORD, None)


def test_hashes_are_argon2id_of_more_than_the_least_strength() -> None:
    hasher = argon2id()
    assert hasher.type is Type.ID
    assert hasher.memory_cost >= 19 * 1024
    assert hasher.time_cost >= 2


async def test_guessing_one_account_from_one_place_is_slowed_down(people: People) -> None:
    known, unknown = await people.signed_up(), new_address()
    for email in (known, unknown):
        for _ in range(attempts.FROM_HERE.count):
            with pytest.raises(CredentialsWrong):
                await people.users.log_in(email, OTHER, HERE)
        with pytest.raises(TooManyAttempts) as refused:
            await people.users.log_in(email.upper(), PASSWORD, HERE)
        assert 0 < refused.value.details["retry_after_s"] <= 15 * 60
    elsewhere = Device("198.51.100.1", "")
    assert await people.users.log_in(known, PASSWORD, elsewhere)


async def test_guessing_from_one_site_is_slowed_down_whichever_account(people: People) -> None:
    def neighbour(i: int) -> Device:
        return Device(f"2001:db8:7:7::{i:x}", "")

    for i in range(100):
        with pytest.raises(CredentialsWrong):
            await people.users.log_in(new_address(), OTHER, neighbour(i))
    with pytest.raises(TooManyAttempts):
        await people.users.log_in(new_address(), OTHER, neighbour(200))


async def test_guessing_one_account_from_everywhere_is_slowed_down(people: People) -> None:
    email = new_address()
    for i in range(attempts.FROM_ANYWHERE.count):
        with pytest.raises(CredentialsWrong):
            await people.users.log_in(email, OTHER, Device(f"198.51.{i}.1", ""))
    with pytest.raises(TooManyAttempts):
        await people.users.log_in(email, OTHER, Device("203.0.113.9", ""))


async def test_nobody_is_buried_in_letters(people: People) -> None:
    email = new_address()
    for ask in (people.proofs.forgot_password, people.proofs.resend_verification):
        for i in range(attempts.LETTERS.count):
            await ask(email, Device(f"198.51.100.{i}", ""))
        with pytest.raises(TooManyAttempts):
            await ask(email, HERE)


async def test_the_current_password_cannot_be_guessed_in_a_stolen_session(people: People) -> None:
    email = await people.signed_up()
    who = await people.came_in(email)
    for _ in range(attempts.FROM_HERE.count):
        with pytest.raises(CurrentPasswordWrong):
            await people.users.change_password(who, "a wrong guess", OTHER, HERE)
    with pytest.raises(TooManyAttempts):
        await people.users.change_password(who, PASSWORD, OTHER, HERE)


async def test_the_limiter_is_not_told_any_address_of_a_person(
    people: People,
) -> None:
    email = await people.signed_up()
    await people.came_in(email)
    await people.proofs.forgot_password(email, HERE)
    assert people.limiter.told
    name, host = email.split("@")
    assert not any(name in key or host in key for key in people.limiter.told)
