"""`parley mail` as an operator meets it."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from app import VERSION, wiring
from app.core import settings
from app.core.clock import utc_now
from app.core.mail import Letter
from app.core.scope import OrgScope
from tests.integration.core.mail.post_office import HOST, open_post_office
from tests.scenarios.operator import command

LINK = "https://parley.test/reset?proof=4f1c0ffee"


async def _write(environ: dict[str, str]) -> None:
    letter = Letter(
        to="ada@bank.local",
        subject="Set a new password",
        text=f"{LINK}\n",
        html=f"<p>{LINK}</p>\n",
        expires_at=utc_now() + timedelta(hours=1),
    )
    async with (
        wiring.foundation(settings.load(environ), VERSION) as base,
        base.database.transaction(OrgScope(uuid4(), actor="test")) as tx,
    ):
        await base.mail.send(tx, letter)


async def test_the_operator_reads_what_waits_for_a_mail_server(tmp_path: Path) -> None:
    environ = {"PARLEY_DATA_DIR": str(tmp_path)}
    await _write(environ)
    _, listed = await asyncio.to_thread(command, "mail", "list", env=environ)
    (line,) = [line for line in listed.splitlines() if "ada@bank.local" in line]
    assert "waiting" in line
    assert "Set a new password" in line
    status, shown = await asyncio.to_thread(command, "mail", "show", line.split()[0], env=environ)
    assert status == 0
    assert LINK in shown
    status, said = await asyncio.to_thread(command, "mail", "show", str(uuid4()), env=environ)
    assert (status, "there is no letter" in said) == (1, True)


async def test_the_operator_tries_the_mail_server(tmp_path: Path) -> None:
    environ = {"PARLEY_DATA_DIR": str(tmp_path)}
    status, said = await asyncio.to_thread(command, "mail", "test", "ada@bank.local", env=environ)
    assert (status, "set PARLEY_SMTP_HOST" in said) == (1, True)
    async with open_post_office() as office:
        environ |= {
            "PARLEY_SMTP_HOST": HOST,
            "PARLEY_SMTP_PORT": str(office.port),
            "PARLEY_SMTP_TLS": "none",
            "PARLEY_SMTP_FROM": "parley@bank.local",
        }
        office.to_recipient.append("550 5.1.1 No such user")
        status, said = await asyncio.to_thread(
            command, "mail", "test", "nobody@bank.local", env=environ
        )
        assert (status, "550 5.1.1 No such user" in said) == (1, True)
        status, said = await asyncio.to_thread(
            command, "mail", "test", "ada@bank.local", env=environ
        )
        assert (status, "Taken as 4711" in said) == (0, True)
        assert (await office.next()).recipient == "ada@bank.local"
