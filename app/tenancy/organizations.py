"""Organizations: made, found, and what each may reach outside."""

import logging
from uuid import UUID, uuid4

import msgspec

from app.core.crypto import DecryptionFailed, KeyRing, context_of, new_token
from app.core.db import Database, Tx
from app.core.events import Events
from app.core.http.rules import HostRule
from app.core.jobs import JobKind, Jobs
from app.core.scope import OrgScope, Scope, system_scope
from app.tenancy.domain.organizations import (
    Organization,
    OrganizationCreated,
    OrganizationExists,
    OrganizationNotFound,
    OutboundRuleAdded,
    OutboundRuleRemoved,
    organization_name,
    slug_of,
)
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
        name = organization_name(given_name)
        org_id = uuid4()
        async with self._database.transaction(OrgScope(org_id, actor)) as tx:
            added = await store.add_organization(
                tx,
                OrganizationRow(
                    id=org_id,
                    name=name,
                    slug=slug_of(name),
                    signing_secret=self._new_signing_secret(org_id),
                ),
            )
            if not added:
                raise OrganizationExists(f"an organization {slug_of(name)!r} exists already")
            await self._events.publish(tx, OrganizationCreated(name=name))
        return await self.get(slug_of(name))

    async def list(self) -> list[Organization]:
        async with self._database.transaction(system_scope("list organizations")) as tx:
            return [_organization(row) for row in await store.organizations(tx)]

    async def get(self, slug: str) -> Organization:
        async with self._database.transaction(system_scope("find organization")) as tx:
            row = await store.find_organization(tx, slug)
        if row is None:
            raise OrganizationNotFound(f"there is no organization {slug!r}")
        return _organization(row)

    async def signing_secret(self, tx: Tx) -> bytes:
        """What the organization's webhooks are signed with."""
        row = await store.get_organization(tx, tx.org_id)
        return self._keys.decrypt(row.signing_secret, context=_secret_context(row.id))

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


def _secret_context(org_id: UUID) -> bytes:
    return context_of("organizations", "signing_secret", str(org_id))
