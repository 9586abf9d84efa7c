"""The wall between organizations: the session's hooks, and PostgreSQL's own row security."""

import asyncio
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import delete, select, update

from app.core.db import Database, TransactionMisused, forbid_in_transaction
from app.core.inbox import InboxRow, receive
from app.core.scope import OrgScope, system_scope
from app.tables import METADATA
from app.tenancy.store.rows import OutboundRuleRow

ORGANIZATIONS = "organizations"


async def add_rule(database: Database, scope: OrgScope, rule: str = "bank.local") -> None:
    async with database.transaction(scope) as tx:
        tx.session.add(OutboundRuleRow(rule=rule))


async def rules(database: Database, scope: OrgScope) -> set[tuple[UUID, str]]:
    async with database.transaction(scope) as tx:
        rows = await tx.session.scalars(select(OutboundRuleRow))
        return {(row.org_id, row.rule) for row in rows}


async def test_a_row_is_stamped_with_the_organization_of_its_scope(
    database: Database, org_a: OrgScope
) -> None:
    await add_rule(database, org_a)
    assert await rules(database, org_a) == {(org_a.org_id, "bank.local")}


async def test_no_statement_reaches_the_rows_of_another_organization(
    database: Database, org_a: OrgScope, org_b: OrgScope
) -> None:
    await add_rule(database, org_b)
    async with database.transaction(org_a) as tx:
        assert (await tx.session.scalars(select(OutboundRuleRow))).all() == []
        assert await tx.session.get(OutboundRuleRow, (org_b.org_id, "bank.local")) is None
        changed = await tx.session.execute(update(OutboundRuleRow).values(rule="stolen"))
        gone = await tx.session.execute(delete(OutboundRuleRow))
        assert (changed.rowcount, gone.rowcount) == (0, 0)
    assert await rules(database, org_b) == {(org_b.org_id, "bank.local")}


async def test_a_row_of_another_organization_is_refused(
    database: Database, org_a: OrgScope, org_b: OrgScope
) -> None:
    with pytest.raises(TransactionMisused, match="another organization"):
        async with database.transaction(org_a) as tx:
            tx.session.add(OutboundRuleRow(org_id=org_b.org_id, rule="x"))
    assert await rules(database, org_b) == set()


async def test_a_row_cannot_be_given_away(
    database: Database, org_a: OrgScope, org_b: OrgScope
) -> None:
    await add_rule(database, org_a)
    with pytest.raises(TransactionMisused, match="another organization"):
        async with database.transaction(org_a) as tx:
            row = (await tx.session.scalars(select(OutboundRuleRow))).one()
            row.org_id = org_b.org_id


async def test_the_system_scope_must_name_the_organization_of_a_row(database: Database) -> None:
    with pytest.raises(TransactionMisused, match="must name its org_id"):
        async with database.transaction(system_scope("test")) as tx:
            tx.session.add(OutboundRuleRow(rule="x"))


async def test_a_transaction_does_not_nest(database: Database, org_a: OrgScope) -> None:
    async with database.transaction(org_a):
        with pytest.raises(TransactionMisused, match="already open"):
            async with database.transaction(org_a):
                pass


async def test_slow_work_is_refused_inside_a_transaction_only(
    database: Database, org_a: OrgScope
) -> None:
    forbid_in_transaction()
    async with database.transaction(org_a):
        with pytest.raises(TransactionMisused, match="slow work"):
            forbid_in_transaction()
    forbid_in_transaction()


async def test_an_error_rolls_back(database: Database, org_a: OrgScope) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(org_a) as tx:
            tx.session.add(OutboundRuleRow(rule="x"))
            await tx.session.flush()
            raise ZeroDivisionError
    assert await rules(database, org_a) == set()


async def test_tasks_side_by_side_keep_their_organizations(
    database: Database, org_a: OrgScope, org_b: OrgScope
) -> None:
    async def write_and_read(scope: OrgScope, number: int) -> set[UUID]:
        await add_rule(database, scope, f"host-{number}.local")
        return {org_id for org_id, _ in await rules(database, scope)}

    scopes = [org_a, org_b] * 50
    seen = await asyncio.gather(
        *(write_and_read(scope, number) for number, scope in enumerate(scopes))
    )
    assert seen == [{scope.org_id} for scope in scopes]


async def test_a_fact_is_received_once_in_each_organization(
    database: Database, org_a: OrgScope, org_b: OrgScope
) -> None:
    answers = []
    for scope in (org_a, org_a, org_b):
        async with database.transaction(scope) as tx:
            answers.append(await receive(tx, "telephony", "call-1"))
    assert answers == [True, False, True]


async def test_a_fact_whose_transaction_failed_is_received_again(
    database: Database, org_a: OrgScope
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(org_a) as tx:
            await receive(tx, "telephony", "call-1")
            raise ZeroDivisionError
    async with database.transaction(org_a) as tx:
        assert await receive(tx, "telephony", "call-1")
        assert len((await tx.session.scalars(select(InboxRow))).all()) == 1


def tenant_tables() -> list[tuple[str, str]]:
    """Each table of organizations, and the column that says whose its rows are."""
    return [
        (table.name, "id" if table.name == ORGANIZATIONS else "org_id")
        for table in METADATA.sorted_tables
        if table.name == ORGANIZATIONS or "org_id" in table.columns
    ]


@pytest.mark.parametrize(("table", "column"), tenant_tables())
async def test_every_table_is_walled_off_in_the_database_itself(
    app_url: str, org_a: OrgScope, table: str, column: str
) -> None:
    """Raw SQL in the role of the application sees nothing without, and nothing of others."""
    async with await psycopg.AsyncConnection.connect(app_url) as connection:
        name = psycopg.sql.Identifier(table)
        count = psycopg.sql.SQL("SELECT count(*) FROM {} WHERE {} <> %s").format(
            name, psycopg.sql.Identifier(column)
        )
        assert (await (await connection.execute(count, [uuid4()])).fetchone()) == (0,)
        await connection.execute("SELECT set_config('app.org_id', %s, true)", [str(org_a.org_id)])
        assert (await (await connection.execute(count, [org_a.org_id])).fetchone()) == (0,)


@pytest.mark.parametrize("table", [table.name for table in METADATA.sorted_tables])
async def test_the_owner_of_the_tables_is_walled_off_too(owner_url: str, table: str) -> None:
    async with await psycopg.AsyncConnection.connect(owner_url) as connection:
        forced = await connection.execute(
            "SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = %s::regclass",
            [table],
        )
        assert await forced.fetchone() == (True,)


async def test_raw_sql_cannot_write_into_another_organization(
    app_url: str, org_a: OrgScope, org_b: OrgScope
) -> None:
    async with await psycopg.AsyncConnection.connect(app_url) as connection:
        await connection.execute("SELECT set_config('app.org_id', %s, true)", [str(org_a.org_id)])
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            await connection.execute(
                "INSERT INTO outbound_rules (org_id, rule) VALUES (%s, 'x')", [org_b.org_id]
            )


async def test_the_role_of_the_application_owns_nothing_and_cannot_switch_the_wall_off(
    app_url: str,
) -> None:
    async with await psycopg.AsyncConnection.connect(app_url, autocommit=True) as connection:
        owned = await connection.execute(
            "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = current_user"
        )
        assert await owned.fetchone() == (0,)
        for statement in (
            "ALTER TABLE outbox DISABLE ROW LEVEL SECURITY",
            "DROP POLICY tenant ON outbox",
            "SET ROLE parley_owner",
            "DELETE FROM audit_logs",
            "UPDATE audit_logs SET action = 'x'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement)
