"""API tokens: made, listed and revoked with the admin token."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody

from app.api.access import ADMIN
from app.api.callers import own_scope
from app.core.scope import OrgScope
from app.runtime import Runtime
from app.tenancy.domain.keys import ApiKey, NewApiKey

TENANT = {"tenant": Provide(own_scope, sync_to_thread=False)}


class TokenRequest(msgspec.Struct, frozen=True):
    user_id: str
    label: str = ""
    expires_at: datetime | None = None


class CreatedToken(msgspec.Struct, frozen=True, kw_only=True):
    success: Literal[True] = True
    token: str
    id: UUID
    user_id: str
    label: str
    created_at: datetime
    expires_at: datetime | None


class TokenList(msgspec.Struct, frozen=True):
    tokens: list[ApiKey]
    total: int


class RevokedToken(msgspec.Struct, frozen=True, kw_only=True):
    success: Literal[True] = True
    id: UUID


@post("/auth/tokens", opt=ADMIN, dependencies=TENANT, status_code=200)
async def create_token(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    data: JSONBody[TokenRequest],
) -> CreatedToken:
    """The token is in this answer and nowhere else."""
    new = NewApiKey(data.user_id, data.label, data.expires_at)
    async with runtime.database.transaction(tenant) as tx:
        key, token = await runtime.api_keys.create(tx, new)
    return CreatedToken(
        token=token,
        id=key.id,
        user_id=key.user_id,
        label=key.label,
        created_at=key.created_at,
        expires_at=key.expires_at,
    )


@get("/auth/tokens", opt=ADMIN, dependencies=TENANT)
async def list_tokens(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    user_id: FromQuery[str | None] = None,
) -> TokenList:
    """The active ones, or those of one user."""
    async with runtime.database.transaction(tenant) as tx:
        tokens = await runtime.api_keys.list(tx, user_id=user_id)
    return TokenList(tokens, len(tokens))


@delete("/auth/tokens/{token_id:uuid}", opt=ADMIN, dependencies=TENANT, status_code=200)
async def revoke_token(
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    token_id: FromPath[UUID],
) -> RevokedToken:
    """It stops working at once."""
    async with runtime.database.transaction(tenant) as tx:
        await runtime.api_keys.revoke(tx, token_id)
    return RevokedToken(id=token_id)


ROUTES = (create_token, list_tokens, revoke_token)
