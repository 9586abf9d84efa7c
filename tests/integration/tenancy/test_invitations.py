"""Invitations: a secret in a letter, worth one membership to the one who has the address."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from app.core.clock import utc_now
from app.core.crypto import KeyRing
from app.core.db import Database
from app.core.mail import AddressInvalid
from app.core.scope import system_scope
from app.tenancy.domain.invitations import (
    MOST_A_DAY,
    InvitationForAnother,
    InvitationNotFound,
    TooManyInvitations,
)
from app.tenancy.domain.members import AlreadyMember
from app.tenancy.domain.principals import PermissionMissing, Role
from app.tenancy.store.rows import InvitationRow, UserRow
from tests.integration.tenancy.belonging import Belonging, Person, belonging


@pytest.fixture
async def world(database: Database, app_url: str) -> AsyncGenerator[Belonging]:
    async with belonging(database, app_url) as world:
        yield world


async def bank_of(world: Belonging) -> tuple[Person, UUID]:
    owner = await world.person(name="Ada")
    return owner, (await world.found(owner)).id


async def pending(world: Belonging, owner: Person, org_id: UUID) -> list[UUID]:
    async with world.database.transaction(owner.within(org_id)) as tx:
        return [each.id for each in await world.invitations.list(tx)]


def address_of(person: Person) -> str:
    assert person.email is not None
    return person.email


@pytest.mark.inventory("WH-332", "WH-344", "WH-345")
async def test_who_has_the_address_joins_once(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    bob = await world.person()
    invitation_id, token = await world.invite(ada, bank, address_of(bob).upper(), Role.ADMIN)
    assert await pending(world, ada, bank) == [invitation_id]
    joined = await world.accept(bob, token)
    assert (joined.id, joined.role) == (bank, Role.ADMIN)
    assert (await world.roles(bank))[bob.user_id] is Role.ADMIN
    assert await pending(world, ada, bank) == []
    with pytest.raises(AlreadyMember):
        await world.accept(bob, token)
    await world.remove(ada, bank, bob.user_id)
    with pytest.raises(InvitationNotFound):
        await world.accept(bob, token)
    told = {"InvitationCreated", "InvitationAccepted", "MemberJoined"}
    assert told <= await world.announced(bank)


async def test_of_many_who_accept_at_once_one_joins(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    bob = await world.person()
    _, token = await world.invite(ada, bank, address_of(bob))
    outcomes = await asyncio.gather(
        *(world.accept(bob, token) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(outcome, AlreadyMember) for outcome in outcomes) == 4
    assert len(await world.roles(bank)) == 2


async def test_accepting_proves_the_address_and_leaves_the_session_where_it_is(
    world: Belonging,
) -> None:
    ada, bank = await bank_of(world)
    bob = await world.person()
    home = await world.found(bob)
    access, before = await world.signed_in(bob, home.id)
    _, token = await world.invite(ada, bank, address_of(bob))
    await world.accept(bob, token)
    after = await world.sessions.authenticate(access)
    assert (before.is_verified, after.is_verified) == (False, True)
    assert after.active_org_id == home.id
    assert dict(after.roles) == {home.id: Role.OWNER, bank: Role.MEMBER}


@pytest.mark.parametrize("email", ["", None])
async def test_another_user_and_a_guest_are_refused(world: Belonging, email: str | None) -> None:
    ada, bank = await bank_of(world)
    _, token = await world.invite(ada, bank, f"{uuid4()}@bank.example")
    other = await world.person(email)
    with pytest.raises(InvitationForAnother):
        await world.accept(other, token)
    assert await world.roles(bank) == {ada.user_id: Role.OWNER}
    async with world.database.transaction(other.alone) as tx:
        verified = select(UserRow.email_verified_at).where(UserRow.id == other.user_id)
        assert await tx.session.scalar(verified) is None


async def test_an_invitation_ends_after_a_week(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    bob = await world.person()
    invitation_id, token = await world.invite(ada, bank, address_of(bob))
    async with world.database.transaction(system_scope("test")) as tx:
        row = await tx.session.get_one(InvitationRow, invitation_id)
        assert row.expires_at - row.created_at == timedelta(days=7)
        row.expires_at = utc_now()
    with pytest.raises(InvitationNotFound):
        await world.accept(bob, token)
    with pytest.raises(InvitationNotFound):
        await world.invitations.preview(token)
    assert await pending(world, ada, bank) == []
    _, again = await world.invite(ada, bank, address_of(bob))
    await world.accept(bob, again)


@pytest.mark.inventory("WH-330")
async def test_a_revoked_link_is_dead(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    bob = await world.person()
    invitation_id, token = await world.invite(ada, bank, address_of(bob))
    async with world.database.transaction(ada.within(bank)) as tx:
        await world.invitations.revoke(tx, invitation_id)
    with pytest.raises(InvitationNotFound):
        await world.accept(bob, token)
    with pytest.raises(InvitationNotFound):
        async with world.database.transaction(ada.within(bank)) as tx:
            await world.invitations.revoke(tx, invitation_id)
    assert "InvitationRevoked" in await world.announced(bank)


async def test_the_same_address_invited_again_gets_a_link_that_replaces_the_first(
    world: Belonging,
) -> None:
    ada, bank = await bank_of(world)
    bob = await world.person()
    _, first = await world.invite(ada, bank, address_of(bob))
    second_id, second = await world.invite(ada, bank, address_of(bob).upper(), Role.ADMIN)
    assert await pending(world, ada, bank) == [second_id]
    with pytest.raises(InvitationNotFound):
        await world.accept(bob, first)
    assert (await world.accept(bob, second)).role is Role.ADMIN


async def test_of_many_invitations_at_once_to_one_address_one_stands(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    email = f"{uuid4()}@bank.example"

    async def invite() -> UUID:
        async with world.database.transaction(ada.within(bank)) as tx:
            return (await world.invitations.create(tx, email, Role.MEMBER)).id

    made = await asyncio.gather(*(invite() for _ in range(4)))
    (standing,) = await pending(world, ada, bank)
    assert standing in made


@pytest.mark.parametrize(
    ("by", "role", "may"),
    [
        (Role.OWNER, Role.ADMIN, True),
        (Role.ADMIN, Role.ADMIN, True),
        (Role.ADMIN, Role.MEMBER, True),
        (Role.ADMIN, Role.OWNER, False),
        (Role.MEMBER, Role.MEMBER, False),
    ],
)
async def test_who_may_invite_whom(world: Belonging, by: Role, role: Role, may: bool) -> None:
    ada, bank = await bank_of(world)
    actor = await world.join(bank, by)
    email = f"{uuid4()}@bank.example"
    if may:
        await world.invite(actor, bank, email, role)
    else:
        with pytest.raises(PermissionMissing):
            await world.invite(actor, bank, email, role)
    assert len(await pending(world, ada, bank)) == int(may)


async def test_a_member_is_not_invited_again(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    bob = await world.join(bank, Role.MEMBER)
    with pytest.raises(AlreadyMember) as refusal:
        await world.invite(ada, bank, address_of(bob).upper())
    assert refusal.value.details == {"field": "email"}


async def test_only_so_many_invitations_a_day(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    async with world.database.transaction(ada.within(bank)) as tx:
        for number in range(MOST_A_DAY):
            tx.session.add(
                InvitationRow(
                    id=uuid4(),
                    email=f"{number}@bank.example",
                    role="member",
                    token_hash=uuid4().bytes,
                    expires_at=utc_now(),
                    revoked_at=utc_now(),
                )
            )
    with pytest.raises(TooManyInvitations) as refusal:
        await world.invite(ada, bank, "one-more@bank.example")
    assert refusal.value.details["retry_after_s"] > 0
    async with world.database.transaction(system_scope("test")) as tx:
        yesterday = utc_now() - timedelta(days=1, seconds=1)
        oldest = select(InvitationRow.id).where(InvitationRow.org_id == bank).limit(1)
        await tx.session.execute(
            update(InvitationRow)
            .where(InvitationRow.id.in_(oldest.scalar_subquery()))
            .values(created_at=yesterday)
        )
    await world.invite(ada, bank, "one-more@bank.example")


@pytest.mark.parametrize(
    "email",
    [
        *(
            "",
            "bob",
            "bob@",
            "@bank.example",
            "bob@bank.example\0",
            "bob@bank.example\r\nBcc: x@y.z",
        ),
        *("a@b@c.example", "bob@bank.example, eve@bank.example", "bob@\u202ebank.example"),
        *("Bob <bob@bank.example>", "bob@-bank.example", "\ud800@bank.example"),
        "b" * 300 + "@bank.example",
    ],
)
async def test_an_address_that_is_none_is_refused_with_the_field(
    world: Belonging, email: str
) -> None:
    ada, bank = await bank_of(world)
    with pytest.raises(AddressInvalid) as refusal:
        await world.invite(ada, bank, email)
    assert refusal.value.details == {"field": "email"}


@pytest.mark.inventory("WH-331")
async def test_the_preview_tells_who_has_the_link_what_it_is_for(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    _, token = await world.invite(ada, bank, "bob@bank.example", Role.ADMIN)
    seen = await world.invitations.preview(token)
    assert (seen.organization_name, seen.email, seen.role) == ("Bank", "b***@bank.example", "admin")
    assert seen.invited_by == "Ada"
    for wrong in ("", "inv_", token + "x", "\0", "\ud800", "x" * 100_000):
        with pytest.raises(InvitationNotFound):
            await world.invitations.preview(wrong)
        with pytest.raises(InvitationNotFound):
            await world.accept(ada, wrong)


@pytest.mark.inventory("WH-333")
async def test_the_token_is_in_the_letter_and_only_its_keyed_hash_in_the_database(
    world: Belonging,
) -> None:
    ada, bank = await bank_of(world)
    invitation_id, token = await world.invite(ada, bank, f"{uuid4()}@bank.example")
    async with world.database.transaction(system_scope("test")) as tx:
        row = await tx.session.get_one(InvitationRow, invitation_id)
    assert row.token_hash == KeyRing([b"k" * 32]).token_hash(token)
    assert token not in str(vars(row))


async def test_names_in_the_letter_are_text_and_nothing_else(world: Belonging) -> None:
    eve = await world.person(name='<img src="x">')
    bank = await world.found(eve, "<script>=?utf-8?q?x?= & Sons")
    email = f"{uuid4()}@bank.example"
    await world.invite(eve, bank.id, email)
    subject, _, rest = (await world.letter_to(email)).partition("\n")
    text, _, html = rest.partition("<p>")
    assert subject == "Join <script>= ?utf-8?q?x?= & Sons on Parley"
    assert f'<img src="x"> ({eve.email}) invites you to join <script>' in text
    assert "<script>" not in html
    assert "<img" not in html
    assert "&lt;script&gt;=?utf-8?q?x?= &amp; Sons" in html
