"""API keys: made, shown once, checked at every request, revoked."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

from app.core.clock import utc_now
from app.core.crypto import KeyRing, new_token
from app.core.db import Database, Tx
from app.core.events import Events
from app.core.notices import Notices
from app.core.scope import OrgScope, system_scope
from app.tenancy.domain.keys import (
    ApiKey,
    ApiKeyCreated,
    ApiKeyNotFound,
    ApiKeyRevoked,
    NewApiKey,
)
from app.tenancy.domain.principals import KEY_SCOPES, Permission, Principal, TokenInvalid
from app.tenancy.known import KnownCallers
from app.tenancy.store import keys as store
from app.tenancy.store.organizations import lock_organization
from app.tenancy.store.rows import ApiKeyRow

CHANNEL = "parley_api_keys"
ADMIN_USER = "admin"
LAST_USED_GRAIN = timedelta(minutes=1)


class ApiKeys:
    def __init__(self, database: Database, events: Events, notices: Notices, keys: KeyRing) -> None:
        self._database = database
        self._events = events
        self._notices = notices
        self._keys = keys
        self._known = KnownCallers[bytes, Principal](notices, CHANNEL)

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
        principal = Principal(row.org_id, row.id, row.user_id, _permissions(row))
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
            await lock_organization(tx)
            if await store.has_live_admin_key(tx):
                return None
            return await self._add_admin(tx)

    async def renew_admin(self, scope: OrgScope) -> str:
        """A new admin token, shown once; the old one stops working."""
        async with self._database.transaction(scope) as tx:
            await lock_organization(tx)
            await store.revoke_admin_keys(tx)
            await self._notices.notify(tx, CHANNEL)
            return await self._add_admin(tx)

    async def _add_admin(self, tx: Tx) -> str:
        new = NewApiKey(user_id=ADMIN_USER, label="Admin", expires_at=None)
        return (await self._add(tx, new, is_admin=True))[1]

    async def _add(self, tx: Tx, new: NewApiKey, *, is_admin: bool) -> tuple[ApiKeyRow, str]:
        token = new_token("wh_")
        row = ApiKeyRow(
            id=uuid4(),
            user_id=new.user_id,
            label=new.label,
            token_hash=self._keys.token_hash(token),
            scopes=list(KEY_SCOPES),
            is_admin=is_admin,
            created_at=utc_now(),
            expires_at=new.expires_at,
        )
        await store.add_key(tx, row)
        return row, token


def _api_key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        id=row.id,
        user_id=row.user_id,
        label=row.label,
        is_admin=row.is_admin,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
    )


def _permissions(row: ApiKeyRow) -> frozenset[Permission]:
    scopes = frozenset(Permission(scope) for scope in row.scopes)
    return scopes | {Permission.OPERATE} if row.is_admin else scopes
