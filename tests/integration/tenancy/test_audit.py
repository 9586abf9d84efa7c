"""The audit log on a real database: nobody changes it, and it can be read to its end."""

import csv
import io
import json
import tracemalloc
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest

from app.core.db import Database
from app.core.rls import ORG_SETTING, SYSTEM_SETTING, USER_SETTING
from app.core.scope import OrgScope
from app.tenancy.domain.audit import AuditCursor, AuditEntry, AuditQuery
from app.tenancy.domain.audit_export import ExportFormat
from app.tenancy.store.audit import add_audit_entry
from tests.integration.tenancy.opened import OLD_KEY, Tenancy, opened

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def tenancy(database: Database, app_url: str) -> AsyncGenerator[Tenancy]:
    async with opened(database, app_url, OLD_KEY) as tenancy:
        yield tenancy


def entry(number: int, *, action: str = "Tried", actor: str = "ada", **more: str) -> AuditEntry:
    return AuditEntry(uuid4(), LONG_AGO + timedelta(seconds=number), actor, action, {}, **more)


async def written(database: Database, scope: OrgScope, *entries: AuditEntry) -> None:
    async with database.transaction(scope) as tx:
        for each in entries:
            await add_audit_entry(tx, each)


@pytest.mark.parametrize("claim", [ORG_SETTING, SYSTEM_SETTING, USER_SETTING])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_logs SET actor = 'nobody'",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
        "TRUNCATE organizations CASCADE",
        "ALTER TABLE audit_logs DISABLE ROW LEVEL SECURITY",
        "DROP TABLE audit_logs",
        (
            "INSERT INTO audit_logs (org_id, actor, action, details) VALUES ('{other}', 'a', 'b', "
            "'{{}}') ON CONFLICT (id) DO UPDATE SET actor = 'nobody'"
        ),
    ],
)
async def test_the_role_of_the_application_can_only_add_to_it(
    database: Database, app_url: str, org_a: OrgScope, org_b: OrgScope, statement: str, claim: str
) -> None:
    await written(database, org_a, entry(1))
    value = {SYSTEM_SETTING: "on", ORG_SETTING: str(org_a.org_id), USER_SETTING: str(uuid4())}
    async with await psycopg.AsyncConnection.connect(app_url) as connection:
        await connection.execute("SELECT set_config(%s, %s, true)", [claim, value[claim]])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(statement.format(other=org_b.org_id).encode())
    async with database.transaction(org_a) as tx:
        assert await _count(database_url=app_url, scope=org_a) == 1
        assert tx.org_id == org_a.org_id


async def test_nobody_writes_into_the_log_of_another_organization(
    app_url: str, org_a: OrgScope, org_b: OrgScope
) -> None:
    forged = "INSERT INTO audit_logs (org_id, actor, action, details) VALUES (%s, 'x', 'y', '{}')"
    async with await psycopg.AsyncConnection.connect(app_url) as connection:
        await connection.execute(
            "SELECT set_config(%s, %s, true)", [ORG_SETTING, str(org_a.org_id)]
        )
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            await connection.execute(forged, [org_b.org_id])
    assert await _count(database_url=app_url, scope=org_b) == 0


async def _count(*, database_url: str, scope: OrgScope) -> int:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute(
            "SELECT set_config(%s, %s, true)", [ORG_SETTING, str(scope.org_id)]
        )
        cursor = await connection.execute("SELECT count(*) FROM audit_logs")
        (count,) = await cursor.fetchone() or (0,)
        return count


async def test_an_entry_is_there_when_its_act_is_and_not_where_that_failed(
    tenancy: Tenancy,
) -> None:
    scope = await tenancy.new_organization()
    with pytest.raises(ZeroDivisionError):
        async with tenancy.database.transaction(scope) as tx:
            await tenancy.rules.add(tx, "10.0.0.1")
            raise ZeroDivisionError
    async with tenancy.database.transaction(scope) as tx:
        assert [each.action for each in await tenancy.audit.list(tx)] == ["OrganizationCreated"]


async def test_pages_follow_each_other_without_gap_or_repetition(
    tenancy: Tenancy, org_a: OrgScope, org_b: OrgScope
) -> None:
    same_time = [entry(5) for _ in range(7)]
    entries = [*(entry(number) for number in range(5)), *same_time, entry(9)]
    await written(tenancy.database, org_a, *entries)
    await written(tenancy.database, org_b, entry(5))
    seen: list[AuditEntry] = []
    before: AuditCursor | None = None
    async with tenancy.database.transaction(org_a) as tx:
        while page := await tenancy.audit.list(tx, before=before, limit=3):
            seen += page
            before = AuditCursor.parse(str(AuditCursor.of(page[-1])))
    assert len(seen) == len(entries)
    assert {each.id for each in seen} == {each.id for each in entries}
    assert [each.at for each in seen] == sorted((each.at for each in entries), reverse=True)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (AuditQuery(action="Opened"), [3]),
        (AuditQuery(actor="bob"), [2]),
        (AuditQuery(actor="bo%"), []),
        (AuditQuery(since=LONG_AGO + timedelta(seconds=2)), [3, 2]),
        (AuditQuery(until=LONG_AGO + timedelta(seconds=2)), [1]),
        (AuditQuery(action="Tried", actor="bob", since=LONG_AGO), [2]),
    ],
)
async def test_entries_are_found_by_what_is_asked(
    tenancy: Tenancy, org_a: OrgScope, query: AuditQuery, found: list[int]
) -> None:
    await written(
        tenancy.database, org_a, entry(1), entry(2, actor="bob"), entry(3, action="Opened")
    )
    async with tenancy.database.transaction(org_a) as tx:
        entries = await tenancy.audit.list(tx, query)
    assert [(each.at - LONG_AGO).seconds for each in entries] == found


async def exported(
    tenancy: Tenancy, scope: OrgScope, as_: ExportFormat, query: AuditQuery | None = None
) -> str:
    pieces = [piece async for piece in tenancy.audit.export(scope, query or AuditQuery(), as_)]
    return b"".join(pieces).decode()


async def test_an_export_has_every_entry_the_oldest_first(
    tenancy: Tenancy, org_a: OrgScope, org_b: OrgScope
) -> None:
    entries = [entry(number % 40) for number in range(2001)]
    await written(tenancy.database, org_a, *entries)
    await written(tenancy.database, org_b, entry(1))
    lines = (await exported(tenancy, org_a, ExportFormat.JSONL)).splitlines()
    rows = list(csv.DictReader(io.StringIO(await exported(tenancy, org_a, ExportFormat.CSV))))
    assert {json.loads(line)["id"] for line in lines} == {str(each.id) for each in entries}
    assert [row["id"] for row in rows[:-1]] == [json.loads(line)["id"] for line in lines]
    assert rows[-1]["action"] == "AuditExported"  # of the first export; no export tells of itself
    assert rows[0]["at"] == LONG_AGO.isoformat()


async def test_an_export_is_itself_in_the_log(tenancy: Tenancy, org_a: OrgScope) -> None:
    await exported(tenancy, org_a, ExportFormat.CSV)
    async with tenancy.database.transaction(org_a) as tx:
        (kept,) = await tenancy.audit.list(tx)
    assert (kept.action, kept.details) == ("AuditExported", {"format": "csv"})


async def test_an_export_takes_the_memory_of_a_batch_however_long_the_log(
    tenancy: Tenancy, org_a: OrgScope
) -> None:
    agent = "x" * 2000
    for _ in range(6):
        await written(
            tenancy.database, org_a, *(entry(number, user_agent=agent) for number in range(1000))
        )
    tracemalloc.start()
    try:
        total = 0
        async for piece in tenancy.audit.export(org_a, AuditQuery(), ExportFormat.JSONL):
            total += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total > 12_000_000
    assert peak < total
