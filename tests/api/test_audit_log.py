"""The audit log over HTTP: for those who may see it, page by page and as a file."""

import csv
import io
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.core.scope import OrgScope
from app.tenancy.domain.audit import AuditEntry
from app.tenancy.store.audit import add_audit_entry
from tests.api.wall.world import Organization, World, world

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

HOSTILE = [
    ("cursor=x", "cursor"),
    ("cursor=%00", "cursor"),
    ("cursor=", "cursor"),
    ("limit=0", "limit"),
    ("limit=501", "limit"),
    ("limit=x", "limit"),
    ("since=yesterday", "since"),
    ("since=2026-01-01T00:00:00", "since"),
    ("until=99999-01-01T00:00:00Z", "until"),
    ("action=%00", "action"),
    ("action=" + "x" * 201, "action"),
    ("actor=%E2%80%AEx", "actor"),
    ("actor=a%0d%0aSet-Cookie:x", "actor"),
]


@pytest.fixture
async def parley(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> AsyncGenerator[World]:
    async with world(embedded_superuser_url, tmp_path) as parley:
        yield parley


async def with_entries(parley: World, count: int, **more: str) -> Organization:
    organization = await parley.organization()
    async with parley.runtime.database.transaction(OrgScope(organization.id, "test")) as tx:
        for number in range(count):
            at = LONG_AGO + timedelta(seconds=number)
            await add_audit_entry(tx, AuditEntry(uuid4(), at, "ada", "Tried", {}, **more))
    return organization


def path_of(organization: Organization, end: str = "") -> str:
    return f"/bot/api/orgs/{organization.id}/audit{end}"


async def pages(client: httpx.AsyncClient, path: str) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get(f"{path}{'&cursor=' * bool(cursor)}{cursor}")).json()
        found.append(page["entries"])
        cursor = page["next_cursor"]
    return found


async def test_pages_lead_to_the_first_entry(parley: World) -> None:
    organization = await with_entries(parley, 5)
    async with parley.client(person=organization.people["admin"]) as admin:
        found = await pages(admin, path_of(organization, "?action=Tried&limit=2"))
    assert [len(page) for page in found] == [2, 2, 1]
    times = [entry["at"] for page in found for entry in page]
    assert times == sorted(times, reverse=True)
    assert found[0][0] == found[0][0] | {"actor": "ada", "action": "Tried", "details": {}}


async def test_the_file_holds_all_of_it(parley: World) -> None:
    organization = await with_entries(parley, 1500, user_agent="=cmd|' /C calc'!A0")
    query = "&action=Tried&until=2026-01-01T00:00:00Z"
    async with parley.client(person=organization.people["owner"]) as owner:
        lines = await owner.get(path_of(organization, f"/export?format=jsonl{query}"))
        table = await owner.get(path_of(organization, f"/export?format=csv{query}"))
        wrong = await owner.get(path_of(organization, "/export?format=exe"))
    assert lines.headers["content-type"].startswith("application/x-ndjson")
    assert table.headers["content-type"].startswith("text/csv")
    assert "attachment" in table.headers["content-disposition"]
    assert len([json.loads(line) for line in lines.text.splitlines()]) == 1500
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert len(rows) == 1500
    assert {row["user_agent"] for row in rows} == {"'=cmd|' /C calc'!A0"}
    assert (wrong.status_code, "format" in wrong.text) == (400, True)


async def test_only_admins_and_owners_see_it(parley: World) -> None:
    organization, other = await with_entries(parley, 1), await with_entries(parley, 1)
    expected = {"member": 403, "admin": 200, "owner": 200}
    for end in ("", "/export"):
        for role, person in organization.people.items():
            async with parley.client(person=person) as client:
                assert (await client.get(path_of(organization, end))).status_code == expected[role]
                assert (await client.get(path_of(other, end))).status_code == 404
        async with parley.client(token=organization.key) as client:
            assert (await client.get(path_of(organization, end))).status_code in (401, 403)
        async with parley.client() as client:
            assert (await client.get(path_of(organization, end))).status_code == 401


async def test_the_operator_sees_that_of_the_operators_organization(parley: World) -> None:
    organization = await with_entries(parley, 1)
    async with parley.client(token=parley.operator) as operator:
        page = (await operator.get("/auth/audit?limit=1")).json()
        assert len(page["entries"]) <= 1
        assert "Tried" not in str((await operator.get("/auth/audit?action=Tried")).json())
    async with parley.client(token=organization.key) as client:
        assert (await client.get("/auth/audit")).status_code == 403


async def test_a_question_that_is_none_is_a_400_with_the_field_named(parley: World) -> None:
    organization = await parley.organization()
    async with parley.client(person=organization.people["owner"]) as owner:
        for query, named in HOSTILE:
            for end in ("", "/export"):
                if end and named in ("cursor", "limit"):
                    continue
                answer = await owner.get(path_of(organization, f"{end}?{query}"))
                assert answer.status_code == 400, (query, answer.text)
                assert named in answer.text, (query, answer.text)
