"""One row of every table for an organization and its user, made from the table's own columns."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import CITEXT, JSONB

from app.core.clock import utc_now
from app.tables import METADATA

Row = dict[str, Any]

SYSTEM_TABLES = {"emails"}
"""Read and changed by the system alone."""

_TEXTS = {"role": "member", "family": "gateway"}


@dataclass
class Tenant:
    """An organization, its only member, and a row of theirs in every table."""

    org_id: UUID = field(default_factory=uuid4)
    user_id: UUID = field(default_factory=uuid4)
    rows: dict[str, Row] = field(default_factory=dict)

    def claims(self) -> Mapping[str, str]:
        """What the most privileged transaction of this tenant says of itself."""
        return {"app.org_id": str(self.org_id), "app.user_id": str(self.user_id)}


def owner_column(table: Table) -> str | None:
    """The column that says whose a row is; None where it is nobody's but the system's."""
    if table.name in SYSTEM_TABLES:
        return None
    if table.name in ("organizations", "users"):
        return "id"
    for column in ("org_id", "user_id"):
        if column in table.columns:
            return column
    raise AssertionError(f"{table.name} does not say whose its rows are")


def owner_of(table: Table, tenant: Tenant) -> UUID:
    is_users = table.name == "users" or owner_column(table) == "user_id"
    return tenant.user_id if is_users else tenant.org_id


async def fill(connection: psycopg.AsyncConnection[Any], tenant: Tenant) -> None:
    """`connection` must be above the wall."""
    for table in METADATA.sorted_tables:
        row = tenant.rows[table.name] = new_row(table, tenant)
        # Two tables refer to each other; what refers to a user may be unknown at first.
        if table.name == "organizations":
            row["owner_user_id"] = None
        await insert(connection, table, row)


async def insert(connection: psycopg.AsyncConnection[Any], table: Table, row: Row) -> None:
    statement = psycopg.sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
        psycopg.sql.Identifier(table.name),
        psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, row)),
        psycopg.sql.SQL(", ").join([psycopg.sql.Placeholder()] * len(row)),
    )
    await connection.execute(statement, list(row.values()))


def new_row(table: Table, tenant: Tenant) -> Row:
    return {column.name: _value(table, column, tenant) for column in table.columns}


def _value(table: Table, column: Column[Any], tenant: Tenant) -> Any:
    if column.name == owner_column(table):
        return owner_of(table, tenant)
    for key in column.foreign_keys:
        if key.column.table.name == table.name:
            return None
        return tenant.user_id if key.column.table.name == "users" else tenant.org_id
    return _plain(column)


def _plain(column: Column[Any]) -> Any:
    match column.type:
        case Uuid():
            return uuid4()
        case Boolean():
            return False
        case BigInteger() | Integer() | Float():
            return 1
        case DateTime():
            return utc_now() + timedelta(hours=1)
        case Date():
            return utc_now().date()
        case LargeBinary():
            return os.urandom(16)
        case JSONB():
            return Jsonb({})
        case CITEXT() | Text():
            return _TEXTS.get(column.name, f"x{uuid4().hex}")
    raise AssertionError(f"no value for {column} of type {column.type!r}")
