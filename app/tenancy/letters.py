"""What Parley writes to people about their accounts: the words, in text and in HTML, and the links.

Nothing in these letters comes from whoever caused them: they cannot carry somebody else's words.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from urllib.parse import urlencode

from app.core.clock import utc_now
from app.core.db import Tx
from app.core.mail import Letter, Mail

NEWS_KEPT = timedelta(days=7)
"""A letter that asks nothing is worth sending for so long."""

VERIFY = """
    Somebody signed up to Parley with this e-mail address. If it was you, confirm that the address
    is yours:

    The link works once and until {until}. If it was not you, do nothing.
"""
RESET = """
    Somebody asked for a new password for your Parley account. If it was you, choose one here:

    The link works once and until {until}. A new password signs you out everywhere.

    If it was not you, do nothing: your password stays as it is.
"""
SIGN_UP = """
    Somebody tried to sign up to Parley with this e-mail address, which has an account already. If
    it was you, sign in; if you do not know the password, choose a new one here:

    If it was not you, do nothing: whoever it was did not learn that you have an account.
"""
CHANGED = """
    The password of your Parley account was changed. If it was not you, choose another at once and
    tell your administrator:

    Your other sessions were ended.
"""


@dataclass(frozen=True, slots=True)
class Words:
    """The link follows the first paragraph."""

    subject: str
    link: str
    paragraphs: tuple[str, ...]

    def letter(self, to: str, expires_at: datetime) -> Letter:
        first, *others = self.paragraphs
        text = "\n\n".join((first, self.link, *others, "Parley"))
        anchor = f'<a href="{escape(self.link)}">{escape(self.link)}</a>'
        html = "\n".join(
            f"<p>{part}</p>" for part in (escape(first), anchor, *map(escape, others), "Parley")
        )
        return Letter(to, self.subject, f"{text}\n", f"{html}\n", expires_at)


class Letters:
    """`frontends` are the origins of the front end; links lead to the first."""

    def __init__(self, mail: Mail, frontends: str) -> None:
        self._mail = mail
        self._origin = frontends.split(",")[0].strip().rstrip("/")

    @property
    def are_delivered(self) -> bool:
        """Without a mail server the operator can read them."""
        return self._mail.is_delivering

    async def ask_to_verify(self, tx: Tx, to: str, token: str, expires_at: datetime) -> None:
        body = _paragraphs(VERIFY, until=shown(expires_at))
        words = Words("Confirm your e-mail address", self.page("verify-email", token=token), body)
        await self.send(tx, to, words, expires_at)

    async def offer_reset(self, tx: Tx, to: str, token: str, expires_at: datetime) -> None:
        body = _paragraphs(RESET, until=shown(expires_at))
        words = Words("Choose a new password", self.page("reset-password", token=token), body)
        await self.send(tx, to, words, expires_at)

    async def tell_of_sign_up(self, tx: Tx, to: str) -> None:
        link = self.page("forgot-password")
        words = Words("You have an account already", link, _paragraphs(SIGN_UP))
        await self.send(tx, to, words, utc_now() + NEWS_KEPT)

    async def tell_of_new_password(self, tx: Tx, to: str) -> None:
        link = self.page("forgot-password")
        words = Words("Your password was changed", link, _paragraphs(CHANGED))
        await self.send(tx, to, words, utc_now() + NEWS_KEPT)

    async def send(self, tx: Tx, to: str, words: Words, expires_at: datetime) -> None:
        await self._mail.send(tx, words.letter(to, expires_at))

    def page(self, name: str, **query: str) -> str:
        """Of the front end."""
        return f"{self._origin}/{name}" + (f"?{urlencode(query)}" if query else "")


def shown(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _paragraphs(text: str, **facts: str) -> tuple[str, ...]:
    parts = text.format(**facts).strip().split("\n\n")
    return tuple(" ".join(part.split()) for part in parts)
