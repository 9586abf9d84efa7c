"""E-mail: what may be written, the outbox it is kept in, and the way out over SMTP.

Knows no letter of the product: who wants one sent writes it.
"""

from app.core.mail.letter import AddressInvalid, Letter, LetterInvalid, Mailbox
from app.core.mail.service import KeptLetter, LetterNotFound, Mail
from app.core.mail.smtp import LetterRefused, MailNotConfigured, MailServerFailed

__all__ = [
    "AddressInvalid",
    "KeptLetter",
    "Letter",
    "LetterInvalid",
    "LetterNotFound",
    "LetterRefused",
    "Mail",
    "MailNotConfigured",
    "MailServerFailed",
    "Mailbox",
]
