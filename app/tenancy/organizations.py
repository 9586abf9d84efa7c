"""Organizations: made, found, and what each may reach outside."""

import logging
from collections.abc import Collection, Sequence
from functools import partial
from secrets import token_hex
from uuid import UUID, uuid4

import msgspec

from app.core.crypto import DecryptionFailed, KeyRing, context_of, new_token
from app.core.db import Database, Tx
from app.core.events import Events
from app.core.http.rules import HostRule
from app.core.jobs import JobKind, Jobs
from app.core.scope import OrgScope, Scope, system_scope
from app.tenancy.domain.members import demand
from app.tenancy.domain.organizations import (
    Organization,
    OrganizationCreated,
    OrganizationDeleted,
    OrganizationExists,
    OrganizationNotFound,
    OrganizationRenamed,
    OutboundRuleAdded,
    OutboundRuleRemoved,
    OwnOrganization,
    chosen_slug,
    organization_name,
    refuse_default,
    slug_of,
    slug_taken,
    slugs_for,
)
from app.tenancy.domain.principals import Permission, Role
from app.tenancy.keys import ApiKeys
from app.tenancy.sessions import Sessions
from app.tenancy.store import members
from app.tenancy.store import organizations as store
from app.tenancy.store.rows import OrganizationRow

log = logging.getLogger(__name__)


class RotateSecrets(msgspec.Struct, frozen=True):
    pass


ROTATE_SECRETS = JobKind("tenancy.rotate_secrets", RotateSecrets, cron="41 3 * * *")


class Organizations:
    def __init__(self, database: Database, events: Events, jobs: Jobs, keys: KeyRing) -> None:
        self._database = database
        self._events = events
        self._jobs = jobs
        self._keys = keys
        jobs.register(ROTATE_SECRETS, self._rotate)

    async def get_or_create(self, name: str, *, actor: str) -> Organization:
        try:
            return await self.create(name, actor=actor)
        except OrganizationExists:
            return await self.get(slug_of(organization_name(name)))

    async def create(self, given_name: str, *, actor: str) -> Organization:
        """For operators: without an owner."""
        name = organization_name(given_name)
        async with self._database.transaction(OrgScope(uuid4(), actor)) as tx:
            return await self._add(tx, name, (slug_of(name),), None)

    async def create_in(
        self, tx: Tx, name: str, slug: str | None = None, *, owner_id: UUID | None = None
    ) -> Organization:
        """The organization of the scope, whose id is new. A taken slug is an error where it was
        asked for; one that is made of the name gets a suffix."""
        name = organization_name(name)
        slugs = slugs_for(name, token_hex(3)) if slug is None else (chosen_slug(slug),)
        return await self._add(tx, name, slugs, owner_id)

    async def _add(
        self, tx: Tx, name: str, slugs: Sequence[str], owner_id: UUID | None
    ) -> Organization:
        for slug in slugs:
            row = OrganizationRow(
                id=tx.org_id,
                name=name,
                slug=slug,
                owner_user_id=owner_id,
                signing_secret=self._new_signing_secret(tx.org_id),
            )
            if await store.add_organization(tx, row):
                break
        else:
            raise slug_taken(slugs[-1])
        if owner_id:
            await members.add_member(tx, owner_id, Role.OWNER)
        await self._events.publish(tx, OrganizationCreated(name=name))
        return _organization(await store.get_organization(tx, tx.org_id))

    async def list(self) -> list[Organization]:
        async with self._database.transaction(system_scope("list organizations")) as tx:
            return [_organization(row) for row in await store.organizations(tx)]

    async def get(self, slug: str) -> Organization:
        async with self._database.transaction(system_scope("find organization")) as tx:
            row = await store.find_organization(tx, slug)
        if row is None:
            raise OrganizationNotFound(f"there is no organization {slug!r}")
        return _organization(row)

    async def get_own(self, tx: Tx) -> Organization:
        """That of the scope."""
        return _organization(await store.get_organization(tx, tx.org_id))

    async def signing_secret(self, tx: Tx) -> bytes:
        """What the organization's webhooks are signed with."""
        row = await store.get_organization(tx, tx.org_id)
        return self._keys.decrypt(row.signing_secret, context=_secret_context(row.id))

    async def hold(self, tx: Tx, org_ids: Collection[UUID]) -> set[UUID]:
        """Those of them that there are, and will be until the transaction ends."""
        return await store.hold_organizations(tx, org_ids)

    async def rotate_secrets_soon(self, tx: Tx) -> None:
        """Asked at each start, since the master key may have changed before it."""
        await self._jobs.enqueue(tx, ROTATE_SECRETS, RotateSecrets(), key="all")

    async def _rotate(self, scope: Scope, _: RotateSecrets) -> None:
        """Encrypts again what an older master key encrypted."""
        async with self._database.transaction(scope) as tx:
            for row in await store.organizations(tx):
                if self._keys.needs_rotation(row.signing_secret):
                    self._rotate_row(row)

    def _rotate_row(self, row: OrganizationRow) -> None:
        try:
            row.signing_secret = self._keys.rotate(
                row.signing_secret, context=_secret_context(row.id)
            )
        except DecryptionFailed:
            log.exception("no master key decrypts the signing secret of organization %s", row.id)

    def _new_signing_secret(self, org_id: UUID) -> bytes:
        secret = new_token("").encode()
        return self._keys.encrypt(secret, context=_secret_context(org_id))


class OwnOrganizations:
    """The organizations of users, as these found, see and change them."""

    def __init__(
        self, events: Events, organizations: Organizations, sessions: Sessions, api_keys: ApiKeys
    ) -> None:
        self._events = events
        self._organizations = organizations
        self._sessions = sessions
        self._api_keys = api_keys

    async def found(self, tx: Tx, name: str, slug: str | None) -> OwnOrganization:
        """One whose id is new, in its scope; owned by the user of the scope."""
        made = await self._organizations.create_in(tx, name, slug, owner_id=tx.user_id)
        await self._sessions.forget(tx)
        return await self.get(tx, made.id)

    async def list(self, tx: Tx) -> list[OwnOrganization]:
        """All that the user of the scope belongs to."""
        return await store.own_organizations(tx)

    async def get(self, tx: Tx, org_id: UUID) -> OwnOrganization:
        """One that the user of the scope belongs to."""
        for found in await store.own_organizations(tx, org_id=org_id):
            return found
        raise _not_found()

    async def switch(self, tx: Tx, session_id: UUID, org_id: UUID) -> OwnOrganization:
        found = await self.get(tx, org_id)
        await self._sessions.switch(tx, session_id, org_id)
        return found

    async def rename(
        self, tx: Tx, *, name: str | None = None, slug: str | None = None
    ) -> OwnOrganization:
        row = await self._held(tx, Permission.SETTINGS)
        new_name = row.name if name is None else organization_name(name)
        new_slug = row.slug if slug in (None, row.slug) else chosen_slug(slug)
        if (new_name, new_slug) != (row.name, row.slug):
            if new_slug != row.slug:
                refuse_default(row.slug)
            if not await store.rename_organization(tx, row, new_name, new_slug):
                raise slug_taken(new_slug)
            await self._sessions.forget(tx)
            await self._events.publish(tx, OrganizationRenamed(name=new_name, slug=new_slug))
        return await self.get(tx, tx.org_id)

    async def delete(self, tx: Tx) -> None:
        """With all that belongs to it but its audit log."""
        row = await self._held(tx, Permission.OWN)
        refuse_default(row.slug)
        await self._events.publish(tx, OrganizationDeleted(name=row.name, slug=row.slug))
        await store.delete_organization(tx)
        await self._sessions.forget(tx)
        await self._api_keys.forget(tx)
        told = "organization %s (%s) was deleted by its owner, user %s"
        tx.after_commit(partial(log.warning, told, row.slug, row.id, tx.user_id))

    async def _held(self, tx: Tx, permission: Permission) -> OrganizationRow:
        """Asks again what was asked before, now that nobody else can change it."""
        row = await store.find_locked(tx)
        if row is None:
            raise _not_found()
        demand(await members.find_role(tx, tx.user_id), permission)
        return row


class OutboundRules:
    """The private hosts that an organization's outbound calls may reach all the same."""

    def __init__(self, database: Database, events: Events) -> None:
        self._database = database
        self._events = events

    async def list(self, tx: Tx) -> frozenset[HostRule]:
        return frozenset(HostRule.parse(rule) for rule in await store.outbound_rules(tx))

    async def add(self, tx: Tx, rule: str) -> None:
        HostRule.parse(rule)
        if await store.add_outbound_rule(tx, rule):
            await self._events.publish(tx, OutboundRuleAdded(rule=rule))

    async def remove(self, tx: Tx, rule: str) -> None:
        if await store.remove_outbound_rule(tx, rule):
            await self._events.publish(tx, OutboundRuleRemoved(rule=rule))


def _organization(row: OrganizationRow) -> Organization:
    return Organization(row.id, row.name, row.slug, row.created_at)


def _not_found() -> OrganizationNotFound:
    return OrganizationNotFound("Organization not found")


def _secret_context(org_id: UUID) -> bytes:
    return context_of("organizations", "signing_secret", str(org_id))
