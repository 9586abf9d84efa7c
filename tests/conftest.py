"""What every test may ask for: a real database, and two organizations in it."""

import asyncio
import gc
import json
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from app.core import migrations
from app.core.db import Database
from app.core.postgres.bootstrap import Endpoints
from app.core.postgres.configuration import SUPERUSER
from app.core.postgres.supervisor import EmbeddedPostgres
from app.core.scope import OrgScope, system_scope
from app.tenancy.store.rows import OrganizationRow

MASTER_KEY = "k" * 32
"""Of every Parley in the one database: what a test leaves in it, the next can open."""


def pytest_collection_finish() -> None:
    """What was collected stays: the collector need not look at it again in the midst of a test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Path, Endpoints]]:
    """One server for all tests, with its data directory."""
    data_dir = tmp_path_factory.mktemp("database")
    with asyncio.Runner() as runner:
        postgres = EmbeddedPostgres(data_dir, durable=False)
        yield data_dir, runner.run(postgres.start())
        runner.run(postgres.stop())


@pytest.fixture(scope="session")
def owner_url(embedded: tuple[Path, Endpoints]) -> str:
    url = embedded[1].owner_url
    migrations.migrate(url)
    return url


@pytest.fixture(scope="session")
def app_url(embedded: tuple[Path, Endpoints], owner_url: str) -> str:
    return embedded[1].app_url


@pytest.fixture
async def database(app_url: str) -> AsyncGenerator[Database]:
    database = Database(app_url, pool_size=10)
    yield database
    await database.close()


def superuser_url(embedded: tuple[Path, Endpoints], database: str) -> str:
    data_dir, endpoints = embedded
    password = json.loads((data_dir / "postgres-credentials.json").read_text())["superuser"]
    place = endpoints.owner_url.partition("?")[2]
    return f"postgresql://{SUPERUSER}:{password}@/{database}?{place}"


@pytest.fixture
def embedded_superuser_url(embedded: tuple[Path, Endpoints]) -> str:
    return superuser_url(embedded, "parley")


@pytest.fixture
def own_database_url(embedded: tuple[Path, Endpoints]) -> Generator[str]:
    """Of no other Parley: nobody else takes its jobs, and nobody left anything in it."""
    name = f"own_{uuid4().hex[:8]}"
    with psycopg.connect(superuser_url(embedded, "postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield superuser_url(embedded, name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


async def _organization(database: Database, name: str) -> OrgScope:
    org_id = uuid4()
    async with database.transaction(system_scope("test")) as tx:
        tx.session.add(
            OrganizationRow(id=org_id, name=name, slug=f"{name}-{org_id}", signing_secret=b"")
        )
    return OrgScope(org_id, actor="test")


@pytest.fixture
async def org_a(database: Database) -> OrgScope:
    return await _organization(database, "a")


@pytest.fixture
async def org_b(database: Database) -> OrgScope:
    return await _organization(database, "b")
