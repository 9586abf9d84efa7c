"""The door of tenancy: organizations, API keys, what an organization may reach."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec

from app.core.clock import utc_now
from app.core.crypto import DecryptionFailed, KeyRing, context_of, new_token
from app.core.db import Database, Tx
from app.core.events import Event, Events
from app.core.feed.port import Feed, topic
from app.core.http.rules import HostRule
from app.core.jobs import JobKind, Jobs
from app.core.notices import Notices
from app.core.scope import OrgScope, Scope, system_scope
from app.tenancy import store
from app.tenancy.domain import (
    AUDIT_FEED,
    ApiKey,
    ApiKeyCreated,
    ApiKeyNotFound,
    ApiKeyRevoked,
    AuditEntry,
    NewApiKey,
    Organization,
    OrganizationCreated,
    OrganizationExists,
    OrganizationNotFound,
    OutboundRuleAdded,
    OutboundRuleRemoved,
    Principal,
    TokenInvalid,
    organization_name,
    slug_of,
)
from app.tenancy.known_keys import CHANNEL, KnownKeys

log = logging.getLogger(__name__)

ADMIN_USER = "admin"
LAST_USED_GRAIN = timedelta(minutes=1)
AUDITED: tuple[type[Event], ...] = (
    OrganizationCreated,
    ApiKeyCreated,
    ApiKeyRevoked,
    OutboundRuleAdded,
    OutboundRuleRemoved,
)


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
                store.OrganizationRow(
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

    def _rotate_row(self, row: store.OrganizationRow) -> None:
        try:
            row.signing_secret = self._keys.rotate(
                row.signing_secret, context=_secret_context(row.id)
            )
        except DecryptionFailed:
            log.exception("no master key decrypts the signing secret of organization %s", row.id)

    def _new_signing_secret(self, org_id: UUID) -> bytes:
        secret = new_token("").encode()
        return self._keys.encrypt(secret, context=_secret_context(org_id))


class ApiKeys:
    def __init__(self, database: Database, events: Events, notices: Notices, keys: KeyRing) -> None:
        self._database = database
        self._events = events
        self._notices = notices
        self._keys = keys
        self._known = KnownKeys(notices)

    async def authenticate(self, token: str) -> Principal:
        hashes = self._keys.token_hashes(token)
        return self._known.find(hashes[0]) or await self._look_up(hashes)

    async def _look_up(self, hashes: Sequence[bytes]) -> Principal:
        """Also notes the use, and hashes again a token of an older master key."""
        generation = self._known.generation
        scope = system_scope("token look-up", level=logging.DEBUG)
        async with self._database.transaction(scope) as tx:
            row = await store.find_live_key(tx, hashes)
            if row is None:
                raise TokenInvalid("Invalid or expired token")
            now = utc_now()
            if row.last_used_at is None or now - row.last_used_at > LAST_USED_GRAIN:
                row.last_used_at = now
            if row.token_hash != hashes[0]:
                row.token_hash = hashes[0]
        principal = Principal(row.org_id, row.id, row.user_id, row.is_admin)
        self._known.remember(hashes[0], principal, expires_at=row.expires_at, generation=generation)
        return principal

    async def create(self, tx: Tx, new: NewApiKey) -> tuple[ApiKey, str]:
        """The key and its token, which nobody can read again."""
        new.check(utc_now())
        row, token = await self._add(tx, new, is_admin=False)
        await self._events.publish(tx, ApiKeyCreated(key_id=row.id, user_id=row.user_id))
        return _api_key(row), token

    async def list(self, tx: Tx, *, user_id: str | None = None) -> list[ApiKey]:
        return [_api_key(row) for row in await store.live_keys(tx, user_id)]

    async def revoke(self, tx: Tx, key_id: UUID) -> None:
        if not await store.revoke_key(tx, key_id):
            raise ApiKeyNotFound("Token not found")
        await self._notices.notify(tx, CHANNEL)
        await self._events.publish(tx, ApiKeyRevoked(key_id=key_id))

    async def ensure_admin(self, scope: OrgScope) -> str | None:
        """The admin token if it was made by this call: None says that one is in use already."""
        async with self._database.transaction(scope) as tx:
            await store.lock_organization(tx)
            if await store.has_live_admin_key(tx):
                return None
            return await self._add_admin(tx)

    async def renew_admin(self, scope: OrgScope) -> str:
        """A new admin token, shown once; the old one stops working."""
        async with self._database.transaction(scope) as tx:
            await store.lock_organization(tx)
            await store.revoke_admin_keys(tx)
            await self._notices.notify(tx, CHANNEL)
            return await self._add_admin(tx)

    async def _add_admin(self, tx: Tx) -> str:
        new = NewApiKey(user_id=ADMIN_USER, label="Admin", expires_at=None)
        return (await self._add(tx, new, is_admin=True))[1]

    async def _add(self, tx: Tx, new: NewApiKey, *, is_admin: bool) -> tuple[store.ApiKeyRow, str]:
        token = new_token("wh_")
        row = store.ApiKeyRow(
            id=uuid4(),
            user_id=new.user_id,
            label=new.label,
            token_hash=self._keys.token_hash(token),
            is_admin=is_admin,
            created_at=utc_now(),
            expires_at=new.expires_at,
        )
        await store.add_key(tx, row)
        return row, token


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


class AuditLog:
    """What was done to an organization, written from its events."""

    def __init__(self, events: Events, feed: Feed) -> None:
        self._feed = feed
        for kind in AUDITED:
            events.subscribe("audit", kind, self._record)

    async def list(self, tx: Tx, *, limit: int = 100) -> list[AuditEntry]:
        return [
            AuditEntry(row.at, row.actor, row.action, row.details)
            for row in await store.audit_entries(tx, limit)
        ]

    async def _record(self, tx: Tx, event: Event) -> None:
        assert isinstance(tx.scope, OrgScope)
        details = {name: str(value) for name, value in msgspec.to_builtins(event).items()}
        entry = AuditEntry(utc_now(), tx.scope.actor, type(event).__name__, details)
        await store.add_audit_entry(tx, entry)
        audience = topic(tx.org_id, AUDIT_FEED)
        tx.after_commit(lambda: self._feed.publish(audience, entry))


def _organization(row: store.OrganizationRow) -> Organization:
    return Organization(row.id, row.name, row.slug, row.created_at)


def _api_key(row: store.ApiKeyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        user_id=row.user_id,
        label=row.label,
        is_admin=row.is_admin,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )


def _secret_context(org_id: UUID) -> bytes:
    return context_of("organizations", "signing_secret", str(org_id))
