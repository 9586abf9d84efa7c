"""HIPAA_MODE as an operator meets it: refused with all that is missing, or kept."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from app import VERSION, wiring
from app.core.clock import utc_now
from app.core.scope import UserScope
from app.core.settings import load
from app.tenancy.domain.principals import Device
from app.tenancy.store.rows import UserRow
from tests.scenarios.operator import command, serving

KEPT = {"HIPAA_MODE": "true", "PARLEY_ENCRYPTED_AT_REST": "true", "PARLEY_SIGNUP": "invited"}

LOGS = """
import logging
from app.cli import context
context.settings_with()
logging.getLogger("app.calls").warning("%s called from %s", "ada@bank.example", "+1 415 555 2671")
logging.getLogger("uvicorn.error").error("mailto:ada@bank.example", extra={"to": "4155552671"})
try:
    raise ValueError("no such patient: ada@bank.example")
except ValueError:
    logging.getLogger("app.calls").exception("failed")
"""


def test_a_start_without_protection_is_refused_with_everything_that_is_missing(
    tmp_path: Path,
) -> None:
    environ = {
        "HIPAA_MODE": "true",
        "DATABASE_URL": "postgresql://parley:hunter2@db.bank.example/parley",
        "REDIS_URL": "redis://:hunter2@redis.bank.example",
        "PARLEY_OTLP_ENDPOINT": "http://traces.bank.example",
        "PARLEY_COOKIES_WITHOUT_TLS": "true",
    }
    status, said = command("serve", "--port", "0", "--data-dir", str(tmp_path), env=environ)
    assert status == 1
    assert "HIPAA_MODE: not started" in said
    for missing in (*environ, "PARLEY_ENCRYPTED_AT_REST=true", "PARLEY_SIGNUP"):
        assert missing in said
    assert "hunter2" not in said
    assert "Traceback" not in said
    assert not (tmp_path / "auth").exists()


@pytest.mark.inventory("WH-358")
def test_what_is_protected_starts_and_lets_no_guest_in(tmp_path: Path) -> None:
    with serving(tmp_path, env=KEPT) as running:
        running.wait_until_ready()
        guest = httpx.post(f"{running.url}/bot/api/auth/guest", json={"device_id": "d" * 20})
        assert guest.status_code in (400, 401, 403)
        assert "access_token" not in guest.cookies
        assert running.stop() == 0
    status, said = command("doctor", env=KEPT | {"PARLEY_DATA_DIR": str(tmp_path)})
    assert status == 0
    assert "on, nothing is missing" in said


def test_the_doctor_says_what_is_missing_before_the_mode_is_tried(tmp_path: Path) -> None:
    environ = {"HIPAA_MODE": "true", "PARLEY_DATA_DIR": str(tmp_path), "PARLEY_DEV_PORTS": "true"}
    status, said = command("doctor", env=environ)
    assert status == 0
    assert "refuses to start" in said
    assert "PARLEY_DEV_PORTS must be off" in said


def test_no_line_of_the_log_tells_of_people() -> None:
    finished = subprocess.run(
        [sys.executable, "-c", LOGS],
        env=os.environ | KEPT,  # noqa: TID251
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert finished.returncode == 0
    assert "called from" in finished.stderr
    assert "failed" in finished.stderr
    for fact in ("ada@", "415", "2671"):
        assert fact not in finished.stderr + finished.stdout


async def test_a_session_ends_after_an_hour_however_often_it_is_refreshed(tmp_path: Path) -> None:
    settings = load(KEPT | {"PARLEY_DATA_DIR": str(tmp_path)})
    async with wiring.foundation(settings, VERSION) as base:
        user_id = uuid4()
        async with base.database.transaction(UserScope(user_id)) as tx:
            tx.session.add(UserRow(id=user_id, email=None, auth_provider="password"))
            await tx.session.flush()
            tokens = await base.sessions.open(tx, Device(), org_id=None)
        hour_from_now = utc_now() + timedelta(hours=1)
        assert tokens.refresh_expires_at <= hour_from_now
        again = await base.sessions.refresh(tokens.refresh, Device())
        assert again.refresh_expires_at <= tokens.refresh_expires_at
        assert again.access_expires_at <= tokens.refresh_expires_at
