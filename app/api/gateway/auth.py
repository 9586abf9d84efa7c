"""API tokens: made, listed, rotated and revoked with the admin token, in any organization."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody

from app.api.access import ADMIN
from app.api.callers import own_scope
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.keys import (
    MOST_OVERLAP_S,
    OVERLAP_S,
    ApiKey,
    NewApiKey,
    ShownApiKey,
)
from app.tenancy.domain.principals import KEY_SCOPES

NEVER_CACHED = CacheControlHeader(no_store=True)


async def operated_scope(
    runtime: NamedDependency[Runtime],
    own: NamedDependency[OrgScope],
    organization: FromQuery[str | None] = None,
) -> OrgScope:
    """Where the operator works: at home, or in the organization whose slug or id is asked for."""
    return await runtime.api_keys.operator_scope(own, organization)


OWN = Provide(own_scope, sync_to_thread=False)
TENANT = {"tenant": OWN}
OPERATED = {"own": OWN, "tenant": Provide(operated_scope)}


class TokenRequest(msgspec.Struct, frozen=True):
    user_id: str
    label: str = ""
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = KEY_SCOPES
    organization: str | None = None


class Overlap(msgspec.Struct, frozen=True):
    overlap_s: Annotated[int, msgspec.Meta(ge=0, le=MOST_OVERLAP_S)] = OVERLAP_S
    """For how long the old token works beside the new one."""


class CreatedToken(ShownApiKey, frozen=True, kw_only=True):
    success: Literal[True] = True


class RotatedToken(CreatedToken, frozen=True, kw_only=True):
    replaces: UUID
    replaced_works_until: datetime | None


class TokenList(msgspec.Struct, frozen=True):
    tokens: list[ApiKey]
    total: int


class RevokedToken(msgspec.Struct, frozen=True, kw_only=True):
    success: Literal[True] = True
    id: UUID


@post("/auth/tokens", opt=ADMIN, dependencies=TENANT, status_code=200, cache_control=NEVER_CACHED)
async def create_token(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    data: JSONBody[TokenRequest],
) -> CreatedToken:
    """The token is in this answer and nowhere else."""
    new = NewApiKey(data.user_id, data.label, data.expires_at, scopes=data.scopes)
    scope = await runtime.api_keys.operator_scope(tenant, data.organization)
    async with runtime.database.transaction(scope) as tx:
        key, token = await runtime.api_keys.create(tx, new)
    return CreatedToken(token=token, **msgspec.structs.asdict(key))


@get("/auth/tokens", opt=ADMIN, dependencies=OPERATED)
async def list_tokens(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    user_id: FromQuery[str | None] = None,
) -> TokenList:
    """The active ones, or those of one user."""
    async with runtime.database.transaction(tenant) as tx:
        tokens = await runtime.api_keys.list(tx, user_id=user_id, admins_too=True)
    return TokenList(tokens, len(tokens))


@delete("/auth/tokens/{token_id:uuid}", opt=ADMIN, dependencies=OPERATED, status_code=200)
async def revoke_token(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    token_id: FromPath[UUID],
) -> RevokedToken:
    """It stops working at once."""
    async with runtime.database.transaction(tenant) as tx:
        await runtime.api_keys.revoke(tx, token_id, admins_too=True)
    return RevokedToken(id=token_id)


@post(
    "/auth/tokens/{token_id:uuid}/rotate",
    opt=ADMIN,
    dependencies=OPERATED,
    status_code=200,
    cache_control=NEVER_CACHED,
)
async def rotate_token(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    token_id: FromPath[UUID],
    data: JSONBody[Overlap],
) -> RotatedToken:
    """Another token for the same use; the old one works on for `overlap_s`."""
    overlap = timedelta(seconds=data.overlap_s)
    async with runtime.database.transaction(tenant) as tx:
        done = await runtime.api_keys.rotate(tx, token_id, overlap, admins_too=True)
    return RotatedToken(
        token=done.token,
        replaces=done.replaced.id,
        replaced_works_until=done.replaced.expires_at,
        **msgspec.structs.asdict(done.key),
    )


ROUTES = (create_token, list_tokens, revoke_token, rotate_token)
