"""Letters on their way to a real mail server: protected, tried again, given up, sent once."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app.core.clock import utc_now
from app.core.mail import MailServerFailed
from app.core.mail.outbox import EmailRow
from app.core.mail.service import EXPIRED, MOST_TRIES, SEND, UNREADABLE, SendLetter
from app.core.scope import OrgScope, UserScope, system_scope
from app.core.settings import Email
from tests.authority import Authority
from tests.integration.core.mail.conftest import LINK, Open, Sender, a_letter, settings_for
from tests.integration.core.mail.post_office import CUT, USER, open_post_office


async def test_a_letter_arrives_over_tls_and_what_it_said_is_forgotten(
    open_sender: Open, authority: Authority, org_a: OrgScope
) -> None:
    async with open_post_office(starttls=authority.server("127.0.0.1"), with_login=True) as office:
        settings = settings_for(office, tls="starttls", login=True)
        async with open_sender(settings) as sender, sender.working():
            letter_id = await sender.write(org_a, a_letter())
            received = await office.next()
            sent = await sender.until("sent", letter_id)
            assert (sent.attempts, sent.last_error) == (1, None)
            assert (await sender.mail.get(letter_id))[1] is None
            assert b'parley_letters_total{outcome="sent"} 1.0' in sender.metrics.render()
    assert (received.over_tls, received.user) == (True, USER)
    assert (received.sender, received.recipient) == ("parley@bank.example", "ada@bank.example")
    message = received.message
    assert message.get_content_type() == "multipart/alternative"
    assert received.part("plain") == f"Hello Ada,\n\n{LINK}\n"
    assert f'<a href="{LINK}">' in received.part("html")
    assert message["From"] == "Parley <parley@bank.example>"
    assert message["To"] == "ada@bank.example"
    assert message["Subject"] == "Set a new password"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{letter_id}@bank.example>"
    assert abs(message["Date"].datetime - utc_now()) < timedelta(minutes=5)


async def test_a_letter_arrives_over_implicit_tls(open_sender: Open, authority: Authority) -> None:
    async with open_post_office(implicit=authority.server("127.0.0.1"), with_login=True) as office:
        settings = settings_for(office, tls="implicit", login=True)
        async with open_sender(settings) as sender:
            said = await sender.mail.send_test("ada@bank.example")
        received = await office.next()
    assert said == "2.0.0 Taken as 4711"
    assert (received.over_tls, received.user) == (True, USER)


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
@pytest.mark.parametrize("wrong", ["authority", "host"])
async def test_a_certificate_that_proves_nothing_ends_the_conversation(
    open_sender: Open, authority: Authority, tmp_path: Path, tls: str, wrong: str
) -> None:
    others = tmp_path / "others"
    others.mkdir()
    signer = Authority(others) if wrong == "authority" else authority
    certificate = signer.server("127.0.0.1" if wrong == "authority" else "127.0.0.2")
    office_with = {tls: certificate}
    async with open_post_office(**office_with, with_login=True) as office:
        async with open_sender(settings_for(office, tls=tls, login=True)) as sender:
            with pytest.raises(MailServerFailed, match="CERTIFICATE_VERIFY_FAILED"):
                await sender.mail.send_test("ada@bank.example")
        assert office.contents_seen == 0


async def test_a_server_that_offers_no_tls_gets_no_letter(open_sender: Open) -> None:
    async with open_post_office() as office:
        async with open_sender(settings_for(office, tls="starttls")) as sender:
            with pytest.raises(MailServerFailed, match="STARTTLS"):
                await sender.mail.send_test("ada@bank.example")
        assert office.contents_seen == 0


async def test_a_wrong_password_is_told_and_not_shown(
    open_sender: Open, authority: Authority
) -> None:
    async with open_post_office(starttls=authority.server("127.0.0.1"), with_login=True) as office:
        right = settings_for(office, tls="starttls", login=True)
        wrong = Email(
            right.smtp_host, right.smtp_port, USER, "open barley", "starttls", right.smtp_from
        )
        async with open_sender(wrong) as sender:
            with pytest.raises(MailServerFailed, match="535") as refusal:
                await sender.mail.send_test("ada@bank.example")
    assert "barley" not in str(refusal.value)


@pytest.mark.parametrize(
    ("where", "answer"),
    [
        ("to_recipient", "450 4.2.1 Come back later"),
        ("to_content", "451 4.3.0 Disk full"),
        ("to_recipient", CUT),
        ("to_content", CUT),
    ],
)
async def test_a_letter_that_did_not_get_through_is_tried_again(
    open_sender: Open, org_a: OrgScope, where: str, answer: str
) -> None:
    async with open_post_office() as office:
        getattr(office, where).append(answer)
        async with open_sender(settings_for(office)) as sender, sender.working():
            letter_id = await sender.write(org_a, a_letter())
            failed = await sender.when(lambda kept: kept.last_error is not None, letter_id)
            assert failed.state == "queued"
            assert failed.last_error
            assert answer == CUT or answer in failed.last_error
            received = await office.next()
            sent = await sender.until("sent", letter_id)
    assert received.message["Message-ID"] == f"<{letter_id}@bank.example>"
    assert (sent.attempts, sent.last_error) == (2, None)
    assert office.received.empty()


@pytest.mark.parametrize(
    ("where", "answer"),
    [
        ("to_recipient", "550 5.1.1 No such user \x1b[31m\u202e"),
        ("to_content", "554 5.7.1 Not welcome"),
    ],
)
async def test_a_refusal_for_good_ends_the_tries_and_is_kept(
    open_sender: Open, org_a: OrgScope, where: str, answer: str
) -> None:
    async with open_post_office() as office:
        getattr(office, where).append(answer)
        async with open_sender(settings_for(office)) as sender, sender.working():
            refused = await sender.write(org_a, a_letter("nobody@bank.example"))
            failed = await sender.until("failed", refused)
            await sender.until("sent", await sender.write(org_a, a_letter()))
            assert (await sender.mail.get(refused))[0] == failed
    assert failed.attempts == 1
    assert failed.last_error
    assert failed.last_error.startswith(f"The mail server said {answer[:10]}")
    assert failed.last_error.isprintable()
    assert office.received.qsize() == 1


async def test_tries_come_to_an_end(open_sender: Open, org_a: OrgScope) -> None:
    async with open_post_office() as office:
        office.to_recipient.append("450 4.2.1 Come back later")
        async with open_sender(settings_for(office)) as sender:
            letter_id = await sender.write(org_a, a_letter())
            await change(sender, attempts=MOST_TRIES - 1)
            async with sender.working():
                failed = await sender.until("failed", letter_id)
    assert failed.attempts == MOST_TRIES


async def test_addresses_of_all_scripts(open_sender: Open, org_a: OrgScope) -> None:
    async with (
        open_post_office() as office,
        open_sender(settings_for(office)) as sender,
        sender.working(),
    ):
        for address in ("ada@bücher.example", "用户@例え.example"):
            await sender.write(org_a, a_letter(address))
        received = [await office.next(), await office.next()]
    recipients = sorted(letter.recipient for letter in received)
    assert recipients == ["ada@xn--bcher-kva.example", "用户@xn--r8jz45g.example"]
    assert sorted(letter.message["To"] for letter in received) == recipients


async def test_a_server_that_cannot_carry_an_address_is_told_clearly(
    open_sender: Open, org_a: OrgScope
) -> None:
    async with (
        open_post_office(with_utf8=False) as office,
        open_sender(settings_for(office)) as sender,
        sender.working(),
    ):
        letter_id = await sender.write(org_a, a_letter("用户@bank.example"))
        failed = await sender.until("failed", letter_id)
    assert failed.last_error == "The mail server takes no address that is not ASCII (no SMTPUTF8)"


async def test_a_server_that_is_away_is_tried_again(open_sender: Open, org_a: OrgScope) -> None:
    async with open_post_office() as office:
        settings = settings_for(office)
    async with open_sender(settings) as sender, sender.working():
        letter_id = await sender.write(org_a, a_letter())
        kept = await sender.when(lambda kept: kept.last_error is not None, letter_id)
    assert (kept.state, kept.attempts) == ("queued", 1)


async def test_letters_are_written_in_every_scope(open_sender: Open, org_a: OrgScope) -> None:
    async with (
        open_post_office() as office,
        open_sender(settings_for(office)) as sender,
        sender.working(),
    ):
        for scope in (org_a, UserScope(org_a.org_id), system_scope("test")):
            await sender.until("sent", await sender.write(scope, a_letter()))
    assert office.received.qsize() == 3


async def test_a_letter_of_a_transaction_that_failed_was_never_written(
    open_sender: Open, org_a: OrgScope
) -> None:
    async with open_post_office() as office, open_sender(settings_for(office)) as sender:
        with pytest.raises(ZeroDivisionError):
            async with sender.database.transaction(org_a) as tx:
                await sender.mail.send(tx, a_letter("lost@bank.example"))
                raise ZeroDivisionError
        async with sender.working():
            await sender.until("sent", await sender.write(org_a, a_letter("kept@bank.example")))
        assert (await office.next()).recipient == "kept@bank.example"
        assert office.received.empty()


async def test_two_workers_send_each_letter_once(open_sender: Open, org_a: OrgScope) -> None:
    addresses = {f"user-{number}@bank.example" for number in range(40)}
    async with open_post_office() as office:
        settings = settings_for(office)
        async with open_sender(settings) as first, open_sender(settings) as second:
            async with first.database.transaction(org_a) as tx:
                for address in addresses:
                    await first.mail.send(tx, a_letter(address))
            async with first.working(), second.working():
                received = [await office.next() for _ in addresses]
                for kept in await first.mail.list():
                    await first.until("sent", kept.id)
    assert {letter.recipient for letter in received} == addresses
    assert office.received.empty()


async def test_a_job_that_runs_again_sends_nothing_again(
    open_sender: Open, org_a: OrgScope
) -> None:
    async with open_post_office() as office:
        async with open_sender(settings_for(office)) as sender, sender.working():
            letter_id = await sender.write(org_a, a_letter())
            await sender.until("sent", letter_id)
            async with sender.database.transaction(org_a) as tx:
                await sender.jobs.enqueue(tx, SEND, SendLetter(letter_id))
            await sender.until("sent", await sender.write(org_a, a_letter("last@bank.example")))
        assert [(await office.next()).recipient for _ in range(2)] == [
            "ada@bank.example",
            "last@bank.example",
        ]
        assert office.received.empty()


async def test_an_expired_letter_is_not_sent(open_sender: Open, org_a: OrgScope) -> None:
    async with open_post_office() as office, open_sender(settings_for(office)) as sender:
        letter_id = await sender.write(org_a, a_letter())
        await change(sender, expires_at=utc_now())
        async with sender.working():
            assert (await sender.until("failed", letter_id)).last_error == EXPIRED
        assert office.contents_seen == 0


async def test_a_letter_that_no_key_reads_is_given_up(open_sender: Open, org_a: OrgScope) -> None:
    async with open_post_office() as office:
        settings = settings_for(office)
        async with open_sender(settings) as sender:
            letter_id = await sender.write(org_a, a_letter())
        async with open_sender(settings, key=b"n" * 32) as later, later.working():
            assert (await later.until("failed", letter_id)).last_error == UNREADABLE


async def test_sending_is_refused_inside_a_transaction(open_sender: Open, org_a: OrgScope) -> None:
    async with (
        open_post_office() as office,
        open_sender(settings_for(office)) as sender,
        sender.database.transaction(org_a),
    ):
        with pytest.raises(RuntimeError, match="slow work"):
            await sender.mail.send_test("ada@bank.example")


async def test_what_waited_is_sent_once_when_a_server_is_configured(
    open_sender: Open, org_a: OrgScope
) -> None:
    async with open_sender() as without:
        letter_id = await without.write(org_a, a_letter())
        late = await without.write(
            org_a, a_letter("late@bank.example", expires_in=timedelta(seconds=-1))
        )
        await without.mail.send_waiting()
        assert (await without.mail.get(letter_id))[0].state == "waiting"
    async with open_post_office() as office:
        settings = settings_for(office)
        async with open_sender(settings) as first, open_sender(settings) as second:
            await asyncio.gather(first.mail.send_waiting(), second.mail.send_waiting())
            async with first.working(), second.working():
                await first.until("sent", letter_id)
            await first.mail.send_waiting()
            assert (await first.mail.get(late))[0].state == "expired"
        assert (await office.next()).recipient == "ada@bank.example"
        assert office.received.empty()


async def test_a_letter_waits_again_where_the_server_is_taken_away(
    open_sender: Open, org_a: OrgScope
) -> None:
    async with open_post_office() as office, open_sender(settings_for(office)) as sender:
        letter_id = await sender.write(org_a, a_letter())
    async with open_sender() as without, without.working():
        await without.until("waiting", letter_id)
    async with open_post_office() as office, open_sender(settings_for(office)) as again:
        await again.mail.send_waiting()
        async with again.working():
            await again.until("sent", letter_id)


async def change(sender: Sender, **values: object) -> None:
    async with sender.database.transaction(system_scope("test")) as tx:
        await tx.session.execute(update(EmailRow).values(**values))
