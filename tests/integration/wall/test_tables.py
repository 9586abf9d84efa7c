"""The wall in the database itself, for every table there is: raw SQL in the role of the
application, in the name of one organization and its user, cannot see or touch what is another's."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Table

from app.tables import METADATA
from tests.integration.wall.rows import Tenant, fill, insert, new_row, owner_column, owner_of

TABLES = pytest.mark.parametrize("table", METADATA.sorted_tables, ids=lambda table: table.name)

Connection = psycopg.AsyncConnection[Any]


@pytest.fixture
async def victim(app_url: str, embedded_superuser_url: str) -> Tenant:
    tenant = Tenant()
    async with await psycopg.AsyncConnection.connect(embedded_superuser_url) as connection:
        await fill(connection, tenant)
    return tenant


@pytest.fixture
async def attacker(app_url: str, embedded_superuser_url: str) -> Tenant:
    tenant = Tenant()
    async with await psycopg.AsyncConnection.connect(embedded_superuser_url) as connection:
        await fill(connection, tenant)
    return tenant


@asynccontextmanager
async def acting_as(app_url: str, tenant: Tenant | None) -> AsyncGenerator[Connection]:
    """A transaction of the application that goes no further than this test."""
    async with await psycopg.AsyncConnection.connect(app_url) as connection:
        for name, value in (tenant.claims() if tenant else {}).items():
            await connection.execute("SELECT set_config(%s, %s, true)", [name, value])
        yield connection
        await connection.rollback()


async def count(connection: Connection, table: Table, tenant: Tenant) -> int:
    """How many rows of the tenant can be seen; of a table of the system, how many at all."""
    column = owner_column(table)
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table.name))
    if column is None:
        result = await connection.execute(query)
    else:
        query += sql.SQL(" WHERE {} = %s").format(sql.Identifier(column))
        result = await connection.execute(query, [owner_of(table, tenant)])
    row = await result.fetchone()
    assert row
    return int(row[0])


@TABLES
async def test_what_is_another_s_cannot_be_seen(
    app_url: str, victim: Tenant, attacker: Tenant, table: Table
) -> None:
    async with acting_as(app_url, attacker) as connection:
        assert await count(connection, table, victim) == 0
    async with acting_as(app_url, None) as connection:
        assert await count(connection, table, victim) == 0


@TABLES
async def test_what_is_one_s_own_can_be_seen(app_url: str, victim: Tenant, table: Table) -> None:
    """Or else the tests around this one would prove nothing."""
    async with acting_as(app_url, victim) as connection:
        if owner_column(table) is None:
            await connection.execute("SELECT set_config('app.system', 'on', true)")
        assert await count(connection, table, victim) >= 1


@TABLES
@pytest.mark.parametrize("verb", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"])
async def test_what_is_another_s_cannot_be_changed_or_deleted(
    app_url: str,
    embedded_superuser_url: str,
    victim: Tenant,
    attacker: Tenant,
    table: Table,
    verb: str,
) -> None:
    column = owner_column(table) or "id"
    statement = sql.SQL(verb).format(sql.Identifier(table.name), sql.Identifier(column))
    before = await versions(embedded_superuser_url, table, victim)
    for tenant in (attacker, None):
        async with acting_as(app_url, tenant) as connection:
            with suppress(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement)
                await connection.commit()
    assert await versions(embedded_superuser_url, table, victim) == before


async def versions(url: str, table: Table, tenant: Tenant) -> list[Any]:
    """Changes with every write, even one that writes the same again."""
    column = owner_column(table) or "id"
    value = owner_of(table, tenant) if owner_column(table) else tenant.rows[table.name]["id"]
    query = sql.SQL("SELECT xmin::text, ctid::text FROM {} WHERE {} = %s").format(
        sql.Identifier(table.name), sql.Identifier(column)
    )
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await (await connection.execute(query, [value])).fetchall()
    assert rows
    return rows


@TABLES
async def test_nothing_can_be_written_in_the_name_of_another(
    app_url: str, victim: Tenant, attacker: Tenant, table: Table
) -> None:
    if owner_column(table) is None:
        pytest.skip("anybody may have a letter sent; nobody can read it")
    forged = new_row(table, victim) | (
        {"user_id": attacker.user_id} if table.name == "organization_memberships" else {}
    )
    async with acting_as(app_url, attacker) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            await insert(connection, table, forged)


@TABLES
async def test_nothing_can_be_given_away(
    app_url: str, victim: Tenant, attacker: Tenant, table: Table
) -> None:
    column = owner_column(table)
    if column is None:
        pytest.skip("nobody owns these rows")
    statement = sql.SQL("UPDATE {} SET {} = %s").format(
        sql.Identifier(table.name), sql.Identifier(column)
    )
    async with acting_as(app_url, attacker) as connection:
        with pytest.raises(
            (
                psycopg.errors.InsufficientPrivilege,
                psycopg.errors.ForeignKeyViolation,
                psycopg.errors.UniqueViolation,
            )
        ):
            await connection.execute(statement, [owner_of(table, victim)])


async def test_a_user_cannot_make_itself_a_member_of_another_organization(
    app_url: str, victim: Tenant, attacker: Tenant
) -> None:
    async with acting_as(app_url, attacker) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            await connection.execute(
                "INSERT INTO organization_memberships (org_id, user_id, role) "
                "VALUES (%s, %s, 'owner')",
                [victim.org_id, attacker.user_id],
            )
