"""The token database of an earlier gateway: read whatever its columns are called, imported once."""

import hashlib
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from app.core.clock import utc_now
from app.core.db import Database
from app.core.scope import OrgScope
from app.core.setting_fields import SettingInvalid
from app.tenancy.domain.keys import ApiKey
from app.tenancy.domain.principals import KEY_SCOPES, TokenInvalid
from app.tenancy.token_import import TokenImport
from tests.integration.tenancy.opened import NEW_KEY, OLD_KEY, Tenancy, opened

TOKENS = """CREATE TABLE tokens (id INTEGER PRIMARY KEY, token TEXT UNIQUE, user_id TEXT,
    label TEXT, is_admin INTEGER DEFAULT 0, created_at TEXT, expires_at TEXT,
    is_active INTEGER DEFAULT 1)"""
HASHED = """CREATE TABLE api_tokens (token_hash TEXT PRIMARY KEY, user_id TEXT, name TEXT,
    created_at REAL, revoked_at REAL)"""


@pytest.fixture
async def tenancy(database: Database, app_url: str) -> AsyncGenerator[Tenancy]:
    async with opened(database, app_url, OLD_KEY) as tenancy:
        yield tenancy


def write(path: Path, schema: str, *rows: dict[str, Any]) -> Path:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(schema)
        table = schema.split()[2]
        for row in rows:
            names, places = ", ".join(row), ", ".join("?" * len(row))
            statement = f"INSERT INTO {table} ({names}) VALUES ({places})"  # noqa: S608
            database.execute(statement, [*row.values()])
        database.commit()
    return path


def token() -> str:
    return f"wh_{uuid4().hex}{uuid4().hex}"


def sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def load(tenancy: Tenancy, scope: OrgScope, path: Path) -> int:
    importer = TokenImport(tenancy.database, tenancy.events, tenancy.ring)
    return await importer.run(scope, path)


async def keys_of(tenancy: Tenancy, scope: OrgScope) -> list[ApiKey]:
    async with tenancy.database.transaction(scope) as tx:
        return await tenancy.api_keys.list(tx, admins_too=True)


@pytest.mark.inventory("WH-028", "WH-356")
async def test_earlier_tokens_work_on(tenancy: Tenancy, tmp_path: Path) -> None:
    scope, plain, admin = await tenancy.new_organization(), token(), token()
    path = write(
        tmp_path / "tokens.db",
        TOKENS,
        {"token": plain, "user_id": "my-app", "label": "App", "created_at": "2025-01-02 03:04:05"},
        {"token": admin, "user_id": "admin", "is_admin": 1},
    )
    assert await load(tenancy, scope, path) == 2
    principal = await tenancy.api_keys.authenticate(plain)
    assert (principal.org_id, principal.user_id) == (scope.org_id, "my-app")
    assert principal.permissions == set(KEY_SCOPES)
    assert not (await tenancy.api_keys.authenticate(admin)).is_admin
    (key, _) = sorted(await keys_of(tenancy, scope), key=lambda key: key.created_at)
    assert (key.label, key.created_at.isoformat()) == ("App", "2025-01-02T03:04:05+00:00")
    assert plain not in str(key)


async def test_a_token_kept_as_its_sha256_works_and_the_sha256_does_not(
    tenancy: Tenancy, tmp_path: Path
) -> None:
    scope, kept, ended = await tenancy.new_organization(), token(), token()
    path = write(
        tmp_path / "tokens.db",
        HASHED,
        {"token_hash": sha256(kept).upper(), "user_id": "a", "created_at": 1.7e9},
        {"token_hash": sha256(ended), "user_id": "a", "revoked_at": 1.7e9},
    )
    assert await load(tenancy, scope, path) == 1
    assert (await tenancy.api_keys.authenticate(kept)).user_id == "a"
    for wrong in (ended, sha256(kept), f"sha256:{sha256(kept)}"):
        with pytest.raises(TokenInvalid):
            await tenancy.api_keys.authenticate(wrong)


@pytest.mark.parametrize("schema", [TOKENS, HASHED])
async def test_each_token_is_imported_once_and_stays_revoked(
    database: Database, app_url: str, tenancy: Tenancy, tmp_path: Path, schema: str
) -> None:
    scope, kept, revoked = await tenancy.new_organization(), token(), token()
    column, value = ("token", str) if schema is TOKENS else ("token_hash", sha256)
    rows = [{column: value(each), "user_id": "a", "created_at": 1.7e9} for each in (kept, revoked)]
    path = write(tmp_path / "tokens.db", schema, *rows)
    assert await load(tenancy, scope, path) == 2
    principal = await tenancy.api_keys.authenticate(revoked)
    async with database.transaction(scope) as tx:
        await tenancy.api_keys.revoke(tx, principal.key_id)
    moved = write(tmp_path / "moved.db", schema, *reversed(rows))
    for file in (path, moved):
        assert await load(tenancy, scope, file) == 0
    for master_keys in ((NEW_KEY, OLD_KEY), (NEW_KEY,)):
        async with opened(database, app_url, *master_keys) as later:
            assert await load(later, scope, path) == 0
            with pytest.raises(TokenInvalid):
                await later.api_keys.authenticate(revoked)
    assert [key.user_id for key in await keys_of(tenancy, scope)] == ["a"]


async def test_replicas_that_start_at_once_import_once(
    database: Database, app_url: str, tenancy: Tenancy, tmp_path: Path
) -> None:
    scope = await tenancy.new_organization()
    rows = [{"token": token(), "user_id": f"u{number}"} for number in range(1200)]
    path = write(tmp_path / "tokens.db", TOKENS, *rows)
    async with opened(database, app_url, OLD_KEY) as other:
        imported = [await load(each, scope, path) for each in (tenancy, other)]
    assert imported == [1200, 0]
    assert len(await keys_of(tenancy, scope)) == 1200


@pytest.mark.parametrize(
    "row",
    [
        {"is_active": 0},
        {"is_active": None},
        {"is_active": "false"},
        {"expires_at": "2020-01-01T00:00:00"},
        {"expires_at": "1577836800"},
        {"expires_at": 1577836800000},
        {"expires_at": "soon"},
        {"expires_at": "99999-01-01"},
        {"expires_at": 1e300},
        {"created_at": "9999-12-31T23:59:59-14:00"},
        {"token": "short"},
        {"token": "wh_" + "x" * 600},
        {"token": "wh_\nnew line here"},
        {"token": "wh_ümlaut_ümlaut"},
        {"token": 7},
        {"token": None},
        {"token": "sha256:tooshort"},
    ],
)
async def test_a_row_that_ended_or_is_unclear_is_skipped(
    tenancy: Tenancy, tmp_path: Path, row: dict[str, Any]
) -> None:
    scope, good = await tenancy.new_organization(), token()
    rows = ({"token": good, "user_id": "a"}, {"token": token(), "user_id": "b"} | row)
    path = write(tmp_path / "tokens.db", TOKENS, *rows)
    assert await load(tenancy, scope, path) == 1
    assert [key.user_id for key in await keys_of(tenancy, scope)] == ["a"]


async def test_what_is_odd_is_made_harmless(tenancy: Tenancy, tmp_path: Path) -> None:
    scope = await tenancy.new_organization()
    later = utc_now() + timedelta(days=1)
    row = {"user_id": "a\0b" + "x" * 500, "label": None, "expires_at": later.timestamp() * 1000}
    path = write(tmp_path / "to kens?mode=rwc#.db", TOKENS, {"token": token()} | row)
    assert await load(tenancy, scope, path) == 1
    (key,) = await keys_of(tenancy, scope)
    assert key.user_id == "ab" + "x" * 118
    assert key.label == ""
    assert key.expires_at is not None
    assert abs(key.expires_at - later) < timedelta(seconds=1)


@pytest.mark.parametrize(
    ("schema", "rows"),
    [
        ("CREATE TABLE users (id INTEGER)", []),
        ("CREATE TABLE tokens (id INTEGER, token TEXT)", []),
        (
            "CREATE TABLE a (token TEXT, user_id TEXT); CREATE TABLE b (token TEXT, user_id TEXT)",
            [],
        ),
        (HASHED, [{"token_hash": "$2b$12$notasha256", "user_id": "a"}]),
    ],
)
async def test_a_database_without_tokens_is_refused(
    tenancy: Tenancy, tmp_path: Path, schema: str, rows: list[dict[str, Any]]
) -> None:
    path = write(tmp_path / "tokens.db", schema, *rows)
    with pytest.raises(SettingInvalid, match="AUTH_DB_PATH: tokens cannot be imported from"):
        await load(tenancy, await tenancy.new_organization(), path)


async def test_a_file_that_is_no_database_is_refused_and_left_alone(
    tenancy: Tenancy, tmp_path: Path
) -> None:
    scope = await tenancy.new_organization()
    text = tmp_path / "tokens.txt"
    text.write_text("wh_not_a_database" * 100)
    for path in (text, tmp_path / "missing.db", tmp_path):
        with pytest.raises(SettingInvalid, match="AUTH_DB_PATH"):
            await load(tenancy, scope, path)
    assert not (tmp_path / "missing.db").exists()


async def test_a_database_with_no_tokens_yet_is_fine(tenancy: Tenancy, tmp_path: Path) -> None:
    scope = await tenancy.new_organization()
    assert await load(tenancy, scope, write(tmp_path / "tokens.db", TOKENS)) == 0
