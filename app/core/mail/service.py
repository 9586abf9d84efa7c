"""The door of e-mail: letters are kept with the change that needs them and sent by a job.

A letter is sent once, unless the process dies between the server's answer and the note of it:
then it is sent again under the same Message-ID.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

import msgspec

from app.core.clock import utc_now
from app.core.crypto import DecryptionFailed, KeyRing, context_of
from app.core.db import Database, Tx, forbid_in_transaction
from app.core.errors import NotFound
from app.core.jobs import JobFinal, JobKind, Jobs
from app.core.mail import outbox
from app.core.mail.letter import Letter, Mailbox, compose
from app.core.mail.outbox import EmailRow
from app.core.mail.smtp import LetterRefused, MailNotConfigured, MailServer, MailServerFailed
from app.core.metrics import Metrics
from app.core.scope import Scope, system_scope
from app.core.settings import Email

# `waiting` is for a mail server to be configured; `queued` also between two tries.
State = Literal["waiting", "queued", "sent", "failed", "expired"]

MOST_TRIES = 30
EXPIRED = "it expired before it could be sent"
UNREADABLE = "no master key decrypts it"


class SendLetter(msgspec.Struct, frozen=True):
    email_id: UUID


class PurgeLetters(msgspec.Struct, frozen=True):
    pass


# The row counts the tries, some 18 hours of them; the queue must not give up before it.
SEND = JobKind("mail.send", SendLetter, max_attempts=2 * MOST_TRIES)
PURGE = JobKind("mail.purge", PurgeLetters, cron="53 3 * * *")


class LetterNotFound(NotFound):
    code = "letter_not_found"


class Body(msgspec.Struct, frozen=True):
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A letter in the outbox, as the operator sees it."""

    id: UUID
    recipient: str
    subject: str
    created_at: datetime
    expires_at: datetime
    attempts: int
    last_error: str | None
    state: State


class Mail:
    def __init__(
        self, database: Database, jobs: Jobs, keys: KeyRing, settings: Email, metrics: Metrics
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._keys = keys
        self._server = MailServer(settings) if settings.smtp_host else None
        self._letters = metrics.letters
        jobs.register(SEND, self._try)
        jobs.register(PURGE, self._purge)

    @property
    def is_delivering(self) -> bool:
        """Whether there is a mail server; without one letters wait in the outbox."""
        return self._server is not None

    async def send(self, tx: Tx, letter: Letter) -> None:
        """Sent soon after `tx` commits, or kept where there is no mail server."""
        now = utc_now()
        email_id = uuid4()
        row = EmailRow(
            id=email_id,
            recipient=letter.to,
            subject=letter.subject,
            body=self._sealed(email_id, Body(letter.text, letter.html)),
            created_at=now,
            expires_at=letter.expires_at,
            queued_at=now if self.is_delivering else None,
        )
        await outbox.add(tx, row)
        if self.is_delivering:
            await self._jobs.enqueue(tx, SEND, SendLetter(email_id))
        else:
            tx.after_commit(self._letters.labels("waiting").inc)

    async def send_waiting(self) -> None:
        """For each start: what was written while there was no mail server, unless it expired."""
        if not self.is_delivering:
            return
        async with self._database.transaction(system_scope("waiting e-mail")) as tx:
            for email_id in await outbox.queue_waiting(tx, utc_now()):
                await self._jobs.enqueue(tx, SEND, SendLetter(email_id))

    async def send_test(self, address: str) -> str:
        """Sends a letter at once and tells what the server said."""
        forbid_in_transaction()
        letter = Letter(
            to=address,
            subject="A test of Parley's e-mail",
            text="Parley can send e-mail to this address.\n",
            html="<p>Parley can send e-mail to this address.</p>\n",
            expires_at=utc_now() + timedelta(hours=1),
        )
        return await self._deliver(letter, letter_id=uuid4(), at=utc_now())

    async def list(self, *, limit: int = 100) -> list[KeptLetter]:
        """The newest first."""
        async with self._database.transaction(system_scope("list e-mail")) as tx:
            return [_kept(row) for row in await outbox.newest(tx, limit)]

    async def get(self, email_id: UUID) -> tuple[KeptLetter, Body | None]:
        """A letter that was sent or has expired has no body any more."""
        async with self._database.transaction(system_scope("read e-mail")) as tx:
            row = await outbox.find(tx, email_id)
        if row is None:
            raise LetterNotFound(f"there is no letter {email_id}")
        return _kept(row), self._opened(row)

    async def _try(self, _: Scope, job: SendLetter) -> None:
        row = await self._begin(job.email_id)
        if row is None:
            return
        try:
            await self._deliver(self._letter(row), letter_id=row.id, at=row.created_at)
        except (LetterRefused, DecryptionFailed) as refusal:
            is_lost = isinstance(refusal, DecryptionFailed)
            await self._end(row.id, error=UNREADABLE if is_lost else refusal.message)
            raise JobFinal(refusal.message) from refusal
        except MailServerFailed as failure:
            if row.attempts >= MOST_TRIES:
                await self._end(row.id, error=failure.message)
                raise JobFinal(failure.message) from failure
            await self._note(row.id, error=failure.message)
            raise
        await self._end(row.id, error=None)

    async def _begin(self, email_id: UUID) -> EmailRow | None:
        """The letter, where another try makes sense."""
        async with self._database.transaction(system_scope("send e-mail")) as tx:
            row = await outbox.find(tx, email_id)
            if row is None or row.sent_at or row.failed_at:
                return None
            if row.expires_at <= utc_now():
                self._close(tx, row, error=EXPIRED)
                return None
            if not self.is_delivering:
                row.queued_at = None
                return None
            row.attempts += 1
            return row

    async def _end(self, email_id: UUID, *, error: str | None) -> None:
        async with self._database.transaction(system_scope("send e-mail")) as tx:
            if row := await outbox.find(tx, email_id):
                self._close(tx, row, error=error)

    async def _note(self, email_id: UUID, *, error: str) -> None:
        async with self._database.transaction(system_scope("send e-mail")) as tx:
            if row := await outbox.find(tx, email_id):
                row.last_error = error

    def _close(self, tx: Tx, row: EmailRow, *, error: str | None) -> None:
        row.last_error = error
        if error:
            row.failed_at = utc_now()
        else:
            row.sent_at = utc_now()
            row.body = None
        tx.after_commit(self._letters.labels("failed" if error else "sent").inc)

    async def _purge(self, scope: Scope, _: PurgeLetters) -> None:
        async with self._database.transaction(scope) as tx:
            await outbox.purge(tx, utc_now())

    async def _deliver(self, letter: Letter, *, letter_id: UUID, at: datetime) -> str:
        if self._server is None:
            raise MailNotConfigured(
                "No mail server is configured: set PARLEY_SMTP_HOST and PARLEY_SMTP_FROM"
            )
        message = compose(letter, self._server.sender, letter_id=letter_id, at=at)
        return await self._server.deliver(message, Mailbox.parse(letter.to))

    def _letter(self, row: EmailRow) -> Letter:
        body = self._opened(row)
        assert body is not None, "a letter that is not sent yet has a body"
        return Letter(row.recipient, row.subject, body.text, body.html, row.expires_at)

    def _sealed(self, email_id: UUID, body: Body) -> bytes:
        return self._keys.encrypt(msgspec.json.encode(body), context=_context(email_id))

    def _opened(self, row: EmailRow) -> Body | None:
        if row.body is None:
            return None
        plain = self._keys.decrypt(row.body, context=_context(row.id))
        return msgspec.json.decode(plain, type=Body)


def _kept(row: EmailRow) -> KeptLetter:
    return KeptLetter(
        id=row.id,
        recipient=row.recipient,
        subject=row.subject,
        created_at=row.created_at,
        expires_at=row.expires_at,
        attempts=row.attempts,
        last_error=row.last_error,
        state=_state(row),
    )


def _state(row: EmailRow) -> State:
    if row.sent_at:
        return "sent"
    if row.failed_at:
        return "failed"
    if row.queued_at:
        return "queued"
    return "expired" if row.expires_at <= utc_now() else "waiting"


def _context(email_id: UUID) -> bytes:
    return context_of("emails", "body", str(email_id))
