"""What cannot work is refused with a sentence that says why, and nothing is harmed."""

import asyncio
import os
import shutil
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from app.core.postgres.errors import DatabaseLost
from app.core.postgres.supervisor import EmbeddedPostgres
from tests.integration.core.postgres.hosting import Host, Site


def refusal(host: Host, code: str) -> str:
    answer = host.answer()
    assert answer.get("code") == code, answer
    assert host.process.wait(60) == 3
    return answer["message"]


def test_a_second_parley_on_the_same_directory(anyone: Site) -> None:
    first = anyone.host().serve()
    sentence = refusal(anyone.host(), "data_directory_in_use")
    assert f"process {first.process.pid}" in sentence
    assert str(anyone.data_dir) in sentence
    with first.connect() as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_two_parleys_on_two_directories(anyone: Site) -> None:
    for name in ("one", "two"):
        anyone.host(anyone.home / name).serve()


def test_data_of_another_postgresql(anyone: Site) -> None:
    assert anyone.host().serve().stop() == 0
    version = anyone.data_dir / "postgres/PG_VERSION"
    version.write_text("15\n")
    sentence = refusal(anyone.host(), "data_directory_unusable")
    assert "PostgreSQL 15" in sentence
    assert "PostgreSQL 18" in sentence
    version.write_text("18\n")
    anyone.host().serve()


def test_a_directory_that_holds_something_else(anyone: Site) -> None:
    assert anyone.host().serve().stop() == 0
    shutil.move(anyone.data_dir / "postgres/PG_VERSION", anyone.home)
    sentence = refusal(anyone.host(), "data_directory_unusable")
    assert "is not a PostgreSQL data directory" in sentence


@pytest.mark.parametrize(("content", "reason"), [(None, "is missing"), ("{", "is damaged")])
def test_lost_credentials(anyone: Site, content: str | None, reason: str) -> None:
    assert anyone.host().serve().stop() == 0
    secret = anyone.data_dir / "postgres-credentials.json"
    if content is None:
        secret.unlink()
    else:
        secret.write_text(content)
    assert reason in refusal(anyone.host(), "data_directory_unusable")
    assert (anyone.data_dir / "postgres/PG_VERSION").exists()


def test_a_damaged_cluster_shows_the_end_of_the_servers_log(anyone: Site) -> None:
    assert anyone.host().serve().stop() == 0
    (anyone.data_dir / "postgres/global/pg_control").unlink()
    sentence = refusal(anyone.host(), "database_not_started")
    assert "pg_control" in sentence
    assert "Traceback" not in sentence


def test_a_directory_that_cannot_be_written(as_ordinary: Site) -> None:
    closed = as_ordinary.home / "closed"
    closed.mkdir(mode=0o500)
    if os.geteuid() == 0:
        closed.chmod(0o755)  # root's own
    sentence = refusal(as_ordinary.host(closed / "data"), "data_directory_unusable")
    assert "Permission denied" in sentence


def test_a_file_where_the_directory_should_be(anyone: Site) -> None:
    anyone.data_dir.write_text("")
    assert "File exists" in refusal(anyone.host(), "data_directory_unusable")


def test_data_that_root_made_is_not_for_an_ordinary_user(as_ordinary: Site) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to make it")
    assert as_ordinary.host().serve().stop() == 0
    os.chown(as_ordinary.data_dir / "postgres", 1, 1)
    sentence = refusal(as_ordinary.host(), "data_directory_unusable")
    assert "belongs to another account (uid 1)" in sentence


@pytest.mark.parametrize("megabytes", [1, 16])
def test_a_full_disk(as_root: Site, megabytes: int) -> None:
    as_root.data_dir.mkdir()
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(as_root.data_dir)]
    if subprocess.run(["mount", *options], capture_output=True).returncode != 0:
        pytest.skip("this root may not mount a small disk")
    try:
        sentence = refusal(as_root.host(), "database_not_started")
        assert "No space left on device" in sentence
    finally:
        subprocess.run(["umount", str(as_root.data_dir)], check=True)


def test_a_disk_that_fills_up_and_is_cleared(as_root: Site) -> None:
    as_root.data_dir.mkdir()
    options = ["-t", "tmpfs", "-o", "size=100m", "tmpfs", str(as_root.data_dir)]
    if subprocess.run(["mount", *options], capture_output=True).returncode != 0:
        pytest.skip("this root may not mount a small disk")
    filler = as_root.data_dir / "filler"
    try:
        host = as_root.host().serve()
        with host.connect() as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS id")
        assert host.stop() == 0
        _fill(filler)
        answer = as_root.host().answer()
        assert "No space left on device" in answer["message"]
        filler.unlink()
        host = as_root.host().serve()
        with host.connect() as connection:
            assert connection.execute("SELECT id FROM kept").fetchall() == [(42,)]
        assert host.stop() == 0
    finally:
        as_root.close()
        subprocess.run(["umount", str(as_root.data_dir)], check=True)


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


async def test_a_server_that_keeps_dying_is_given_up(fresh_data_dir: Path) -> None:
    postgres = EmbeddedPostgres(fresh_data_dir)
    await postgres.start()
    cluster = fresh_data_dir / "postgres"
    (cluster / "global/pg_control").unlink()
    os.kill(int((cluster / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    with pytest.raises(DatabaseLost, match="died 5 times"):
        await postgres.watch()
    await postgres.stop()


async def test_a_server_that_stays_up_is_watched_until_stopped(fresh_data_dir: Path) -> None:
    postgres = EmbeddedPostgres(fresh_data_dir, durable=False)
    endpoints = await postgres.start()
    await postgres.stop()
    await postgres.watch()
    with pytest.raises(psycopg.OperationalError):
        await psycopg.AsyncConnection.connect(endpoints.app_url)
    again = await postgres.start()
    assert again == endpoints
    await postgres.stop()


def test_starting_from_a_thread_that_could_end_before_parley(fresh_data_dir: Path) -> None:
    with (
        ThreadPoolExecutor(1) as thread,
        pytest.raises(RuntimeError, match="from the main thread"),
    ):
        thread.submit(asyncio.run, EmbeddedPostgres(fresh_data_dir).start()).result()
