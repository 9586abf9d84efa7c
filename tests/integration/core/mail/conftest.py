"""A mail server to write to, and Mail on a real database and queue."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.hazmat.primitives import serialization
from sqlalchemy import delete

from app.core.clock import utc_now
from app.core.crypto import KeyRing
from app.core.db import Database
from app.core.jobs import Jobs
from app.core.mail import KeptLetter, Letter, Mail
from app.core.mail.outbox import EmailRow
from app.core.metrics import Metrics
from app.core.scope import Scope, system_scope
from app.core.setting_fields import Secret
from app.core.settings import Email
from app.core.tracing import Tracing
from tests.authority import Authority
from tests.integration.core.mail.post_office import HOST, PASSWORD, USER, PostOffice

LINK = "https://parley.test/reset?proof=4f1c0ffee"
KEY = b"k" * 32


def a_letter(to: str = "ada@bank.example", *, expires_in: timedelta = timedelta(hours=1)) -> Letter:
    return Letter(
        to=to,
        subject="Set a new password",
        text=f"Hello Ada,\n\n{LINK}\n",
        html=f'<p>Hello Ada,</p><p><a href="{LINK}">Set it</a></p>\n',
        expires_at=utc_now() + expires_in,
    )


def settings_for(office: PostOffice, *, tls: str = "none", login: bool = False) -> Email:
    return Email(
        smtp_host=HOST,
        smtp_port=office.port,
        smtp_tls=tls,  # pyright: ignore[reportArgumentType]
        smtp_user=USER if login else "",
        smtp_password=Secret(PASSWORD if login else ""),
        smtp_from="parley@bank.example",
    )


@dataclass
class Sender:
    """One replica: its Mail, its queue, its numbers."""

    mail: Mail
    jobs: Jobs
    database: Database
    metrics: Metrics

    async def write(self, scope: Scope, letter: Letter) -> UUID:
        """The letter's id in the outbox."""
        before = {kept.id for kept in await self.mail.list()}
        async with self.database.transaction(scope) as tx:
            await self.mail.send(tx, letter)
        (new,) = {kept.id for kept in await self.mail.list()} - before
        return new

    async def until(self, state: str, letter_id: UUID) -> KeptLetter:
        return await self.when(lambda kept: kept.state == state, letter_id)

    async def when(self, is_so: Callable[[KeptLetter], bool], letter_id: UUID) -> KeptLetter:
        async with asyncio.timeout(60):
            while True:
                (kept,) = [each for each in await self.mail.list() if each.id == letter_id]
                if is_so(kept):
                    return kept

    @asynccontextmanager
    async def working(self) -> AsyncGenerator[None]:
        async with asyncio.TaskGroup() as group:
            worker = group.create_task(self.jobs.run_worker(drain_s=1))
            yield
            worker.cancel()


Open = Callable[..., AbstractAsyncContextManager[Sender]]


@pytest.fixture
async def open_sender(database: Database, app_url: str) -> Open:
    async with database.transaction(system_scope("test")) as tx:
        await tx.session.execute(delete(EmailRow))

    @asynccontextmanager
    async def opened(settings: Email | None = None, *, key: bytes = KEY) -> AsyncGenerator[Sender]:
        metrics = Metrics("test")
        jobs = Jobs(app_url, metrics, Tracing(None, "test"))
        await jobs.open()
        mail = Mail(database, jobs, KeyRing([key]), settings or Email(), metrics)
        try:
            yield Sender(mail, jobs, database, metrics)
        finally:
            await jobs.close()

    return opened


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The only one that this machine trusts, as long as the test runs."""
    authority = Authority(tmp_path)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(authority.certificate.public_bytes(serialization.Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    return authority


@pytest.fixture(autouse=True)
def _own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's name is asked of no name server."""
    monkeypatch.setattr(socket, "getfqdn", lambda: "parley.test")
