"""Users who belong to organizations, on a real database, and the letters that they are sent."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import select

from app.core.crypto import KeyRing
from app.core.db import Database
from app.core.events import Events, OutboxRow
from app.core.feed.local import LocalFeed
from app.core.jobs import Jobs
from app.core.mail import Mail
from app.core.metrics import Metrics
from app.core.notices import Notices
from app.core.scope import OrgScope, UserScope
from app.core.settings import Email
from app.core.tracing import Tracing
from app.tenancy.audit import AuditLog
from app.tenancy.domain.organizations import OwnOrganization
from app.tenancy.domain.principals import Device, Role, SignedIn
from app.tenancy.domain.sessions import Lifetimes
from app.tenancy.invitations import Invitations
from app.tenancy.keys import ApiKeys
from app.tenancy.letters import Letters
from app.tenancy.members import Members
from app.tenancy.organizations import Organizations, OwnOrganizations
from app.tenancy.sessions import Sessions
from app.tenancy.store.rows import UserRow

LINK = re.compile(r"http://front\.example/accept-invitation\?token=(\S+)")


@dataclass(frozen=True)
class Person:
    user_id: UUID
    email: str | None

    def within(self, org_id: UUID) -> OrgScope:
        return OrgScope(org_id, actor=str(self.user_id), user_id=self.user_id)

    @property
    def alone(self) -> UserScope:
        return UserScope(self.user_id)


@dataclass(frozen=True)
class Belonging:
    database: Database
    jobs: Jobs
    notices: Notices
    mail: Mail
    organizations: Organizations
    api_keys: ApiKeys
    sessions: Sessions
    own: OwnOrganizations
    members: Members
    invitations: Invitations

    async def person(self, email: str | None = "", *, name: str = "") -> Person:
        user_id = uuid4()
        person = Person(user_id, f"{user_id}@bank.example" if email == "" else email)
        async with self.database.transaction(person.alone) as tx:
            provider = "password" if person.email else "guest"
            tx.session.add(
                UserRow(id=user_id, email=person.email, name=name, auth_provider=provider)
            )
        return person

    async def found(self, owner: Person, name: str = "Bank") -> OwnOrganization:
        async with self.database.transaction(owner.within(uuid4())) as tx:
            return await self.own.found(tx, name, None)

    async def join(self, org_id: UUID, role: Role) -> Person:
        person = await self.person()
        async with self.database.transaction(OrgScope(org_id, "operator")) as tx:
            await self.members.appoint(tx, person.user_id, role)
        return person

    async def roles(self, org_id: UUID) -> dict[UUID, Role]:
        async with self.database.transaction(OrgScope(org_id, "test")) as tx:
            return {each.user_id: each.role for each in await self.members.list(tx)}

    async def owner_of(self, owner: Person, org_id: UUID) -> UUID | None:
        """As the organization's own row says it."""
        async with self.database.transaction(owner.alone) as tx:
            return (await self.own.get(tx, org_id)).owner_user_id

    async def change_role(self, by: Person, org_id: UUID, user_id: UUID, role: Role) -> None:
        async with self.database.transaction(by.within(org_id)) as tx:
            await self.members.change_role(tx, user_id, role)

    async def remove(self, by: Person, org_id: UUID, user_id: UUID) -> None:
        async with self.database.transaction(by.within(org_id)) as tx:
            await self.members.remove(tx, user_id)

    async def transfer(self, by: Person, org_id: UUID, user_id: UUID) -> None:
        async with self.database.transaction(by.within(org_id)) as tx:
            await self.members.transfer(tx, user_id)

    async def invite(
        self, by: Person, org_id: UUID, email: str, role: Role = Role.MEMBER
    ) -> tuple[UUID, str]:
        """The invitation, and the token out of the letter."""
        async with self.database.transaction(by.within(org_id)) as tx:
            made = await self.invitations.create(tx, email, role)
        return made.id, LINK.findall(await self.letter_to(made.email))[0]

    async def letter_to(self, email: str) -> str:
        newest = next(each for each in await self.mail.list() if each.recipient == email)
        body = (await self.mail.get(newest.id))[1]
        assert body is not None
        return f"{newest.subject}\n{body.text}\n{body.html}"

    async def accept(self, person: Person, token: str) -> OwnOrganization:
        return await self.invitations.accept(token, person.user_id, Device())

    async def signed_in(self, person: Person, org_id: UUID | None = None) -> tuple[str, SignedIn]:
        async with self.database.transaction(person.alone) as tx:
            access = (await self.sessions.open(tx, Device(), org_id=org_id)).access
        return access, await self.sessions.authenticate(access)

    async def announced(self, org_id: UUID) -> set[str]:
        async with self.database.transaction(OrgScope(org_id, "test")) as tx:
            return set(await tx.session.scalars(select(OutboxRow.kind)))


@asynccontextmanager
async def belonging(database: Database, app_url: str) -> AsyncGenerator[Belonging]:
    metrics = Metrics("test")
    jobs = Jobs(app_url, metrics, Tracing(None, "test"))
    await jobs.open()
    keys, events, notices = KeyRing([b"k" * 32]), Events(database, jobs), Notices(app_url)
    mail = Mail(database, jobs, keys, Email(), metrics)
    organizations = Organizations(database, events, jobs, keys)
    api_keys = ApiKeys(database, events, notices, keys)
    sessions = Sessions(database, events, notices, keys, Lifetimes())
    members = Members(events, sessions)
    AuditLog(database, events, LocalFeed(metrics))
    letters = Letters(mail, "http://front.example, http://other.example")
    try:
        yield Belonging(
            database=database,
            jobs=jobs,
            notices=notices,
            mail=mail,
            organizations=organizations,
            api_keys=api_keys,
            sessions=sessions,
            own=OwnOrganizations(events, organizations, sessions, api_keys),
            members=members,
            invitations=Invitations(database, events, keys, letters, members),
        )
    finally:
        await jobs.close()
