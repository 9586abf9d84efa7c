"""Users, and the identities that providers vouch for, on the services of a real database."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from argon2 import PasswordHasher
from sqlalchemy import select

from app.core.clock import utc_now
from app.core.crypto import KeyRing
from app.core.events import OutboxRow
from app.core.limits import LocalLimiter
from app.core.mail import Mail
from app.core.metrics import Metrics
from app.core.scope import OrgScope, UserScope, system_scope
from app.core.settings import Email
from app.tenancy.accounts import Accounts
from app.tenancy.attempts import Attempts
from app.tenancy.discretion import Discretion
from app.tenancy.domain.oidc import Identity
from app.tenancy.domain.principals import Device
from app.tenancy.domain.sessions import Lifetimes, SessionTokens
from app.tenancy.domain.users import SignUp, UserRules
from app.tenancy.guard import Guard
from app.tenancy.identities import Identities
from app.tenancy.letters import Letters
from app.tenancy.passwords import Passwords
from app.tenancy.proofs import Proofs
from app.tenancy.sessions import Sessions
from app.tenancy.store.rows import OAuthAccountRow, UserRow
from app.tenancy.users import Users
from tests.integration.tenancy.opened import NEW_KEY, Tenancy

DEVICE = Device("203.0.113.7", "Browser")
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class World:
    tenancy: Tenancy
    users: Users
    sessions: Sessions
    identities: Identities

    async def kept(self, user_id: UUID) -> UserRow:
        async with self.tenancy.database.transaction(UserScope(user_id)) as tx:
            row = await tx.session.scalar(select(UserRow).where(UserRow.id == user_id))
        assert row is not None
        return row

    async def links(self, subject: str) -> list[UUID]:
        async with self.tenancy.database.transaction(system_scope("test")) as tx:
            query = select(OAuthAccountRow.user_id).where(
                OAuthAccountRow.provider_user_id == subject
            )
            return list(await tx.session.scalars(query))

    async def told(self, org_id: UUID) -> list[str]:
        async with self.tenancy.database.transaction(OrgScope(org_id, "test")) as tx:
            return list(await tx.session.scalars(select(OutboxRow.kind)))

    async def signed_up(self, email: str) -> SessionTokens:
        await self.users.sign_up(email, PASSWORD, "Mallory", DEVICE)
        return (await self.users.log_in(email, PASSWORD, DEVICE)).tokens

    def admit(self, sign_up: SignUp) -> None:
        self.users.rules = UserRules(sign_up, requires_verified_email=False)

    def in_home(self, user_id: UUID, home: UUID | None) -> OrgScope:
        assert home is not None
        return DEVICE.scope(home, actor=str(user_id), user_id=user_id)


def world_of(tenancy: Tenancy) -> World:
    """Its sign-up is open; Argon2 is as cheap as it can be."""
    database, ring = tenancy.database, KeyRing([NEW_KEY])
    sessions = Sessions(database, tenancy.events, tenancy.notices, ring, Lifetimes())
    mail = Mail(database, tenancy.jobs, ring, Email(), Metrics("test"))
    accounts = Accounts(database, tenancy.events, Letters(mail, "http://front.example"))
    guard = Guard(
        Passwords(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)),
        Attempts(LocalLimiter(), ring, per_address=1000),
        Discretion(database, tenancy.jobs, ring, accounts),
    )
    proofs = Proofs(database, ring, accounts, guard, sessions)
    rules = UserRules("open", requires_verified_email=False)
    users = Users(database, accounts, guard, sessions, tenancy.organizations, proofs, rules)
    identities = Identities(database, accounts, users, sessions, tenancy.api_keys)
    return World(tenancy, users, sessions, identities)


def person(
    email: str | None = "", *, verified: bool = True, provider: str = "google", subject: str = ""
) -> Identity:
    subject = subject or str(uuid4())
    return Identity(
        provider=provider,
        subject=subject,
        email=f"{subject}@bank.example" if email == "" else email,
        is_email_verified=verified,
        name="Ada",
        expires_at=utc_now() + timedelta(minutes=5),
    )
