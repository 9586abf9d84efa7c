"""How an operator sets up where tokens are checked, and makes them at the command line."""

import sqlite3
import time
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.api.conftest import LiveServer
from tests.scenarios.operator import Running, command, serving

SECRET = "a secret of two services of one operator"
EARLIER = f"wh_{uuid4().hex}"


@pytest.fixture(scope="module")
def second(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """A Parley that asks the first one about tokens, and takes those of an earlier gateway over."""
    folder = tmp_path_factory.mktemp("second")
    earlier = folder / "tokens.db"
    with closing(sqlite3.connect(earlier)) as database:
        database.execute("CREATE TABLE tokens (id INTEGER, token TEXT, user_id TEXT)")
        database.execute("INSERT INTO tokens VALUES (1, ?, 'my-app')", [EARLIER])
        database.commit()
    env = {
        "AUTH_MODE": "hybrid",
        "PARLEY_AUTH_REMOTE_URL": server.url,
        "AUTH_DB_PATH": str(earlier),
        "GATEWAY_INTERNAL_SECRET": SECRET,
    }
    with serving(folder / "data", env=env) as running:
        yield running
        assert running.stop() == 0


def status(url: str, **headers: str) -> int:
    return httpx.get(f"{url}/asr/status", headers=headers).status_code


def with_token(url: str, token: str) -> int:
    return status(url, authorization=f"Bearer {token}")


def wait_until_refused(url: str, token: str) -> None:
    """Another process tells the server of the end of a token, which takes a moment."""
    until_s = time.monotonic() + 20
    while with_token(url, token) != 401:
        assert time.monotonic() < until_s


@pytest.mark.inventory("WH-355", "EX-023")
def test_a_token_of_one_parley_works_at_another(server: LiveServer, second: Running) -> None:
    admin = {"authorization": f"Bearer {server.token}"}
    made = httpx.post(
        f"{server.url}/auth/tokens", json={"user_id": "phone-7"}, headers=admin
    ).json()
    assert with_token(second.url, made["token"]) == 200
    assert with_token(second.url, made["token"] + "x") == 401
    assert with_token(server.url, second.token) == 401
    theirs = httpx.get(f"{second.url}/auth/tokens", headers=admin)
    assert (theirs.status_code, theirs.json()["error"]) == (403, "Admin token required")


@pytest.mark.inventory("WH-028", "WH-356")
def test_the_tokens_of_an_earlier_gateway_work_on(second: Running) -> None:
    assert with_token(second.url, EARLIER) == 200
    admin = {"authorization": f"Bearer {second.token}"}
    listed = httpx.get(f"{second.url}/auth/tokens", headers=admin).json()
    assert [key["user_id"] for key in listed["tokens"]] == ["admin", "my-app"]


@pytest.mark.inventory("WH-357")
def test_a_secret_that_is_given_is_the_one(second: Running) -> None:
    assert status(second.url, **{"x-internal-secret": SECRET}) == 200
    assert status(second.url, **{"x-internal-secret": SECRET + "."}) == 401


def test_tokens_are_made_rotated_and_revoked_at_the_command_line(server: LiveServer) -> None:
    env = {"PARLEY_DATA_DIR": server.data_dir}
    slug = f"shop-{uuid4()}"
    assert command("orgs", "create", slug, env=env)[0] == 0

    def run(*arguments: str) -> str:
        code, said = command("tokens", *arguments, "--org", slug, env=env)
        assert code == 0, said
        return said

    def made(said: str) -> tuple[str, str]:
        *_, key_id, _, token = said.split()
        return key_id, token

    old_id, old = made(run("create", "--family", "v1", "--scope", "speech", "--label", "Till"))
    assert old.startswith("va_")
    assert with_token(server.url, old) == 200
    new_id, new = made(run("rotate", old_id, "--overlap-s", "0"))
    wait_until_refused(server.url, old)
    assert with_token(server.url, new) == 200
    listed = run("list")
    assert new_id in listed
    assert "speech" in listed
    assert "Till" in listed
    assert old_id not in listed
    assert new not in listed
    run("revoke", new_id)
    wait_until_refused(server.url, new)
    code, said = command("tokens", "rotate", str(uuid4()), "--org", slug, env=env)
    assert (code, said.strip().splitlines()[-1]) == (1, "parley: Token not found")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    text = tmp_path / "tokens.db"
    text.write_text("no database" * 100)
    code, said = command(
        "serve",
        "--port",
        "0",
        "--data-dir",
        str(tmp_path / "data"),
        env={"AUTH_DB_PATH": str(text)},
    )
    assert code == 1
    assert f"AUTH_DB_PATH: tokens cannot be imported from {text}" in said
