"""`parley serve` as an operator meets it."""

import os
import signal
import socket
import stat
import time
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.scenarios.operator import command, serving

pytestmark = pytest.mark.timeout(300)


@pytest.mark.inventory("WH-346", "WH-008")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything_and_the_exit_is_clean(
    tmp_path: Path, number: signal.Signals
) -> None:
    with serving(tmp_path) as running:
        running.wait_until_ready()
        assert running.stop(number) == 0
    assert not (tmp_path / "postgres" / "postmaster.pid").exists()


def test_the_admin_token_is_printed_kept_privately_and_stays(tmp_path: Path) -> None:
    with serving(tmp_path) as first:
        token = first.token
        assert token.startswith("wh_")
        first.stop()
    path = tmp_path / "auth" / "admin_token.txt"
    assert path.read_text().strip() == token
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with serving(tmp_path) as second:
        assert second.token == token
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx.get(f"{second.url}/metrics", headers=headers).status_code == 200


def test_what_was_written_is_there_after_a_kill(tmp_path: Path) -> None:
    with serving(tmp_path) as doomed:
        status, _ = command("orgs", "create", "First Bank", env={"PARLEY_DATA_DIR": str(tmp_path)})
        assert status == 0
        doomed.kill()
    with serving(tmp_path) as running:
        _, listed = command("orgs", "list", env={"PARLEY_DATA_DIR": str(tmp_path)})
        assert "first-bank" in listed
        assert running.stop() == 0


def test_a_second_serve_on_the_same_data_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        status, said = command("serve", "--port", "0", "--data-dir", str(tmp_path))
        assert status == 1
        assert "Another Parley" in said
        assert str(running.process.pid) in said
        assert "Traceback" not in said


def test_a_taken_port_is_said_at_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, said = command("serve", "--port", port, "--data-dir", str(tmp_path))
    assert status == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in said
    assert not (tmp_path / "postgres").exists()


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        (
            "PARLEY_PROT",
            "9000",
            "PARLEY_PROT is not a setting of Parley; did you mean PARLEY_PORT?",
        ),
        ("ASR_DEVICE", "gpu", "ASR_DEVICE must be auto | cpu | cuda, not 'gpu'"),
        ("VAD_THRESHOLD", "2", "VAD_THRESHOLD must be a number from 0 to 1, not '2'"),
        ("PARLEY_TRUSTED_PROXIES", "*", "PARLEY_TRUSTED_PROXIES must be addresses or networks"),
        ("AUTH_MODE", "remote", "AUTH_MODE=remote needs PARLEY_AUTH_REMOTE_URL"),
        ("AUTH_DB_PATH", "/nowhere/tokens.db", "AUTH_DB_PATH: tokens cannot be imported from"),
        ("GATEWAY_INTERNAL_SECRET", "short", "GATEWAY_INTERNAL_SECRET must have at least 32"),
        ("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/x", "the database cannot be used"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, variable: str, value: str, sentence: str) -> None:
    status, said = command(
        "serve", "--port", "0", "--data-dir", str(tmp_path), env={variable: value}
    )
    assert status == 1
    assert sentence in said
    assert "Traceback" not in said


@pytest.mark.inventory("WH-002", "WH-003", "WH-004", "WH-005", "WH-006", "WH-010", "SO-050")
def test_the_development_ports_show_their_service_without_a_token(tmp_path: Path) -> None:
    with serving(tmp_path, "--dev-ports") as running:
        asr = httpx.get("http://127.0.0.1:8001/status")
        session = httpx.get("http://127.0.0.1:7030/status")
        assert "models" in asr.json()
        assert session.json()["service"] == "pipecat"
        for port in (8001, 8002, 8003, 8000, 8765, 7030):
            assert httpx.get(f"http://127.0.0.1:{port}/health").json()["status"] == "healthy"
        assert httpx.get(f"{running.url}/asr/status").status_code == 401
        for path in ("/metrics", "/auth/tokens"):
            assert httpx.get(f"http://127.0.0.1:7030{path}").status_code == 401
        assert running.stop() == 0


def test_an_operator_works_on_the_data_while_parley_runs(tmp_path: Path) -> None:
    env = {"PARLEY_DATA_DIR": str(tmp_path)}
    with serving(tmp_path) as running:
        assert command("orgs", "create", "First Bank", env=env)[0] == 0
        assert command("orgs", "allow", "first-bank", "10.0.5.7:8080", env=env)[0] == 0
        status, said = command("orgs", "allow", "first-bank", "not a host", env=env)
        assert (status, "Traceback" in said) == (1, False)
        old = running.token
        _, said = command("tokens", "renew-admin", env=env)
        new = said.split()[-1]
        with httpx.Client(base_url=running.url) as client:
            answers = [
                client.get("/metrics", headers={"Authorization": f"Bearer {token}"}).status_code
                for token in (old, new)
            ]
        assert answers == [401, 200]
        assert running.stop() == 0
    _, audit = command("orgs", "audit", "first-bank", env=env)
    assert "OutboundRuleAdded" in audit


def test_an_organization_reaches_private_hosts_only_where_it_is_allowed(tmp_path: Path) -> None:
    env = {"PARLEY_DATA_DIR": str(tmp_path), "PARLEY_LOOPBACK_CAN_BE_ALLOWED": "true"}
    with serving(tmp_path, env=env) as running:
        health = f"{running.url}/health"
        status, said = command("orgs", "reach", "default", health, env=env)
        assert (status, "127.0.0.1" in said, "Traceback" in said) == (1, True, False)
        port = running.url.rpartition(":")[2]
        assert command("orgs", "allow", "default", f"127.0.0.1:{port}", env=env)[0] == 0
        status, said = command("orgs", "reach", "default", health, env=env)
        assert (status, said.splitlines()[-1].startswith("200, ")) == (0, True)


def test_parley_goes_on_when_its_database_is_killed(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        postmaster = int((tmp_path / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        headers = {"Authorization": f"Bearer {running.token}"}
        give_up_at = time.monotonic() + 60
        while httpx.get(f"{running.url}/ready").status_code == 503:
            assert httpx.get(f"{running.url}/metrics", headers=headers).status_code in (200, 503)
            assert time.monotonic() < give_up_at
        assert httpx.get(f"{running.url}/metrics", headers=headers).status_code == 200
        assert httpx.get(f"{running.url}/ready").status_code == 200
        assert running.stop() == 0


def test_an_open_socket_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    with serving(tmp_path, env={"PARLEY_DRAIN_S": "50"}) as running:
        address = running.url.replace("http", "ws") + f"/live?token={running.token}"
        with connect(address) as socket:
            assert running.stop() == 0
            with pytest.raises(ConnectionClosed):
                while True:
                    socket.recv(timeout=10)
