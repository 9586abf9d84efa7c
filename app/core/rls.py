"""Row-level security: the second wall between organizations, kept by PostgreSQL itself.

A transaction announces its organization, its user or that it is the system's in settings that end
with it; policies compare. Used by migrations; knows no table by name.
"""

from typing import Any

from sqlalchemy import ColumnElement, literal_column

ORG_SETTING = "app.org_id"
USER_SETTING = "app.user_id"
SYSTEM_SETTING = "app.system"
APP_ROLE = "parley_app"

# A setting that was set in an earlier transaction of the connection reads as '', not as NULL.
_CURRENT_ORG = f"nullif(current_setting('{ORG_SETTING}', true), '')::uuid"
_CURRENT_USER = f"nullif(current_setting('{USER_SETTING}', true), '')::uuid"
_IS_SYSTEM = f"current_setting('{SYSTEM_SETTING}', true) = 'on'"

CURRENT_ORG_SQL: ColumnElement[Any] = literal_column(_CURRENT_ORG)


def enable(table: str, *, owner_column: str = "org_id") -> list[str]:
    """Statements that wall off `table`, for its owner too."""
    return [*_forced(table), _policy(table, "tenant", f"{owner_column} = {_CURRENT_ORG}")]


def enable_for_user(table: str, *, owner_column: str = "user_id") -> list[str]:
    """The same for a table whose rows belong to a user and to no organization."""
    return [*_forced(table), _policy(table, "owner", f"{owner_column} = {_CURRENT_USER}")]


def enable_for_system(table: str) -> list[str]:
    """The same for a table that anybody adds to and the system alone reads, changes and empties."""
    return [
        *_forced(table),
        f"CREATE POLICY written ON {table} FOR INSERT WITH CHECK (true)",
        f"CREATE POLICY system ON {table} USING ({_IS_SYSTEM}) WITH CHECK ({_IS_SYSTEM})",
    ]


def also_visible(table: str, name: str, condition: str) -> str:
    """Lets rows be read, and no more, by whom `condition` admits."""
    condition = condition.format(org=_CURRENT_ORG, user=_CURRENT_USER)
    return f"CREATE POLICY {name} ON {table} FOR SELECT USING ({condition})"


def _forced(table: str) -> list[str]:
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    ]


def _policy(table: str, name: str, owned: str) -> str:
    visible = f"{owned} OR {_IS_SYSTEM}"
    return f"CREATE POLICY {name} ON {table} USING ({visible}) WITH CHECK ({visible})"


def grant_app_role() -> list[str]:
    """What the role of the running application may do: use rows, own nothing."""
    return [
        f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}",
        *(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT {rights} TO {APP_ROLE}"
            for rights in (
                "SELECT, INSERT, UPDATE, DELETE ON TABLES",
                "USAGE, SELECT ON SEQUENCES",
                "EXECUTE ON FUNCTIONS",
            )
        ),
    ]
