"""Letters at rest: readable for the operator, sealed for everybody else, and not for ever."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import delete, select, update

from app.core.clock import utc_now
from app.core.db import Database
from app.core.mail import AddressInvalid, LetterNotFound, MailNotConfigured
from app.core.mail.outbox import EmailRow
from app.core.mail.service import PURGE, PurgeLetters
from app.core.scope import OrgScope, Scope, UserScope, system_scope
from tests.integration.core.mail.conftest import LINK, Open, Sender, a_letter, settings_for
from tests.integration.core.mail.post_office import open_post_office

MINE = UUID(int=1)


async def test_without_a_mail_server_a_letter_is_kept_and_that_is_said(
    open_sender: Open, org_a: OrgScope
) -> None:
    async with open_sender() as sender:
        assert not sender.mail.is_delivering
        letter_id = await sender.write(org_a, a_letter())
        (kept,) = await sender.mail.list()
        assert (kept.id, kept.recipient, kept.subject, kept.state, kept.attempts) == (
            letter_id,
            "ada@bank.example",
            "Set a new password",
            "waiting",
            0,
        )
        _, body = await sender.mail.get(letter_id)
        assert body
        assert LINK in body.text
        assert LINK in body.html
        assert b'parley_letters_total{outcome="waiting"} 1.0' in sender.metrics.render()
        with pytest.raises(MailNotConfigured, match="PARLEY_SMTP_HOST"):
            await sender.mail.send_test("ada@bank.example")


async def test_with_a_mail_server_it_is_said_too(open_sender: Open) -> None:
    async with open_post_office() as office, open_sender(settings_for(office)) as sender:
        assert sender.mail.is_delivering


async def test_a_letter_that_is_not_there_is_not_found(open_sender: Open) -> None:
    async with open_sender() as sender:
        with pytest.raises(LetterNotFound):
            await sender.mail.get(uuid4())


@pytest.mark.parametrize("scope", [OrgScope(MINE, "ada"), UserScope(MINE)], ids=["org", "user"])
async def test_nobody_but_the_system_reads_or_changes_a_letter(
    open_sender: Open, database: Database, scope: Scope
) -> None:
    async with open_sender() as sender:
        await sender.write(scope, a_letter())
        async with database.transaction(scope) as tx:
            assert (await tx.session.scalars(select(EmailRow))).all() == []
            changed = await tx.session.execute(
                update(EmailRow).values(recipient="eve@evil.example")
            )
            gone = await tx.session.execute(delete(EmailRow))
            assert (changed.rowcount, gone.rowcount) == (0, 0)
        assert [kept.recipient for kept in await sender.mail.list()] == ["ada@bank.example"]


async def test_raw_sql_of_the_application_and_of_the_owner_sees_no_letter(
    open_sender: Open, org_a: OrgScope, app_url: str, owner_url: str
) -> None:
    async with open_sender() as sender:
        await sender.write(org_a, a_letter())
    for url in (app_url, owner_url):
        async with await psycopg.AsyncConnection.connect(url) as connection:
            await connection.execute(
                "SELECT set_config('app.org_id', %s, true)", [str(org_a.org_id)]
            )
            count = await connection.execute("SELECT count(*) FROM emails")
            assert await count.fetchone() == (0,)


async def test_what_a_letter_says_is_sealed_and_not_in_the_queue(
    open_sender: Open, org_a: OrgScope, app_url: str
) -> None:
    async with open_post_office() as office, open_sender(settings_for(office)) as sender:
        letter_id = await sender.write(org_a, a_letter())
    async with await psycopg.AsyncConnection.connect(app_url) as connection:
        await connection.execute("SELECT set_config('app.system', 'on', true)")
        found = await connection.execute("SELECT body FROM emails WHERE id = %s", [letter_id])
        row = await found.fetchone()
        assert row is not None
        assert b"4f1c0ffee" not in row[0]
        jobs = await connection.execute(
            "SELECT args->'payload' FROM procrastinate_jobs WHERE args::text LIKE %s",
            [f"%{letter_id}%"],
        )
        assert await jobs.fetchone() == ({"email_id": str(letter_id)},)


async def test_a_body_cannot_be_moved_to_another_letter(
    open_sender: Open, database: Database, org_a: OrgScope
) -> None:
    async with open_sender() as sender:
        victim = await sender.write(org_a, a_letter())
        other = await sender.write(org_a, a_letter("eve@evil.example"))
        async with database.transaction(system_scope("test")) as tx:
            body = await tx.session.scalar(select(EmailRow.body).where(EmailRow.id == victim))
            await tx.session.execute(update(EmailRow).where(EmailRow.id == other).values(body=body))
        with pytest.raises(Exception, match="cannot be decrypted"):
            await sender.mail.get(other)


async def test_old_letters_are_forgotten(open_sender: Open, org_a: OrgScope) -> None:
    now = utc_now()
    async with open_post_office() as office, open_sender(settings_for(office)) as sender:
        fresh = await written(sender, org_a)
        expired = await written(sender, org_a, expires_at=now)
        await written(sender, org_a, sent_at=now - timedelta(days=31))
        await written(sender, org_a, created_at=now - timedelta(days=91))
        sent = await written(sender, org_a, sent_at=now - timedelta(days=29))
        unsent = await written(sender, org_a, created_at=now - timedelta(days=89))
        async with sender.database.transaction(system_scope("test")) as tx:
            await sender.jobs.enqueue(tx, PURGE, PurgeLetters())
        async with sender.working(), asyncio.timeout(60):
            while len(await sender.mail.list()) > 4:
                pass
        bodies = {kept.id: (await sender.mail.get(kept.id))[1] for kept in await sender.mail.list()}
    assert bodies.keys() == {fresh, expired, sent, unsent}
    assert bodies[expired] is None


async def test_a_letter_to_no_address_is_refused_and_nothing_is_kept(
    open_sender: Open, org_a: OrgScope
) -> None:
    async with open_sender() as sender:
        with pytest.raises(AddressInvalid) as refusal:
            await sender.write(org_a, a_letter("ada@bank.example\r\nBcc: eve@evil.example"))
        assert refusal.value.status == 400
        assert await sender.mail.list() == []


async def written(sender: Sender, scope: Scope, **values: object) -> UUID:
    letter_id = await sender.write(scope, a_letter())
    if values:
        async with sender.database.transaction(system_scope("test")) as tx:
            await tx.session.execute(
                update(EmailRow).where(EmailRow.id == letter_id).values(**values)
            )
    return letter_id
