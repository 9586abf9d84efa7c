"""Migrations: complete, run once however many start, and usable on a site's own server."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import func, select

from app import wiring
from app.core import migrations
from app.core.migrations import DatabaseUnusable
from app.core.postgres.bootstrap import Endpoints
from app.core.rls import APP_ROLE
from app.core.scope import system_scope
from app.core.settings import load
from tests.conftest import superuser_url


@pytest.fixture
def site(embedded: tuple[Path, Endpoints]) -> Generator[str]:
    """An empty database and its login, as the administrator of a site hands them out."""
    name = f"site_{uuid4().hex[:8]}"
    place = embedded[1].owner_url.partition("?")[2]
    names = {"name": sql.Identifier(name), "app": sql.Identifier(APP_ROLE)}
    with psycopg.connect(superuser_url(embedded, "postgres"), autocommit=True) as admin:
        for statement in (
            "CREATE ROLE {name} LOGIN PASSWORD 'x'",
            "GRANT {app} TO {name}",
            "CREATE DATABASE {name} OWNER {name}",
        ):
            admin.execute(sql.SQL(statement).format(**names))
        yield f"postgresql://{name}:x@/{name}?{place}"
        admin.execute(sql.SQL("DROP DATABASE {name} WITH (FORCE)").format(**names))
        admin.execute(sql.SQL("DROP ROLE {name}").format(**names))


def test_the_tables_are_those_that_the_code_declares(owner_url: str) -> None:
    migrations.check(owner_url)


def test_of_replicas_that_start_together_one_migrates(site: str) -> None:
    with ThreadPoolExecutor(4) as replicas:
        list(replicas.map(migrations.migrate, [site] * 4))
    with psycopg.connect(site) as connection:
        versions = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert versions == [(migrations.head_revision(),)]


async def test_a_database_of_the_site_is_used_in_the_role_that_owns_nothing(
    site: str, tmp_path: Path
) -> None:
    settings = load({"DATABASE_URL": site, "PARLEY_DATA_DIR": str(tmp_path)})
    async with wiring.foundation(settings, "test") as base:
        assert base.postgres is None
        await base.organizations.create("First Bank", actor="test")
        async with base.database.transaction(system_scope("test")) as tx:
            current, login = (
                await tx.session.execute(select(func.current_user(), func.session_user()))
            ).one()
        assert (current, login) == (APP_ROLE, site.partition("//")[2].partition(":")[0])
    assert not (tmp_path / "postgres").exists()


def test_a_login_that_may_not_make_the_role_is_told_what_to_ask_for(
    embedded: tuple[Path, Endpoints], site: str
) -> None:
    with psycopg.connect(superuser_url(embedded, "postgres"), autocommit=True) as admin:
        login = sql.Identifier(site.partition("//")[2].partition(":")[0])
        admin.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(APP_ROLE), login))
    with pytest.raises(DatabaseUnusable, match="let an administrator run CREATE ROLE"):
        migrations.ensure_app_role(site)


def test_a_database_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="cannot be used"):
        migrations.migrate(f"postgresql://a:b@/c?host={tmp_path}")
