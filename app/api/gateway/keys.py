"""The API keys of an organization, for the members who may change its settings.

A key belongs to the organization: it works on when the member who made it has left.
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from app.api.access import in_organization
from app.api.gateway.auth import NEVER_CACHED, TENANT, Overlap
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.keys import ApiKey, KeyFamily, NewApiKey, ShownApiKey
from app.tenancy.domain.principals import KEY_SCOPES, Permission

KEYS = "/bot/api/orgs/{org_id:uuid}/api-keys"
MAY_SET = in_organization(Permission.SETTINGS)


class KeyRequest(msgspec.Struct, frozen=True):
    label: str
    scopes: tuple[str, ...] = KEY_SCOPES
    expires_at: datetime | None = None
    family: Annotated[
        Literal["organization", "voice"],
        msgspec.Meta(description="organization: wsk_, voice: nn_k_"),
    ] = "organization"


class RotatedKey(ShownApiKey, frozen=True, kw_only=True):
    replaces: UUID
    replaced_works_until: datetime | None


@get(KEYS, opt=MAY_SET, dependencies=TENANT)
async def list_keys(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope]
) -> list[ApiKey]:
    """Those that work, whoever made them and whichever family they are of."""
    async with runtime.database.transaction(tenant) as tx:
        return await runtime.api_keys.list(tx)


@post(KEYS, opt=MAY_SET, dependencies=TENANT, cache_control=NEVER_CACHED)
async def create_key(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    data: JSONBody[KeyRequest],
) -> ShownApiKey:
    """The token is in this answer and nowhere else. The key stays when its maker leaves."""
    family = KeyFamily(data.family)
    new = NewApiKey(tenant.actor, data.label, data.expires_at, family, data.scopes)
    async with runtime.database.transaction(tenant) as tx:
        key, token = await runtime.api_keys.create(tx, new)
    return key.with_token(token)


@delete(KEYS + "/{key_id:uuid}", opt=MAY_SET, dependencies=TENANT)
async def revoke_key(
    runtime: NamedDependency[Runtime], tenant: NamedDependency[OrgScope], key_id: FromPath[UUID]
) -> None:
    """It stops working at once."""
    async with runtime.database.transaction(tenant) as tx:
        await runtime.api_keys.revoke(tx, key_id)


@post(KEYS + "/{key_id:uuid}/rotate", opt=MAY_SET, dependencies=TENANT, cache_control=NEVER_CACHED)
async def rotate_key(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    key_id: FromPath[UUID],
    data: JSONBody[Overlap],
) -> RotatedKey:
    """Another token for the same use; the old one works on for `overlap_s`."""
    overlap = timedelta(seconds=data.overlap_s)
    async with runtime.database.transaction(tenant) as tx:
        done = await runtime.api_keys.rotate(tx, key_id, overlap)
    return RotatedKey(
        token=done.token,
        replaces=done.replaced.id,
        replaced_works_until=done.replaced.expires_at,
        **msgspec.structs.asdict(done.key),
    )


ROUTES = (list_keys, create_key, revoke_key, rotate_key)
