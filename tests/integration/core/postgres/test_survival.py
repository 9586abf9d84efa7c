"""Whatever is killed, no committed row is lost and the next start is clean."""

import os
import signal
import subprocess
import threading
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from tests.integration.core.postgres.hosting import Host, Site


class Writer:
    """Commits one row after another until the server goes away; remembers what was confirmed."""

    def __init__(self, host: Host) -> None:
        self.confirmed: list[int] = []
        self.busy = threading.Event()
        self._connection = host.connect()
        self._connection.execute("CREATE TABLE IF NOT EXISTS kept (id bigint PRIMARY KEY)")
        self._thread = threading.Thread(target=self._write)
        self._thread.start()
        assert self.busy.wait(30)

    def _write(self) -> None:
        number = 0
        try:
            while True:
                self._connection.execute("INSERT INTO kept VALUES (%s)", [number])
                self.confirmed.append(number)
                number += 1
                if number == 50:
                    self.busy.set()
        except psycopg.OperationalError:
            self._connection.close()

    def lost(self, host: Host) -> set[int]:
        self._thread.join(30)
        assert not self._thread.is_alive()
        with host.connect("owner") as connection:
            rows = connection.execute("SELECT id FROM kept").fetchall()
        return set(self.confirmed) - {row[0] for row in rows}


def test_killing_parley_ends_the_server_and_loses_nothing(anyone: Site) -> None:
    host = anyone.host().serve()
    writer = Writer(host)
    with host.ended():
        host.kill()
    assert writer.lost(anyone.host().serve()) == set()


def test_a_start_right_after_killing_parley_waits_for_the_old_server(anyone: Site) -> None:
    host = anyone.host().serve()
    writer = Writer(host)
    host.kill()
    assert writer.lost(anyone.host().serve()) == set()


def test_a_killed_postmaster_is_started_again_under_a_running_parley(anyone: Site) -> None:
    host = anyone.host().serve()
    writer = Writer(host)
    first = host.postmaster
    os.kill(first, signal.SIGKILL)
    host.wait_for("PostgreSQL serves again")
    assert writer.lost(host) == set()
    assert host.postmaster != first
    assert host.stop() == 0


def test_killing_both_at_once_loses_nothing(anyone: Site) -> None:
    host = anyone.host().serve()
    writer = Writer(host)
    os.kill(host.postmaster, signal.SIGKILL)
    host.kill()
    assert writer.lost(anyone.host().serve()) == set()


def test_a_backend_that_computes_does_not_hold_up_the_restart(anyone: Site) -> None:
    host = anyone.host().serve()
    endless = host.connect()
    pid = endless.info.backend_pid

    def compute() -> None:
        with pytest.raises(psycopg.OperationalError):
            endless.execute("SELECT count(*) FROM generate_series(1, 1000000000000)")

    query = threading.Thread(target=compute)
    query.start()
    with host.connect("owner") as connection:
        active = "SELECT 1 FROM pg_stat_activity WHERE pid = %s AND state = 'active'"
        while not connection.execute(active, [pid]).fetchall():
            pass
    os.kill(host.postmaster, signal.SIGKILL)
    host.wait_for("PostgreSQL serves again")
    query.join(30)
    endless.close()
    with host.connect() as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_a_killed_backend_only_interrupts_its_neighbours(anyone: Site) -> None:
    host = anyone.host().serve()
    writer = Writer(host)
    postmaster = host.postmaster
    with host.connect() as victim, pytest.raises(psycopg.OperationalError):
        os.kill(victim.info.backend_pid, signal.SIGKILL)
        while True:
            victim.execute("SELECT 1")
    while True:
        with suppress(psycopg.OperationalError):  # "the database system is in recovery mode"
            host.connect().close()
            break
    assert writer.lost(host) == set()
    assert host.postmaster == postmaster


def test_killing_parley_while_it_makes_the_database(anyone: Site) -> None:
    host = anyone.host()
    host.wait_for("making a new database")
    host.kill()
    with anyone.host().serve().connect("app") as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_a_stopped_server_is_gone_and_keeps_its_rows(anyone: Site) -> None:
    host = anyone.host().serve()
    with host.connect() as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS id")
    with host.ended():
        assert host.stop() == 0
    assert not (anyone.data_dir / "postgres/postmaster.pid").exists()
    with anyone.host().serve().connect() as connection:
        assert connection.execute("SELECT id FROM kept").fetchall() == [(42,)]


def test_stopping_does_not_wait_for_clients(anyone: Site) -> None:
    host = anyone.host().serve()
    with host.connect() as idle_in_transaction:
        idle_in_transaction.autocommit = False
        idle_in_transaction.execute("CREATE TABLE never_committed ()")
        with host.ended():
            assert host.stop() == 0
        with pytest.raises(psycopg.OperationalError):
            idle_in_transaction.execute("SELECT 1")


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(as_ordinary: Site) -> None:
    host = as_ordinary.host().serve()
    assert os.getpgid(host.postmaster) != os.getpgid(host.process.pid)


def test_a_leftover_lock_file_that_names_a_stranger_is_no_obstacle(anyone: Site) -> None:
    """As after a container's restart, where pids repeat."""
    host = anyone.host().serve()
    postmaster_file = anyone.data_dir / "postgres/postmaster.pid"
    lines = postmaster_file.read_text().splitlines()
    owner = postmaster_file.stat()
    assert host.stop() == 0
    user: dict[str, Any] = {"user": owner.st_uid} if os.geteuid() == 0 else {}
    stranger = subprocess.Popen(["sleep", "600"], **user)
    try:
        postmaster_file.write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
        os.chown(postmaster_file, owner.st_uid, owner.st_gid)
        anyone.host().serve()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
