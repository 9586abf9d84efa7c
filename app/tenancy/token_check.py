"""Whom a token stands for, wherever it is known: here, at another service, or at both."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Protocol
from uuid import UUID

from app.core.aio import Supervisor
from app.core.crypto import KeyRing
from app.core.settings import Auth
from app.tenancy import remote_keys
from app.tenancy.domain.principals import Principal, TokenInvalid
from app.tenancy.keys import ApiKeys
from app.tenancy.remote_keys import RemoteKeys


class TokenCheck(Protocol):
    """`ApiKeys` by itself is one: AUTH_MODE=local."""

    async def authenticate(self, token: str) -> Principal: ...


class RemoteTokenCheck:
    """AUTH_MODE=hybrid: a key of ours, or a token that the other service knows.

    With `operator_only` (AUTH_MODE=remote) of our own keys the operator's alone is good here, so
    that the operator is not locked out.
    """

    def __init__(self, local: ApiKeys, remote: RemoteKeys, *, operator_only: bool) -> None:
        self._local = local
        self._remote = remote
        self._operator_only = operator_only

    async def authenticate(self, token: str) -> Principal:
        known = self._remote.find(token)  # the other service was asked since we did not know it
        if known:
            return known
        try:
            principal = await self._local.authenticate(token)
        except TokenInvalid:
            return await self._remote.authenticate(token)
        if self._operator_only and not principal.is_admin:
            return await self._remote.authenticate(token)
        return principal


@asynccontextmanager
async def opened_check(
    auth: Auth, local: ApiKeys, keys: KeyRing, supervisor: Supervisor, default_org: UUID
) -> AsyncGenerator[TokenCheck]:
    """That of AUTH_MODE. Whom the other service knows acts for `default_org`."""
    if auth.mode == "local":
        yield local
        return
    client = remote_keys.open_client(auth)
    try:
        remote = RemoteKeys(auth.remote_url, client, supervisor, keys, default_org)
        yield RemoteTokenCheck(local, remote, operator_only=auth.mode == "remote")
    finally:
        await client.aclose()
