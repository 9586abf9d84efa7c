"""API keys of the active organization, for signed-in users: no API key makes another."""

from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody

from app.api.access import by_user
from app.api.callers import own_scope
from app.api.v1.envelope import META, Envelope, Meta
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.keys import ApiKey, KeyFamily, NewApiKey, ShownApiKey
from app.tenancy.domain.principals import KEY_SCOPES, Permission

KEYS = "/api/v1/api-keys"
MAY_SET = by_user(Permission.SETTINGS)
GIVEN = META | {"tenant": Provide(own_scope, sync_to_thread=False)}
NEVER_CACHED = CacheControlHeader(no_store=True)


class KeyRequest(msgspec.Struct, frozen=True):
    label: str
    scopes: tuple[str, ...] = KEY_SCOPES
    expires_at: datetime | None = None


class RevokedKey(msgspec.Struct, frozen=True):
    id: UUID


@get(KEYS, opt=MAY_SET, dependencies=GIVEN)
async def list_keys(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    meta: NamedDependency[Meta],
) -> Envelope[list[ApiKey]]:
    """Those that work, whoever made them and whichever family they are of."""
    async with runtime.database.transaction(tenant) as tx:
        keys = await runtime.api_keys.list(tx)
    return Envelope(data=keys, meta=meta)


@post(KEYS, opt=MAY_SET, dependencies=GIVEN, cache_control=NEVER_CACHED)
async def create_key(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    meta: NamedDependency[Meta],
    data: JSONBody[KeyRequest],
) -> Envelope[ShownApiKey]:
    """The token is in this answer and nowhere else. The key stays when its maker leaves."""
    new = NewApiKey(tenant.actor, data.label, data.expires_at, KeyFamily.V1, data.scopes)
    async with runtime.database.transaction(tenant) as tx:
        key, token = await runtime.api_keys.create(tx, new)
    return Envelope(data=key.with_token(token), meta=meta)


@delete(KEYS + "/{key_id:uuid}", opt=MAY_SET, dependencies=GIVEN, status_code=200)
async def revoke_key(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    meta: NamedDependency[Meta],
    key_id: FromPath[UUID],
) -> Envelope[RevokedKey]:
    """It stops working at once."""
    async with runtime.database.transaction(tenant) as tx:
        await runtime.api_keys.revoke(tx, key_id)
    return Envelope(data=RevokedKey(key_id), meta=meta)


@post(
    KEYS + "/{key_id:uuid}/regenerate", opt=MAY_SET, dependencies=GIVEN, cache_control=NEVER_CACHED
)
async def regenerate_key(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    meta: NamedDependency[Meta],
    key_id: FromPath[UUID],
) -> Envelope[ShownApiKey]:
    """Another token for the same use; the old one stops working at once."""
    async with runtime.database.transaction(tenant) as tx:
        done = await runtime.api_keys.rotate(tx, key_id, timedelta())
    return Envelope(data=done.key.with_token(done.token), meta=meta)


ROUTES = (list_keys, create_key, revoke_key, regenerate_key)
