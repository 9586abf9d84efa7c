"""Organizations as their users found, name, switch and delete them."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import ProgrammingError

from app.core.db import Base, Database, TenantOwned
from app.core.scope import OrgScope, system_scope
from app.tenancy.domain.invitations import InvitationNotFound
from app.tenancy.domain.keys import NewApiKey
from app.tenancy.domain.organizations import (
    OrganizationExists,
    OrganizationNameInvalid,
    OrganizationNotFound,
    OrganizationOfInstallation,
    OwnOrganization,
    SlugInvalid,
    chosen_slug,
)
from app.tenancy.domain.principals import (
    PermissionMissing,
    Principal,
    Role,
    TokenInvalid,
)
from app.tenancy.domain.usage import Amounts
from app.tenancy.store.rows import AuditRow, MembershipRow, OrganizationRow, QuotaRow, UsageRow
from app.tenancy.usage import UsageMeter
from tests.integration.tenancy.belonging import Belonging, Person, belonging


@pytest.fixture
async def world(database: Database, app_url: str) -> AsyncGenerator[Belonging]:
    async with belonging(database, app_url) as world:
        yield world


@asynccontextmanager
async def listening(world: Belonging) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        listener = group.create_task(world.notices.run())
        async with asyncio.timeout(20):
            while not world.notices.is_listening:  # noqa: ASYNC110 - a fact of a connection
                await asyncio.sleep(0)
        yield
        listener.cancel()


async def found(
    world: Belonging, owner: Person, name: str, slug: str | None = None
) -> OwnOrganization:
    async with world.database.transaction(owner.within(uuid4())) as tx:
        return await world.own.found(tx, name, slug)


async def rename(
    world: Belonging, by: Person, org_id: UUID, *, name: str | None = None, slug: str | None = None
) -> OwnOrganization:
    async with world.database.transaction(by.within(org_id)) as tx:
        return await world.own.rename(tx, name=name, slug=slug)


async def delete(world: Belonging, by: Person, org_id: UUID) -> None:
    async with world.database.transaction(by.within(org_id)) as tx:
        await world.own.delete(tx)


async def own(world: Belonging, person: Person) -> list[OwnOrganization]:
    async with world.database.transaction(person.alone) as tx:
        return await world.own.list(tx)


@pytest.mark.inventory("WH-317", "WH-318", "WH-343", "WH-344")
async def test_who_founds_an_organization_owns_it(world: Belonging) -> None:
    ada = await world.person()
    slug = f"acme-{uuid4().hex}"
    made = await found(world, ada, "Acme Corp", slug)
    assert (made.name, made.slug, made.role) == ("Acme Corp", slug, Role.OWNER)
    assert made.owner_user_id == ada.user_id
    assert await own(world, ada) == [made]
    assert await world.announced(made.id) == {"OrganizationCreated"}


@pytest.mark.inventory("WH-327")
async def test_a_user_belongs_to_several_and_sees_no_other(world: Belonging) -> None:
    ada, bob = await world.person(), await world.person()
    first, second = await world.found(ada), await world.found(bob)
    async with world.database.transaction(OrgScope(second.id, "operator")) as tx:
        await world.members.appoint(tx, ada.user_id, Role.MEMBER)
    assert [(each.id, each.role) for each in await own(world, ada)] == [
        (first.id, Role.OWNER),
        (second.id, Role.MEMBER),
    ]
    assert [each.id for each in await own(world, bob)] == [second.id]
    async with world.database.transaction(bob.alone) as tx:
        with pytest.raises(OrganizationNotFound):
            await world.own.get(tx, first.id)


async def test_a_taken_slug_is_refused_and_a_taken_name_gets_another(world: Belonging) -> None:
    ada, bob = await world.person(), await world.person()
    name = f"Société {uuid4().hex}"
    first = await found(world, ada, name)
    second = await found(world, bob, name)
    assert first.slug.startswith("societe-")
    assert second.slug.startswith(f"{first.slug}-")
    with pytest.raises(OrganizationExists) as refusal:
        await found(world, bob, name, first.slug)
    assert refusal.value.details == {"field": "slug"}
    assert [each.id for each in await own(world, bob)] == [second.id]


@pytest.mark.parametrize(
    "slug",
    [
        *("", "-", "-a", "a-", "a--b", "Acme", "a_b", "a b", "a.b", "a/b", "x" * 64, "acme\0"),
        *("acme\n", "acm\u00e9", "\u0430cme", "\uff41cme", "1\u00b2", "a\u200db"),
        *("default", "admin", "api", "switch", "active"),
    ],
)
async def test_a_slug_that_is_none_is_refused_with_the_field(world: Belonging, slug: str) -> None:
    ada = await world.person()
    with pytest.raises(SlugInvalid) as refusal:
        await found(world, ada, "Acme", slug)
    assert refusal.value.details == {"field": "slug"}


@pytest.mark.parametrize("name", ["Admin", "銀行", "!!!", "x" * 120, "API", "a" * 62 + " b"])
async def test_every_name_gets_a_slug_that_could_have_been_asked_for(
    world: Belonging, name: str
) -> None:
    ada = await world.person()
    for _ in range(2):
        made = await found(world, ada, name)
        assert chosen_slug(made.slug) == made.slug


@pytest.mark.inventory("WH-322")
async def test_an_admin_renames_and_a_member_does_not(world: Belonging) -> None:
    ada = await world.person()
    bank = await world.found(ada)
    admin = await world.join(bank.id, Role.ADMIN)
    member = await world.join(bank.id, Role.MEMBER)
    slug = f"new-{uuid4().hex}"
    changed = await rename(world, admin, bank.id, name=" New\u0301 Bank ", slug=slug)
    assert (changed.name, changed.slug) == ("Ne\u1e83 Bank", slug)
    assert (await rename(world, admin, bank.id, name="Bank")).slug == slug
    with pytest.raises(PermissionMissing):
        await rename(world, member, bank.id, name="Mine")
    with pytest.raises(OrganizationNameInvalid):
        await rename(world, admin, bank.id, name="\u202egnp")
    assert "OrganizationRenamed" in await world.announced(bank.id)


async def test_a_rename_cannot_take_anothers_slug(world: Belonging) -> None:
    ada, bob = await world.person(), await world.person()
    first, second = await world.found(ada), await world.found(bob)
    with pytest.raises(OrganizationExists) as refusal:
        await rename(world, bob, second.id, name="Other", slug=first.slug)
    assert refusal.value.details == {"field": "slug"}
    assert await own(world, bob) == [second]


@pytest.mark.inventory("WH-319", "WH-320")
async def test_a_session_switches_to_an_organization_of_its_user_only(world: Belonging) -> None:
    ada, bob = await world.person(), await world.person()
    first, second = await world.found(ada), await world.found(ada)
    hers = await world.found(bob)
    access, signed_in = await world.signed_in(ada, first.id)
    other_device, _ = await world.signed_in(ada, first.id)
    async with world.database.transaction(ada.alone) as tx:
        await world.own.switch(tx, signed_in.session_id, second.id)
    assert (await world.sessions.authenticate(access)).active_org_id == second.id
    assert (await world.sessions.authenticate(other_device)).active_org_id == first.id
    with pytest.raises(OrganizationNotFound):
        async with world.database.transaction(ada.alone) as tx:
            await world.own.switch(tx, signed_in.session_id, hers.id)
    assert (await world.sessions.authenticate(access)).active_org_id == second.id


@pytest.mark.inventory("WH-323")
async def test_only_an_owner_deletes(world: Belonging) -> None:
    ada = await world.person()
    bank = await world.found(ada)
    for role in (Role.ADMIN, Role.MEMBER):
        with pytest.raises(PermissionMissing):
            await delete(world, await world.join(bank.id, role), bank.id)
    await delete(world, ada, bank.id)
    assert await own(world, ada) == []
    with pytest.raises(OrganizationNotFound):
        await delete(world, ada, bank.id)


async def test_everything_of_a_deleted_organization_goes_and_nothing_of_another(
    world: Belonging, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await world.person()
    bank, other = await world.found(ada), await world.found(ada)
    for org_id in (bank.id, other.id):
        await _fill(world, ada, org_id)
    assert min((await _rows(world, bank.id)).values()) > 0
    untouched = await _rows(world, other.id)
    with caplog.at_level(logging.WARNING):
        await delete(world, ada, bank.id)
    assert set((await _rows(world, bank.id)).values()) == {0}
    assert await _rows(world, other.id) == untouched
    told = [record.getMessage() for record in caplog.records]
    assert any(str(bank.id) in line and str(ada.user_id) in line for line in told)


async def _fill(world: Belonging, owner: Person, org_id: UUID) -> None:
    """At least one row of each table that the cascade must reach through a revoked right."""
    async with world.database.transaction(owner.within(org_id)) as tx:
        tx.session.add(AuditRow(actor="ada", action="OrganizationCreated", details={}))
        tx.session.add(QuotaRow(concurrent_calls=1))
        tx.session.add(
            UsageRow(
                minute=datetime(2026, 1, 1, tzinfo=UTC),
                user_id="ada",
                key_id=uuid4(),
                endpoint="/asr",
                requests=1,
                audio_s=1,
                characters=1,
                llm_tokens=1,
            )
        )
        await world.api_keys.create(tx, NewApiKey("ada", "", None))
    await world.invite(owner, org_id, f"{uuid4()}@bank.example")


async def _rows(world: Belonging, org_id: UUID) -> dict[str, int]:
    names = ("quotas", "usage", "api_keys", "organization_memberships")
    names += ("organization_invitations", "outbox")
    counts: dict[str, int] = {}
    async with world.database.transaction(system_scope("test")) as tx:
        for mapper in Base.registry.mappers:
            kind = mapper.class_
            if issubclass(kind, TenantOwned) and mapper.local_table.name in names:
                query = select(func.count()).select_from(kind).where(kind.org_id == org_id)
                counts[mapper.local_table.name] = await tx.session.scalar(query) or 0
    assert len(counts) == len(names)
    return counts


async def test_the_audit_log_outlives_its_organization_and_tells_of_its_end(
    world: Belonging,
) -> None:
    ada = await world.person()
    bank = await world.found(ada)
    await delete(world, ada, bank.id)
    async with world.database.transaction(OrgScope(bank.id, "operator")) as tx:
        log = (await tx.session.scalars(select(AuditRow).order_by(AuditRow.at))).all()
    assert [entry.action for entry in log] == ["OrganizationCreated", "OrganizationDeleted"]
    assert log[-1].user_id == ada.user_id


async def test_nobody_deletes_a_line_of_the_audit_log_by_itself(world: Belonging) -> None:
    ada = await world.person()
    bank = await world.found(ada)
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with world.database.transaction(ada.within(bank.id)) as tx:
            entry = AuditRow(id=uuid4(), actor="ada", action="Something", details={})
            tx.session.add(entry)
            await tx.session.flush()
            await tx.session.delete(entry)
            await tx.session.flush()


async def test_keys_and_sessions_of_a_deleted_organization_stop_in_every_replica(
    world: Belonging, database: Database, app_url: str
) -> None:
    ada, bob = await world.person(), await world.person()
    bank, home = await world.found(ada), await world.found(bob)
    async with database.transaction(OrgScope(bank.id, "operator")) as tx:
        await world.members.appoint(tx, bob.user_id, Role.MEMBER)
        _, token = await world.api_keys.create(tx, NewApiKey("ada", "", None))
    async with belonging(database, app_url) as other, listening(other):
        access, _ = await other.signed_in(bob, bank.id)
        for _ in range(2):
            assert (await other.api_keys.authenticate(token)).org_id == bank.id
            assert (await other.sessions.authenticate(access)).active_org_id == bank.id
        await delete(world, ada, bank.id)
        async with asyncio.timeout(20):
            while await _key_works(other, token):
                await other.database.ping()
            while (await other.sessions.authenticate(access)).active_org_id != home.id:
                await other.database.ping()
    with pytest.raises(TokenInvalid):
        await world.api_keys.authenticate(token)
    assert set((await world.sessions.authenticate(access)).roles) == {home.id}


async def _key_works(world: Belonging, token: str) -> bool:
    try:
        await world.api_keys.authenticate(token)
    except TokenInvalid:
        return False
    return True


async def test_what_was_going_on_for_a_deleted_organization_disturbs_no_other(
    world: Belonging,
) -> None:
    """Use that was counted and not written, and an invitation that somebody is about to accept."""
    ada, bob = await world.person(), await world.person()
    bank, other = await world.found(ada), await world.found(ada)
    meter = UsageMeter(world.database)
    for organization in (bank, other):
        meter.add(Principal(organization.id, uuid4(), "ada"), "/asr", Amounts(requests=1))
    assert bob.email is not None
    _, token = await world.invite(ada, bank.id, bob.email)
    await delete(world, ada, bank.id)
    await meter.flush()
    async with world.database.transaction(ada.within(other.id)) as tx:
        sums = await meter.sums(tx, since=datetime(2020, 1, 1, tzinfo=UTC))
    assert [each.amounts.requests for each in sums] == [1]
    with pytest.raises(InvitationNotFound):
        await world.accept(bob, token)


async def test_events_of_a_deleted_organization_are_no_trouble_for_the_queue(
    world: Belonging, app_url: str
) -> None:
    ada = await world.person()
    bank = await world.found(ada)
    assert await _jobs_of(app_url, bank.id) > 0
    await delete(world, ada, bank.id)
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(world.jobs.run_worker(drain_s=5))
        async with asyncio.timeout(20):
            while await _jobs_of(app_url, bank.id):
                await world.database.ping()
        worker.cancel()


async def _jobs_of(app_url: str, org_id: UUID) -> int:
    """Those that succeeded are deleted, those that failed are not."""
    async with await psycopg.AsyncConnection.connect(app_url) as connection:
        found = await connection.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE args->'org'->>'org_id' = %s",
            (str(org_id),),
        )
        row = await found.fetchone()
        assert row is not None
        return row[0]


async def test_the_organization_of_the_installation_stays(world: Belonging) -> None:
    await world.organizations.get_or_create("Default", actor="setup")
    default = await world.organizations.get("default")
    ada = await world.person()
    async with world.database.transaction(OrgScope(default.id, "operator")) as tx:
        await world.members.appoint(tx, ada.user_id, Role.OWNER)
    with pytest.raises(OrganizationOfInstallation):
        await delete(world, ada, default.id)
    with pytest.raises(OrganizationOfInstallation):
        await rename(world, ada, default.id, slug=f"x-{uuid4().hex}")
    renamed = await rename(world, ada, default.id, name="Bank of Examples", slug="default")
    assert (renamed.name, renamed.slug) == ("Bank of Examples", "default")
    assert (await world.organizations.get_or_create("Default", actor="setup")).id == default.id


async def test_of_two_who_want_a_slug_one_gets_it(world: Belonging) -> None:
    people = [await world.person() for _ in range(4)]
    slug = f"wanted-{uuid4().hex}"
    outcomes = await asyncio.gather(
        *(found(world, person, "Bank", slug) for person in people), return_exceptions=True
    )
    assert sum(isinstance(each, OrganizationExists) for each in outcomes) == 3
    async with world.database.transaction(system_scope("test")) as tx:
        query = select(func.count()).select_from(OrganizationRow)
        assert await tx.session.scalar(query.where(OrganizationRow.slug == slug)) == 1
        owners = select(MembershipRow.user_id).where(
            MembershipRow.user_id.in_([person.user_id for person in people])
        )
        assert len((await tx.session.scalars(owners)).all()) == 1
