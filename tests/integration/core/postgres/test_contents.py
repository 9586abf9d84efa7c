"""What the server is, once it serves: closed to strangers, and ready for migrations."""

import re
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, select

from app.core.postgres.bootstrap import Endpoints
from tests.integration.core.postgres.hosting import Site


def value(served: Site, query: str, role: str = "app") -> object:
    with served.hosts[0].connect(role) as connection:
        return connection.execute(query.encode()).fetchall()[0][0]


@pytest.mark.parametrize("role", ["owner", "app"])
def test_neither_role_can_step_over_row_level_security_or_make_more(
    served: Site, role: str
) -> None:
    powers = (
        "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication"
        " FROM pg_roles WHERE rolname = current_user"
    )
    assert value(served, powers, role) is False


def test_the_database_belongs_to_its_owner_and_the_app_owns_nothing(served: Site) -> None:
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert value(served, owner) == "parley_owner"
    owned = "SELECT count(*) FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid"
    assert value(served, f"{owned} WHERE rolname = 'parley_app' AND deptype = 'o'") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine ()",
        "CREATE TEMP TABLE mine ()",
        "CREATE SCHEMA mine",
        "SET ROLE parley_owner",
        "SELECT pg_read_file('PG_VERSION')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
    ],
)
def test_the_app_cannot(served: Site, statement: str) -> None:
    with (
        served.hosts[0].connect("app") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


def test_the_app_reaches_no_other_database(served: Site) -> None:
    url = served.hosts[0].ready["app"].replace("/parley?", "/postgres?")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(url)


@pytest.mark.parametrize("password", ["", ":wrong"])
def test_nobody_gets_in_without_the_password(served: Site, password: str) -> None:
    for role in ("parley_owner", "parley_app", "parley_superuser"):
        url = re.sub(r"//.*@", f"//{role}{password}@", served.hosts[0].ready["app"])
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url)


def test_every_way_in_asks_for_scram(served: Site) -> None:
    hba = (served.data_dir / "postgres/pg_hba.conf").read_text()
    rules = [line.split() for line in hba.splitlines() if line and not line.startswith("#")]
    assert rules
    assert {rule[-1] for rule in rules} == {"scram-sha-256"}


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("listen_addresses", ""),
        ("data_checksums", "on"),
        ("server_encoding", "UTF8"),
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("password_encryption", "scram-sha-256"),
        ("timezone", "UTC"),
    ],
)
def test_settings(served: Site, setting: str, expected: str) -> None:
    assert value(served, f"SHOW {setting}") == expected


def test_text_of_every_script_compares_and_is_found(served: Site) -> None:
    assert value(served, "SELECT 'ПРИВЕТ'::citext = 'привет'::citext") is True
    for word in ("привет", "नमस्ते", "你好"):
        assert value(served, f"SELECT cardinality(show_trgm('{word}')) > 0") is True
        assert value(served, f"SELECT similarity('{word}', '{word}')") == 1


def test_secrets_are_for_their_reader_only(served: Site) -> None:
    secret = served.data_dir / "postgres-credentials.json"
    for path, mode in ((served.data_dir, 0o700), (secret, 0o600)):
        assert path.stat().st_mode & 0o777 == mode
    passwords = re.findall(r'"([\w-]{43})"', secret.read_text())
    assert len(set(passwords)) == 3
    for log in (served.data_dir / "postgres/log").iterdir():
        assert not any(password in log.read_text() for password in passwords)


def test_endpoints_do_not_show_their_passwords() -> None:
    assert "hush" not in repr(
        Endpoints("postgresql://a:hush@/parley", "postgresql://b:hush@/parley")
    )


def test_sqlalchemy_understands_the_urls(served: Site) -> None:
    url = served.hosts[0].ready["app"].replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(url)
    with engine.connect() as connection:
        assert connection.scalar(select(1)) == 1
    engine.dispose()


def test_the_log_is_kept_under_the_data_directory(served: Site) -> None:
    with (
        served.hosts[0].connect("app") as connection,
        pytest.raises(psycopg.errors.UndefinedTable),
    ):
        connection.execute("SELECT * FROM a_table_that_never_was")
    logs: list[Path] = list((served.data_dir / "postgres/log").glob("postgresql-*.log"))
    assert any("a_table_that_never_was" in log.read_text() for log in logs)
