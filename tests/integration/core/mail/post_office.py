"""A real SMTP server on a port of its own, which does as each test tells it."""

import asyncio
import email
import email.policy
import ssl
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

HOST = "127.0.0.1"
USER, PASSWORD = "parley", "open sesame"
CUT = "cut"


@dataclass
class Received:
    sender: str
    recipient: str
    content: bytes
    over_tls: bool
    user: str | None

    @property
    def message(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def part(self, subtype: str) -> str:
        body = self.message.get_body((subtype,))
        assert isinstance(body, EmailMessage)
        return body.get_content().replace("\r\n", "\n")


@dataclass
class PostOffice:
    """`to_recipient` and `to_content` are what it says next, where that is not 250."""

    port: int = 0
    to_recipient: deque[str] = field(default_factory=deque)
    to_content: deque[str] = field(default_factory=deque)
    received: "asyncio.Queue[Received]" = field(default_factory=asyncio.Queue)
    contents_seen: int = 0

    async def next(self) -> Received:
        async with asyncio.timeout(30):
            return await self.received.get()

    async def handle_RCPT(  # noqa: N802
        self, server: Any, _: Session, envelope: Envelope, address: str, __: list[str]
    ) -> str:
        answer = self.to_recipient.popleft() if self.to_recipient else "250 OK"
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        if answer == CUT:
            server.transport.abort()
        return answer

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.contents_seen += 1
        answer = self.to_content.popleft() if self.to_content else "250 2.0.0 Taken as 4711"
        if answer == CUT:
            server.transport.abort()
            return answer
        if answer.startswith("2"):
            over_tls = server.transport.get_extra_info("sslcontext") is not None
            self.received.put_nowait(_received(session, envelope, over_tls=over_tls))
        return answer


def _received(session: Session, envelope: Envelope, *, over_tls: bool) -> Received:
    assert isinstance(envelope.content, bytes)
    assert envelope.mail_from is not None
    login = session.auth_data
    return Received(
        sender=envelope.mail_from,
        recipient=envelope.rcpt_tos[0],
        content=envelope.content,
        over_tls=over_tls,
        user=login.login.decode() if isinstance(login, LoginPassword) else None,
    )


def _check(_: Any, __: Any, ___: Any, ____: Any, login: LoginPassword) -> AuthResult:
    known = (login.login, login.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=known, handled=False, auth_data=login)


@asynccontextmanager
async def open_post_office(
    starttls: ssl.SSLContext | None = None,
    implicit: ssl.SSLContext | None = None,
    *,
    with_login: bool = False,
    with_utf8: bool = True,
) -> AsyncGenerator[PostOffice]:
    office, loop = PostOffice(), asyncio.get_running_loop()

    def greet() -> SMTP:
        return SMTP(
            office,
            hostname="post.test",
            loop=loop,
            enable_SMTPUTF8=with_utf8,
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=with_login and implicit is None,  # it warns where TLS is not its own
            auth_require_tls=implicit is None,
            authenticator=_check,
        )

    server = await loop.create_server(greet, HOST, 0, ssl=implicit)
    office.port = server.sockets[0].getsockname()[1]
    async with server:
        yield office
