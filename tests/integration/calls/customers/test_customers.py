"""Customers on a real database: encrypted, found by their numbers, imported by thousands."""

import asyncio
from collections.abc import AsyncGenerator
from io import BytesIO
from uuid import UUID, uuid4

import psycopg
import pytest

from app.calls.customers import service as module
from app.calls.customers.domain import (
    Customer,
    CustomerDetails,
    CustomerQuery,
    CustomersFull,
    PhoneNumberTaken,
)
from app.calls.customers.importing import ImportAsked
from app.calls.customers.service import Customers
from app.core.crypto import DecryptionFailed
from app.core.db import Database, Tx
from app.core.scope import OrgScope, system_scope
from tests.integration.tenancy.opened import NEW_KEY, OLD_KEY, Tenancy, opened, working

JANE = {"name": "Jane Smith", "phone_number": "+14155551234", "email": "jane@example.com"}


async def no_agent(_tx: Tx, _agent_id: UUID) -> bool:
    return False


def customers_of(tenancy: Tenancy) -> Customers:
    return Customers(tenancy.database, tenancy.events, tenancy.jobs, tenancy.ring, no_agent)


@pytest.fixture
async def tenancy(database: Database, app_url: str) -> AsyncGenerator[Tenancy]:
    async with opened(database, app_url, OLD_KEY) as tenancy:
        yield tenancy


@pytest.fixture
def customers(tenancy: Tenancy) -> Customers:
    return customers_of(tenancy)


async def add(customers: Customers, tenancy: Tenancy, scope: OrgScope, **fields: str) -> Customer:
    async with tenancy.database.transaction(scope) as tx:
        return await customers.create(tx, fields)


async def by_phone(
    customers: Customers, tenancy: Tenancy, scope: OrgScope, number: str = JANE["phone_number"]
) -> Customer | None:
    async with tenancy.database.transaction(scope) as tx:
        return await customers.find_by_phone(tx, number)


async def rows(url: str, scope: OrgScope) -> list[tuple[bytes, bytes]]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        query = "SELECT phone_hash, sealed FROM customers WHERE org_id = %s"
        found = await (await connection.execute(query, [scope.org_id])).fetchall()
    return [(bytes(phone or b""), bytes(sealed)) for phone, sealed in found]


async def test_nothing_of_a_customer_can_be_read_in_the_database(
    customers: Customers, tenancy: Tenancy, embedded_superuser_url: str
) -> None:
    scope = await tenancy.new_organization()
    jane = await add(customers, tenancy, scope, **JANE)
    ((_, sealed),) = await rows(embedded_superuser_url, scope)
    assert not any(value.encode() in sealed for value in JANE.values())
    assert await by_phone(customers, tenancy, scope) == jane
    assert await by_phone(customers, tenancy, scope, "+14155551235") is None


async def test_a_number_looks_different_in_every_organization(
    customers: Customers, tenancy: Tenancy, embedded_superuser_url: str
) -> None:
    scopes = [await tenancy.new_organization() for _ in range(2)]
    for scope in scopes:
        await add(customers, tenancy, scope, **JANE)
    (one,), (other,) = [await rows(embedded_superuser_url, scope) for scope in scopes]
    assert one[0] != other[0]


async def test_customers_outlive_the_master_key_they_were_encrypted_under(
    customers: Customers, tenancy: Tenancy, app_url: str
) -> None:
    scope = await tenancy.new_organization()
    jane = await add(customers, tenancy, scope, **JANE)
    async with opened(tenancy.database, app_url, NEW_KEY, OLD_KEY) as later:
        newer = customers_of(later)
        assert await by_phone(newer, later, scope) == jane
        with pytest.raises(PhoneNumberTaken):
            await add(newer, later, scope, **JANE)
        async with working(later):
            async with later.database.transaction(system_scope("test")) as tx:
                await newer.rotate_soon(tx)
            async with opened(tenancy.database, app_url, NEW_KEY) as without:
                rotated = customers_of(without)
                async with asyncio.timeout(30):
                    while await by_phone(rotated, without, scope) is None:  # noqa: ASYNC110
                        await asyncio.sleep(0.05)
                assert await by_phone(rotated, without, scope) == jane
    with pytest.raises(DecryptionFailed):
        async with tenancy.database.transaction(scope) as tx:
            await customers.get(tx, jane.id)
    shown = (jane.id, CustomerDetails())
    listed = await customers.list(scope, CustomerQuery())
    assert [(each.id, each.details) for each in listed] == [shown]


async def test_two_who_add_a_number_at_once_add_it_once(
    customers: Customers, tenancy: Tenancy
) -> None:
    scope = await tenancy.new_organization()
    both = (add(customers, tenancy, scope, **JANE) for _ in range(4))
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sum(isinstance(each, PhoneNumberTaken) for each in done) == 3
    assert len(await customers.list(scope, CustomerQuery())) == 1


async def test_no_more_than_so_many(
    customers: Customers, tenancy: Tenancy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_CUSTOMERS", 2)
    monkeypatch.setattr(module, "_IMPORTED_AT_ONCE", 1)
    scope = await tenancy.new_organization()
    file = BytesIO(b"phone\n+14155551231\n+14155551232\n+14155551233\n")
    done = await customers.import_file(scope, file, ImportAsked())
    assert (done.created, [fault.row for fault in done.errors]) == (2, [4])
    with pytest.raises(CustomersFull):
        await add(customers, tenancy, scope, **JANE)


def file_of(count: int) -> BytesIO:
    lines = (
        f"Customer {number},+1415{5_000_000 + number},c{number}@example.com"
        for number in range(count)
    )
    return BytesIO("\n".join(["name,phone,email", *lines]).encode())


async def test_thousands_are_imported_in_the_order_of_the_file_and_none_twice(
    customers: Customers, tenancy: Tenancy
) -> None:
    scope = await tenancy.new_organization()
    first = await customers.import_file(scope, file_of(2000), ImportAsked())
    again = await customers.import_file(scope, file_of(2100), ImportAsked())
    assert (first.created, first.skipped, first.errors) == (2000, 0, [])
    assert (again.created, again.skipped, again.errors) == (100, 2000, [])
    page = await customers.list(scope, CustomerQuery(limit=3, offset=100))
    assert [each.details.name for each in page] == ["Customer 0", "Customer 1", "Customer 2"]
    found = await customers.list(scope, CustomerQuery(search="customer 1999"))
    assert [each.details.phone_number for each in found] == ["+14155001999"]
    by_tag = await customers.list(scope, CustomerQuery(search="c7", limit=5, offset=2))
    assert [each.details.name for each in by_tag] == [f"Customer {n}" for n in (71, 72, 73, 74, 75)]


async def test_others_are_served_while_a_file_is_imported(
    customers: Customers, tenancy: Tenancy
) -> None:
    scope, other = await tenancy.new_organization(), await tenancy.new_organization()
    served = 0

    async def serve() -> None:
        nonlocal served
        while True:
            await customers.list(other, CustomerQuery())
            served += 1

    async with asyncio.TaskGroup() as group:
        serving = group.create_task(serve())
        await customers.import_file(scope, file_of(1000), ImportAsked())
        serving.cancel()
    assert served > 10


async def test_an_agent_that_is_not_there_is_refused_before_the_file_is_read(
    customers: Customers, tenancy: Tenancy
) -> None:
    scope = await tenancy.new_organization()
    with pytest.raises(module.CustomersAgentNotFound):
        await customers.import_file(scope, BytesIO(b"\xff"), ImportAsked(agent_id=uuid4()))
