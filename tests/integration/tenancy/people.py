"""The services of users on a real database, with cheap hashes and limits of their own."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID, uuid4

from argon2 import PasswordHasher
from sqlalchemy import select

from app.core.crypto import KeyRing
from app.core.db import Database
from app.core.events import Events, OutboxRow
from app.core.jobs import Jobs
from app.core.limits import Limit, LocalLimiter, Taken
from app.core.mail import Mail
from app.core.mail.service import Body, KeptLetter
from app.core.metrics import Metrics
from app.core.notices import Notices
from app.core.scope import OrgScope, system_scope
from app.core.settings import Email
from app.core.tracing import Tracing
from app.tenancy.accounts import Accounts
from app.tenancy.attempts import Attempts
from app.tenancy.discretion import Discretion
from app.tenancy.domain.principals import Device, SignedIn
from app.tenancy.domain.sessions import Lifetimes
from app.tenancy.domain.users import SignUp, UserRules
from app.tenancy.guard import Guard
from app.tenancy.letters import Letters
from app.tenancy.organizations import Organizations
from app.tenancy.passwords import Passwords
from app.tenancy.proofs import Proofs
from app.tenancy.purge import Purge
from app.tenancy.sessions import Sessions
from app.tenancy.store.rows import UserRow
from app.tenancy.users import Users

T = TypeVar("T")

KEY = b"k" * 32
HERE = Device("192.0.2.7", "a browser")
PASSWORD, OTHER = "correct horse battery", "another horse battery"
VERIFY = "Confirm your e-mail address"
RESET = "Choose a new password"
KNOWN = "You have an account already"
CHANGED = "Your password was changed"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class NotedLimiter(LocalLimiter):
    """Remembers what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    async def take(self, key: str, limit: Limit) -> Taken:
        self.told.append(key)
        return await super().take(key, limit)


@dataclass
class People:
    database: Database
    jobs: Jobs
    notices: Notices
    mail: Mail
    organizations: Organizations
    sessions: Sessions
    accounts: Accounts
    users: Users
    proofs: Proofs
    guard: Guard
    limiter: NotedLimiter

    async def signed_up(self) -> str:
        email = new_address()
        await self.users.sign_up(email, PASSWORD, "Ada", HERE)
        return email

    async def letters_to(self, email: str) -> list[tuple[KeptLetter, Body]]:
        """The newest first."""
        found = [each for each in await self.mail.list(limit=1000) if each.recipient == email]
        return [(letter, body) for letter in found if (body := (await self.mail.get(letter.id))[1])]

    async def came_in(self, email: str, password: str = PASSWORD) -> SignedIn:
        entrance = await self.users.log_in(email, password, HERE)
        return await self.sessions.authenticate(entrance.tokens.access)

    async def row_of(self, email: str) -> UserRow | None:
        async with self.database.transaction(system_scope("test")) as tx:
            return await tx.session.scalar(select(UserRow).where(UserRow.email == email))

    async def subjects_to(self, email: str) -> list[str]:
        return [letter.subject for letter, _ in await self.letters_to(email)]

    async def token_to(self, email: str, subject: str, *, but: str = "") -> str:
        """Out of the newest letter of that subject, once there is one."""

        async def written() -> str | None:
            for letter, body in await self.letters_to(email):
                if letter.subject == subject and token_in(body.text) != but:
                    return token_in(body.text)
            return None

        return await until(written)

    async def acts(self, user_id: UUID) -> list[str]:
        """What was published of the user, the oldest first; the audit log is made of it."""
        account = await self.accounts.get(user_id)
        assert account.home is not None
        query = select(OutboxRow.kind).order_by(OutboxRow.published_at)
        async with self.database.transaction(OrgScope(account.home, "test")) as tx:
            return list(await tx.session.scalars(query))


async def until(fact: Callable[[], Awaitable[T | None]]) -> T:
    """What `fact` says as soon as it says something: jobs take their time."""
    async with asyncio.timeout(30):
        while not (found := await fact()):  # noqa: ASYNC110 - a fact of the database
            await asyncio.sleep(0)
    return found


def new_address() -> str:
    return f"ada-{uuid4().hex}@bank.example"


def token_in(text: str) -> str:
    found = re.search(r"token=([\w-]+)", text)
    assert found, text
    return found[1]


@asynccontextmanager
async def opened(
    database: Database,
    app_url: str,
    *keys: bytes,
    sign_up: SignUp = "open",
    requires_verified_email: bool = False,
    lifetimes: Lifetimes | None = None,
) -> AsyncGenerator[People]:
    metrics, ring = Metrics("test"), KeyRing(keys or (KEY,))
    jobs = Jobs(app_url, metrics, Tracing(None, "test"))
    await jobs.open()
    events, notices = Events(database, jobs), Notices(app_url)
    mail = Mail(database, jobs, ring, Email(), metrics)
    accounts = Accounts(database, events, Letters(mail, "https://app.bank.example, http://x"))
    sessions = Sessions(database, events, notices, ring, lifetimes or Lifetimes())
    organizations = Organizations(database, events, jobs, ring)
    limiter = NotedLimiter()
    attempts = Attempts(limiter, ring, per_address=100)
    guard = Guard(Passwords(CHEAP), attempts, Discretion(database, jobs, ring, accounts))
    proofs = Proofs(database, ring, accounts, guard, sessions)
    rules = UserRules(sign_up, requires_verified_email)
    users = Users(database, accounts, guard, sessions, organizations, proofs, rules)
    Purge(database, jobs)
    try:
        yield People(
            database,
            jobs,
            notices,
            mail,
            organizations,
            sessions,
            accounts,
            users,
            proofs,
            guard,
            limiter,
        )
    finally:
        await jobs.close()


@asynccontextmanager
async def working(people: People) -> AsyncGenerator[None]:
    async with asyncio.TaskGroup() as group:
        worker = group.create_task(people.jobs.run_worker(drain_s=5))
        yield
        worker.cancel()
