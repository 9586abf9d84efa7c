"""A letter: what may stand in it, and the message it becomes.

Whatever people may have chosen is checked here, so that nothing in it can become a header.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from app.core.errors import InvalidInput

ADDRESS_MAX = 254
SUBJECT_MAX = 255

# The validator refuses domains that are not public, such as bank.local: below this none is.
_SUFFIX = ".example"
# Older releases of Python decode `=?...?=` in a header that is set, line breaks included.
_ENCODED_WORD = "=?"
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class AddressInvalid(InvalidInput):
    code = "address_invalid"


class LetterInvalid(InvalidInput):
    code = "letter_invalid"


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where a letter goes to or comes from. The domain of `address` is in ASCII."""

    address: str
    name: str = ""

    @classmethod
    def parse(cls, address: str, *, name: str = "") -> "Mailbox":
        """Of any script, and of a private network too."""
        if len(address) > ADDRESS_MAX:
            raise AddressInvalid(f"email is longer than {ADDRESS_MAX} characters", field="email")
        try:
            found = validate_email(address + _SUFFIX, check_deliverability=False)
        except EmailNotValidError:
            raise AddressInvalid("email must be an e-mail address", field="email") from None
        if _ENCODED_WORD in address or _ENCODED_WORD in name or not name.isprintable():
            raise AddressInvalid(f"email cannot contain {_ENCODED_WORD}", field="email")
        return cls(f"{found.local_part}@{found.ascii_domain.removesuffix(_SUFFIX)}", name)

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    @property
    def is_ascii(self) -> bool:
        return self.address.isascii()

    def as_header(self) -> Address:
        username, _, domain = self.address.rpartition("@")
        return Address(self.name, username, domain)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that can be sent. After `expires_at` nobody needs it: it is not sent any more."""

    to: str
    subject: str
    text: str
    html: str
    expires_at: datetime

    def __post_init__(self) -> None:
        Mailbox.parse(self.to)
        if not 1 <= len(self.subject.strip()) <= SUBJECT_MAX or not self.subject.isprintable():
            raise LetterInvalid(
                f"subject must have 1 to {SUBJECT_MAX} printable characters", field="subject"
            )
        if _ENCODED_WORD in self.subject:
            raise LetterInvalid(f"subject cannot contain {_ENCODED_WORD}", field="subject")
        for field, content in (("text", self.text), ("html", self.html)):
            if _UNPRINTABLE.search(content):
                raise LetterInvalid(f"{field} cannot contain control characters", field=field)


def compose(letter: Letter, sender: Mailbox, *, letter_id: UUID, at: datetime) -> EmailMessage:
    """The same id gives the same Message-ID: whoever gets a letter twice can tell."""
    to = Mailbox.parse(letter.to)
    message = EmailMessage(policy=SMTP if to.is_ascii and sender.is_ascii else SMTPUTF8)
    message["From"] = sender.as_header()
    message["To"] = to.as_header()
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = at
    message["Message-ID"] = f"<{letter_id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return message
