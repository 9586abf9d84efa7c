"""What tests beside other Parleys of their process may ask for."""

from collections.abc import Generator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from app.core.postgres.bootstrap import Endpoints
from tests.conftest import superuser_url


@pytest.fixture
def own_database_url(embedded: tuple[Path, Endpoints]) -> Generator[str]:
    """Of no other Parley: nobody else takes its jobs, and nobody left any in it."""
    name = f"own_{uuid4().hex[:8]}"
    with psycopg.connect(superuser_url(embedded, "postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield superuser_url(embedded, name)
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
