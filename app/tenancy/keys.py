"""API keys: made, shown once, checked at every request, rotated, revoked."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from app.core.clock import utc_now
from app.core.crypto import KeyRing, new_token
from app.core.db import Database, Tx
from app.core.events import Events
from app.core.notices import Notices
from app.core.scope import OrgScope, system_scope
from app.tenancy.domain.keys import (
    AdminTokenNotRotated,
    ApiKey,
    ApiKeyCreated,
    ApiKeyNotFound,
    ApiKeyRevoked,
    ApiKeyRotated,
    ApiKeyRotatedAlready,
    KeyFamily,
    NewApiKey,
    Rotation,
    hint_of,
    refuse_unprintable,
)
from app.tenancy.domain.organizations import NAME_MAX, OrganizationNotFound
from app.tenancy.domain.principals import Permission, Principal, TokenInvalid
from app.tenancy.known import KnownCallers
from app.tenancy.store import keys as store
from app.tenancy.store.organizations import lock_organization
from app.tenancy.store.rows import ApiKeyRow

CHANNEL = "parley_api_keys"
ADMIN_USER = "admin"
LAST_USED_GRAIN = timedelta(minutes=1)
SHA256_FORM = "sha256:"


class ApiKeys:
    """Keys belong to their organization: they outlive the membership of whoever made them, and
    end with the organization."""

    def __init__(self, database: Database, events: Events, notices: Notices, keys: KeyRing) -> None:
        self._database = database
        self._events = events
        self._notices = notices
        self._keys = keys
        self._known = KnownCallers[bytes, Principal](notices, CHANNEL)

    async def authenticate(self, token: str) -> Principal:
        hashes = self._keys.token_hashes(token)
        return self._known.find(hashes[0]) or await self._look_up(token, hashes)

    async def _look_up(self, token: str, hashes: Sequence[bytes]) -> Principal:
        """Also notes the use, and hashes again a token of an older master key."""
        forms = (hashes, imported_hashes(self._keys, token))
        generation = self._known.generation
        scope = system_scope("token look-up", level=logging.DEBUG)
        async with self._database.transaction(scope) as tx:
            row = await store.find_live_key(tx, [each for form in forms for each in form])
            if row is None:
                raise TokenInvalid("Invalid or expired token")
            now = utc_now()
            if row.last_used_at is None or now - row.last_used_at > LAST_USED_GRAIN:
                row.last_used_at = now
            for current, *older in forms:
                if row.token_hash in older:
                    row.token_hash = current
        principal = Principal(row.org_id, row.id, row.user_id, _permissions(row))
        self._known.remember(hashes[0], principal, expires_at=row.expires_at, generation=generation)
        return principal

    async def create(self, tx: Tx, new: NewApiKey) -> tuple[ApiKey, str]:
        """The key and its token, which nobody can read again."""
        new.check(utc_now())
        row, token = await self._add(tx, new, is_admin=False)
        return _api_key(row), token

    async def list(
        self, tx: Tx, *, user_id: str | None = None, admins_too: bool = False
    ) -> list[ApiKey]:
        """Those that work. `admins_too`: the operator's own as well, which no member may see."""
        refuse_unprintable("user_id", user_id or "", least=0)
        rows = await store.live_keys(tx, user_id, admins_too=admins_too)
        return [_api_key(row) for row in rows]

    async def revoke(self, tx: Tx, key_id: UUID, *, admins_too: bool = False) -> None:
        if not await store.revoke_key(tx, key_id, admins_too=admins_too):
            raise ApiKeyNotFound("Token not found")
        await self.forget(tx)
        await self._events.publish(tx, ApiKeyRevoked(key_id=key_id))

    async def rotate(
        self, tx: Tx, key_id: UUID, overlap: timedelta, *, admins_too: bool = False
    ) -> Rotation:
        """Another token for the same use and as long; the old one works on for `overlap`."""
        old = await store.lock_live_key(tx, key_id)
        if old is None or (old.is_admin and not admins_too):
            raise ApiKeyNotFound("Token not found")
        if old.is_admin:
            raise AdminTokenNotRotated(
                "The admin token is renewed on the command line: ./parley tokens renew-admin"
            )
        if old.replaced_by is not None:
            raise ApiKeyRotatedAlready("This token was rotated already")
        now = utc_now()
        row, token = await self._add(tx, _successor(old, now), is_admin=False)
        old.replaced_by = row.id
        old.expires_at = min(filter(None, (old.expires_at, now + overlap)))
        if not overlap:
            old.revoked_at = now
        await self.forget(tx)
        rotated = ApiKeyRotated(
            key_id=old.id, replaced_by=row.id, overlap_s=int(overlap.total_seconds())
        )
        await self._events.publish(tx, rotated)
        return Rotation(_api_key(row), token, _api_key(old))

    async def operator_scope(self, scope: OrgScope, organization: str | None) -> OrgScope:
        """For an operator's work on the keys of another organization: its slug, or its id."""
        if organization is None:
            return scope
        org_id = None
        if len(organization) <= NAME_MAX and organization.isprintable():
            async with self._database.transaction(system_scope("operator's work on keys")) as tx:
                org_id = await store.find_organization_id(tx, organization)
        if org_id is None:
            raise OrganizationNotFound("organization: there is none of this slug or id")
        return replace(scope, org_id=org_id)

    async def ensure_admin(self, scope: OrgScope) -> str | None:
        """The admin token if it was made by this call: None says that one is in use already."""
        async with self._database.transaction(scope) as tx:
            await lock_organization(tx)
            if await store.has_live_admin_key(tx):
                return None
            return await self._add_admin(tx)

    async def renew_admin(self, scope: OrgScope) -> str:
        """A new admin token, shown once; the old one stops working."""
        async with self._database.transaction(scope) as tx:
            await lock_organization(tx)
            for key_id in await store.revoke_admin_keys(tx):
                await self._events.publish(tx, ApiKeyRevoked(key_id=key_id))
            await self.forget(tx)
            return await self._add_admin(tx)

    async def forget(self, tx: Tx) -> None:
        """Also for who deletes an organization, with which its keys go."""
        await self._notices.notify(tx, CHANNEL)

    async def _add_admin(self, tx: Tx) -> str:
        new = NewApiKey(user_id=ADMIN_USER, label="Admin", expires_at=None)
        return (await self._add(tx, new, is_admin=True))[1]

    async def _add(self, tx: Tx, new: NewApiKey, *, is_admin: bool) -> tuple[ApiKeyRow, str]:
        token = new_token(new.family.prefix)
        row = ApiKeyRow(
            id=uuid4(),
            user_id=new.user_id,
            label=new.label,
            token_hash=self._keys.token_hash(token),
            hint=hint_of(token, new.family.prefix),
            family=new.family,
            scopes=new.ordered_scopes(),
            is_admin=is_admin,
            created_at=utc_now(),
            expires_at=new.expires_at,
        )
        await store.add_key(tx, row)
        made = ApiKeyCreated(
            key_id=row.id,
            user_id=row.user_id,
            family=row.family,
            scopes=tuple(row.scopes),
            is_admin=is_admin,
        )
        await self._events.publish(tx, made)
        return row, token


def imported_hashes(keys: KeyRing, token: str) -> list[bytes]:
    """What a token is looked up by that was imported as its SHA-256, which itself is no token."""
    if token.startswith(SHA256_FORM):
        raise TokenInvalid("Invalid or expired token")
    digest = hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
    return keys.token_hashes(SHA256_FORM + digest)


def _successor(old: ApiKeyRow, now: datetime) -> NewApiKey:
    expires_at = old.expires_at and now + (old.expires_at - old.created_at)
    return NewApiKey(old.user_id, old.label, expires_at, KeyFamily(old.family), old.scopes)


def _api_key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        user_id=row.user_id,
        label=row.label,
        family=KeyFamily(row.family),
        hint=row.hint,
        scopes=[Permission(scope) for scope in row.scopes],
        is_admin=row.is_admin,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        replaced_by=row.replaced_by,
    )


def _permissions(row: ApiKeyRow) -> frozenset[Permission]:
    scopes = frozenset(Permission(scope) for scope in row.scopes)
    return scopes | {Permission.OPERATE} if row.is_admin else scopes
