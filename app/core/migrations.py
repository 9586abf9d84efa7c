"""Brings the database's tables to what this version expects, once however many replicas start."""

import logging
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Connection, create_engine, func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from app.core.db import with_driver
from app.core.errors import Unavailable
from app.core.rls import APP_ROLE

log = logging.getLogger(__name__)

SCRIPTS = Path(__file__).parents[2] / "migrations"
_LOCK_KEY = 0x5061_726C_6579  # "Parley"


class DatabaseUnusable(Unavailable):
    pass


def migrate(owner_url: str) -> None:
    """Blocks. Of several replicas one migrates and the others wait for it."""
    engine = create_engine(with_driver(owner_url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            connection.execute(select(func.pg_advisory_lock(_LOCK_KEY)))
            connection.commit()
            before = current_revision(connection)
            command.upgrade(_config(connection), "head")
            after = current_revision(connection)
            if before != after:
                log.info("migrated the database from %s to %s", before or "empty", after)
    except OperationalError as error:
        raise DatabaseUnusable(f"the database cannot be used: {_first_line(error)}") from error
    finally:
        engine.dispose()


def ensure_app_role(owner_url: str) -> None:
    """On a database server of the site: the role that the application works in."""
    role = sql.Identifier(APP_ROLE)
    try:
        with psycopg.connect(owner_url, autocommit=True) as connection:
            if not _row(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s"):
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN NOBYPASSRLS").format(role))
            if not _row(connection, "SELECT 1 WHERE pg_has_role(%s, 'SET')"):
                connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseUnusable(
            "the user of DATABASE_URL may not make the role that Parley works in: let an "
            f"administrator run CREATE ROLE {APP_ROLE} NOLOGIN; GRANT {APP_ROLE} TO that user;"
        ) from error
    except psycopg.OperationalError as error:
        raise DatabaseUnusable(f"the database cannot be used: {_first_line(error)}") from error


def _row(connection: psycopg.Connection[Any], query: LiteralString) -> object:
    return connection.execute(query, [APP_ROLE]).fetchone()


def check(owner_url: str) -> None:
    """Raises where the tables that the code declares and those of the database differ."""
    engine = create_engine(with_driver(owner_url), poolclass=NullPool)
    with engine.connect() as connection:
        command.check(_config(connection))


def current_revision(connection: Connection) -> str | None:
    revision = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    return revision


def head_revision() -> str:
    head = ScriptDirectory(str(SCRIPTS)).get_current_head()
    assert head is not None
    return head


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option(
        "file_template", "%%(year)d-%%(month).2d-%%(day).2d-%%(hour).2d%%(minute).2d_%%(slug)s"
    )
    config.attributes["connection"] = connection
    return config


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", error)).splitlines()[0]
