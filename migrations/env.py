"""How Alembic reaches the database: through the connection that app.core.migrations hands in."""

from typing import Any

from alembic import context
from sqlalchemy import Connection, func, select

from app.core.rls import SYSTEM_SETTING
from app.tables import METADATA


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


def run(connection: Connection) -> None:
    # Row-level security holds for the owner too: without this a data migration would see no row.
    connection.execute(select(func.set_config(SYSTEM_SETTING, "on", False)))
    connection.commit()
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        include_name=_is_ours,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
