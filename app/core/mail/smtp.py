"""One mail server: how it is reached, and what its answers mean. Keeps nothing."""

import asyncio
from contextlib import suppress
from email.message import EmailMessage
from ipaddress import ip_address

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from app.core.errors import Unavailable, UpstreamFailed
from app.core.mail.letter import AddressInvalid, Mailbox
from app.core.setting_fields import SettingInvalid
from app.core.settings import Email

_ANSWER_TIMEOUT_S = 30.0
_QUIT_TIMEOUT_S = 5.0
_DEADLINE_S = 120.0
_LONGEST_ANSWER = 500
_FIRST_PERMANENT = 500


class MailNotConfigured(Unavailable):
    code = "mail_not_configured"


class MailServerFailed(UpstreamFailed):
    """The letter did not get through this time."""

    code = "mail_server_failed"


class LetterRefused(UpstreamFailed):
    """The server will never take this letter for this recipient."""

    code = "letter_refused"


class MailServer:
    def __init__(self, settings: Email) -> None:
        _refuse_unsafe(settings)
        self.sender = _sender(settings)
        self._settings = settings

    async def deliver(self, message: EmailMessage, to: Mailbox) -> str:
        """What the server said as it took the letter."""
        client = self._client()
        try:
            async with asyncio.timeout(_DEADLINE_S):
                await client.connect()
                _, answer = await client.send_message(
                    message, sender=self.sender.address, recipients=[to.address]
                )
            with suppress(SMTPException):
                await client.quit(timeout=_QUIT_TIMEOUT_S)
        except (SMTPException, OSError, ValueError) as error:
            raise _meaning(error) from error
        finally:
            client.close()
        return _one_line(answer)

    def _client(self) -> SMTP:
        """Where TLS is asked for there is no letter without it, nor with an unknown certificate."""
        settings = self._settings
        return SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_user or None,
            password=settings.smtp_password or None,
            use_tls=settings.smtp_tls == "implicit",
            start_tls=settings.smtp_tls == "starttls",
            timeout=_ANSWER_TIMEOUT_S,
        )


def _refuse_unsafe(settings: Email) -> None:
    if bool(settings.smtp_user) != bool(settings.smtp_password):
        raise SettingInvalid(
            "PARLEY_SMTP_USER and PARLEY_SMTP_PASSWORD belong together: one of them is missing",
            setting="PARLEY_SMTP_USER",
        )
    if settings.smtp_tls != "none":
        return
    if settings.smtp_password:
        raise SettingInvalid(
            "PARLEY_SMTP_TLS is none: PARLEY_SMTP_PASSWORD would be sent for everybody to read",
            setting="PARLEY_SMTP_TLS",
        )
    if not _is_loopback(settings.smtp_host):
        raise SettingInvalid(
            "PARLEY_SMTP_TLS can be none only where PARLEY_SMTP_HOST is this machine: "
            "letters carry links that must stay secret",
            setting="PARLEY_SMTP_TLS",
        )


def _sender(settings: Email) -> Mailbox:
    try:
        return Mailbox.parse(settings.smtp_from, name=settings.smtp_from_name)
    except AddressInvalid:
        raise SettingInvalid(
            "PARLEY_SMTP_FROM must be an address such as parley@bank.example, and "
            "PARLEY_SMTP_FROM_NAME printable",
            setting="PARLEY_SMTP_FROM",
        ) from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _meaning(error: Exception) -> LetterRefused | MailServerFailed:
    if isinstance(error, SMTPRecipientsRefused):
        return _refusal(error.recipients[0])
    if isinstance(error, SMTPDataError):
        return _refusal(error)
    if isinstance(error, SMTPNotSupported):
        return LetterRefused("The mail server takes no address that is not ASCII (no SMTPUTF8)")
    if isinstance(error, SMTPResponseException):
        return MailServerFailed(_said(error))
    if isinstance(error, TimeoutError):
        return MailServerFailed("The mail server did not answer in time")
    return MailServerFailed(f"The mail server cannot be used: {_one_line(str(error))}")


def _refusal(error: SMTPResponseException) -> LetterRefused | MailServerFailed:
    kind = LetterRefused if error.code >= _FIRST_PERMANENT else MailServerFailed
    return kind(_said(error))


def _said(error: SMTPResponseException) -> str:
    return f"The mail server said {error.code} {_one_line(error.message)}"


def _one_line(answer: str) -> str:
    """Printable, as the database and a terminal need it."""
    printable = "".join(each if each.isprintable() else " " for each in answer)
    return " ".join(printable.split())[:_LONGEST_ANSWER]
