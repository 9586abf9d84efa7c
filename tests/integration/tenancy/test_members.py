"""Members of an organization: exactly the powers that are documented, and always an owner."""

import asyncio
from collections.abc import AsyncGenerator
from uuid import UUID, uuid4

import pytest

from app.core.db import Database
from app.core.scope import OrgScope, UserScope
from app.tenancy.domain.members import AlreadyOwner, LastOwner, MemberNotFound
from app.tenancy.domain.organizations import OrganizationNotFound
from app.tenancy.domain.principals import Permission, PermissionMissing, Role
from tests.integration.tenancy.belonging import Belonging, Person, belonging

OWNER, ADMIN, MEMBER = Role.OWNER, Role.ADMIN, Role.MEMBER


@pytest.fixture
async def world(database: Database, app_url: str) -> AsyncGenerator[Belonging]:
    async with belonging(database, app_url) as world:
        yield world


async def bank_of(world: Belonging) -> tuple[Person, UUID]:
    owner = await world.person()
    return owner, (await world.found(owner)).id


@pytest.mark.inventory("WH-324")
async def test_members_are_listed_with_name_address_and_role(world: Belonging) -> None:
    ada = await world.person(name="Ada")
    bank = await world.found(ada)
    bob = await world.join(bank.id, MEMBER)
    async with world.database.transaction(ada.within(bank.id)) as tx:
        members = await world.members.list(tx)
    assert [(each.user_id, each.email, each.name, each.role) for each in members] == [
        (ada.user_id, ada.email, "Ada", OWNER),
        (bob.user_id, bob.email, "", MEMBER),
    ]


@pytest.mark.inventory("WH-325", "WH-326")
@pytest.mark.parametrize("by", [OWNER, ADMIN, MEMBER])
@pytest.mark.parametrize("of", [OWNER, ADMIN, MEMBER])
@pytest.mark.parametrize("to", [OWNER, ADMIN, MEMBER])
async def test_who_may_give_whom_which_role(world: Belonging, by: Role, of: Role, to: Role) -> None:
    _, bank = await bank_of(world)
    actor, other = await world.join(bank, by), await world.join(bank, of)
    may = by is OWNER or (by is ADMIN and OWNER not in (of, to))
    if may:
        await world.change_role(actor, bank, other.user_id, to)
    else:
        with pytest.raises(PermissionMissing):
            await world.change_role(actor, bank, other.user_id, to)
    roles = await world.roles(bank)
    assert roles[other.user_id] is (to if may else of)
    assert ("MemberRoleChanged" in await world.announced(bank)) is (may and of is not to)


@pytest.mark.inventory("WH-326")
@pytest.mark.parametrize("by", [OWNER, ADMIN, MEMBER])
@pytest.mark.parametrize("of", [OWNER, ADMIN, MEMBER])
async def test_who_may_dismiss_whom(world: Belonging, by: Role, of: Role) -> None:
    _, bank = await bank_of(world)
    actor, other = await world.join(bank, by), await world.join(bank, of)
    may = by is OWNER or (by is ADMIN and of is not OWNER)
    if may:
        await world.remove(actor, bank, other.user_id)
    else:
        with pytest.raises(PermissionMissing):
            await world.remove(actor, bank, other.user_id)
    assert (other.user_id in await world.roles(bank)) is not may
    assert ("MemberRemoved" in await world.announced(bank)) is may


@pytest.mark.parametrize("role", [OWNER, ADMIN, MEMBER])
async def test_everybody_may_leave(world: Belonging, role: Role) -> None:
    owner, bank = await bank_of(world)
    person = await world.join(bank, role)
    await world.remove(person, bank, person.user_id)
    assert await world.roles(bank) == {owner.user_id: OWNER}


async def test_the_last_owner_stays_one(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    for role in (ADMIN, MEMBER):
        with pytest.raises(LastOwner):
            await world.change_role(ada, bank, ada.user_id, role)
    with pytest.raises(LastOwner):
        await world.remove(ada, bank, ada.user_id)
    with pytest.raises(LastOwner):
        async with world.database.transaction(OrgScope(bank, "operator")) as tx:
            await world.members.appoint(tx, ada.user_id, MEMBER)
    assert await world.roles(bank) == {ada.user_id: OWNER}
    assert await world.owner_of(ada, bank) == ada.user_id


async def test_two_owners_who_demote_each_other_at_once_leave_one(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    bob = await world.join(bank, OWNER)
    outcomes = await asyncio.gather(
        world.change_role(ada, bank, bob.user_id, MEMBER),
        world.change_role(bob, bank, ada.user_id, MEMBER),
        return_exceptions=True,
    )
    assert sum(outcome is None for outcome in outcomes) == 1
    assert sorted((await world.roles(bank)).values()) == [MEMBER, OWNER]


async def test_two_owners_who_leave_at_once_leave_one(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    bob = await world.join(bank, OWNER)
    outcomes = await asyncio.gather(
        world.remove(ada, bank, ada.user_id),
        world.remove(bob, bank, bob.user_id),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, LastOwner) for outcome in outcomes) == 1
    ((owner, role),) = (await world.roles(bank)).items()
    assert role is OWNER
    assert owner in (ada.user_id, bob.user_id)


async def test_the_owner_in_the_organization_itself_follows(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    bob = await world.join(bank, OWNER)
    assert await world.owner_of(bob, bank) == ada.user_id
    await world.change_role(bob, bank, ada.user_id, MEMBER)
    assert await world.owner_of(bob, bank) == bob.user_id


async def test_ownership_is_handed_over(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    bob = await world.join(bank, MEMBER)
    await world.transfer(ada, bank, bob.user_id)
    assert await world.roles(bank) == {ada.user_id: ADMIN, bob.user_id: OWNER}
    assert await world.owner_of(bob, bank) == bob.user_id
    assert "OwnershipTransferred" in await world.announced(bank)
    with pytest.raises(PermissionMissing):
        await world.transfer(ada, bank, ada.user_id)


async def test_ownership_is_handed_to_another_member_only(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    stranger = await world.person()
    with pytest.raises(MemberNotFound):
        await world.transfer(ada, bank, stranger.user_id)
    with pytest.raises(AlreadyOwner):
        await world.transfer(ada, bank, ada.user_id)
    for role in (ADMIN, MEMBER):
        person = await world.join(bank, role)
        with pytest.raises(PermissionMissing):
            await world.transfer(person, bank, person.user_id)
    assert await world.owner_of(ada, bank) == ada.user_id


async def test_an_owner_who_hands_over_twice_at_once_has_one_heir(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    heirs = [await world.join(bank, MEMBER) for _ in range(2)]
    outcomes = await asyncio.gather(
        *(world.transfer(ada, bank, heir.user_id) for heir in heirs), return_exceptions=True
    )
    assert sum(isinstance(outcome, PermissionMissing) for outcome in outcomes) == 1
    assert sorted((await world.roles(bank)).values()) == [ADMIN, MEMBER, OWNER]


async def test_members_of_another_organization_are_out_of_reach(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    bob, other = await bank_of(world)
    for touch in (
        world.change_role(ada, bank, bob.user_id, MEMBER),
        world.remove(ada, bank, bob.user_id),
        world.change_role(ada, bank, uuid4(), MEMBER),
    ):
        with pytest.raises(MemberNotFound):
            await touch
    for act in (
        world.change_role(ada, other, bob.user_id, MEMBER),
        world.remove(ada, other, bob.user_id),
    ):
        with pytest.raises(PermissionMissing):
            await act
    assert await world.roles(other) == {bob.user_id: OWNER}


async def test_a_change_of_role_counts_from_the_next_request(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    bob = await world.join(bank, ADMIN)
    access, signed_in = await world.signed_in(bob, bank)
    assert Permission.MEMBERS in signed_in.principal().permissions
    await world.change_role(ada, bank, bob.user_id, MEMBER)
    demoted = await world.sessions.authenticate(access)
    assert Permission.MEMBERS not in demoted.principal().permissions
    await world.remove(ada, bank, bob.user_id)
    assert dict((await world.sessions.authenticate(access)).roles) == {}


async def test_who_may_invite_no_more_has_no_invitations_out(world: Belonging) -> None:
    ada, bank = await bank_of(world)
    demoted, dismissed = await world.join(bank, ADMIN), await world.join(bank, ADMIN)
    await world.invite(demoted, bank, f"{uuid4()}@bank.example", ADMIN)
    await world.invite(dismissed, bank, f"{uuid4()}@bank.example", ADMIN)
    kept, _ = await world.invite(ada, bank, f"{uuid4()}@bank.example")
    await world.change_role(ada, bank, demoted.user_id, MEMBER)
    await world.remove(ada, bank, dismissed.user_id)
    async with world.database.transaction(ada.within(bank)) as tx:
        assert [each.id for each in await world.invitations.list(tx)] == [kept]


async def test_the_operator_appoints_an_owner_where_there_is_none(world: Belonging) -> None:
    made = await world.organizations.create(f"Bank {uuid4()}", actor="operator")
    ada, bob = await world.person(), await world.person()
    scope = OrgScope(made.id, "operator")
    async with world.database.transaction(scope) as tx:
        await world.members.appoint(tx, bob.user_id, ADMIN)
        await world.members.appoint(tx, ada.user_id, MEMBER)
        await world.members.appoint(tx, ada.user_id, OWNER)
        await world.members.appoint(tx, ada.user_id, OWNER)
    assert await world.roles(made.id) == {ada.user_id: OWNER, bob.user_id: ADMIN}
    assert await world.owner_of(ada, made.id) == ada.user_id


async def test_nobody_is_admitted_to_an_organization_that_is_not(world: Belonging) -> None:
    ada = await world.person()
    nowhere = uuid4()
    with pytest.raises(OrganizationNotFound):
        async with world.database.transaction(OrgScope(nowhere, "operator")) as tx:
            await world.members.appoint(tx, ada.user_id, OWNER)
    async with world.database.transaction(UserScope(ada.user_id)) as tx:
        assert await world.own.list(tx) == []
