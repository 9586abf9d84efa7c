"""The roles, the database and the extensions of the embedded server; safe to run at every start."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from app.core.postgres.configuration import PORT, SUPERUSER
from app.core.postgres.credentials import Credentials
from app.core.postgres.errors import DatabaseNotStarted

OWNER = "parley_owner"
APP = "parley_app"
DATABASE = "parley"
Connection = psycopg.AsyncConnection[tuple[object, ...]]

_EXTENSIONS = ("citext", "pg_trgm")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the database is: for migrations as its owner, for the application as a guest."""

    owner_url: str = field(repr=False)
    app_url: str = field(repr=False)


def endpoints(credentials: Credentials, socket_dir: Path) -> Endpoints:
    def url(role: str, password: str) -> str:
        return (
            f"postgresql://{role}:{password}@/{DATABASE}?host={quote(str(socket_dir))}&port={PORT}"
        )

    return Endpoints(url(OWNER, credentials.owner), url(APP, credentials.app))


async def prepare_database(credentials: Credentials, socket_dir: Path) -> None:
    """Run as the superuser, which nothing else in Parley uses."""
    try:
        async with await _connect("postgres", credentials, socket_dir) as connection:
            await _create_role(connection, OWNER, credentials.owner)
            await _create_role(connection, APP, credentials.app)
            await _create_database(connection)
        async with await _connect(DATABASE, credentials, socket_dir) as connection:
            for extension in _EXTENSIONS:
                await connection.execute(
                    sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
                )
    except psycopg.Error as error:
        raise DatabaseNotStarted(f"The embedded database cannot be prepared: {error}") from error


async def _connect(database: str, credentials: Credentials, socket_dir: Path) -> Connection:
    return await psycopg.AsyncConnection.connect(
        host=str(socket_dir),
        port=PORT,
        dbname=database,
        user=SUPERUSER,
        password=credentials.superuser,
        autocommit=True,
    )


async def _exists(connection: Connection, query: sql.SQL, name: str) -> bool:
    cursor = await connection.execute(query, [name])
    return await cursor.fetchone() is not None


async def _create_role(connection: Connection, role: str, password: str) -> None:
    if await _exists(connection, sql.SQL("SELECT 1 FROM pg_roles WHERE rolname = %s"), role):
        return
    # Hashed here, so that no failing statement can put the password into the server's log.
    verifier = connection.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    ).decode()
    await connection.execute(
        sql.SQL(
            "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {}"
        ).format(sql.Identifier(role), sql.Literal(verifier))
    )


async def _create_database(connection: Connection) -> None:
    found = sql.SQL("SELECT 1 FROM pg_database WHERE datname = %s")
    if not await _exists(connection, found, DATABASE):
        await connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(DATABASE), sql.Identifier(OWNER)
            )
        )
    for database in (DATABASE, "postgres", "template1"):
        await connection.execute(
            sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))
        )
    await connection.execute(
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
            sql.Identifier(DATABASE), sql.Identifier(APP)
        )
    )
