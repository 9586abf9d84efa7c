"""Callers that show the token of an OpenID Connect issuer in place of an API key."""

from app.core.crypto import KeyRing
from app.core.db import Database
from app.core.notices import Notices
from app.core.scope import UserScope
from app.tenancy.domain.principals import Device, NoActiveOrganization, Principal
from app.tenancy.identities import Identities
from app.tenancy.known import KnownCallers
from app.tenancy.oidc import OidcIssuer
from app.tenancy.sessions import CHANNEL
from app.tenancy.store import sessions as store


class OidcCallers:
    def __init__(
        self,
        issuer: OidcIssuer,
        audience: str,
        identities: Identities,
        database: Database,
        notices: Notices,
        keys: KeyRing,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._identities = identities
        self._database = database
        self._keys = keys
        self._known = KnownCallers[bytes, Principal](notices, CHANNEL)

    async def authenticate(self, token: str, device: Device) -> Principal:
        """The user that the token speaks for, who is made at the first time."""
        token_hash = self._keys.token_hash(token)
        known = self._known.find(token_hash)
        if known:
            return known
        identity = await self._issuer.verify(token, audience=self._audience)
        account = await self._identities.get_or_make_user(identity, device)
        generation = self._known.generation
        async with self._database.transaction(UserScope(account.user_id)) as tx:
            roles = await store.roles(tx, account.user_id)
        role = account.home and roles.get(account.home)
        if not role or not account.home:
            raise NoActiveOrganization("No active organization: create one or join one")
        principal = Principal(account.home, account.user_id, str(account.user_id), role.permissions)
        self._known.remember(
            token_hash, principal, expires_at=identity.expires_at, generation=generation
        )
        return principal
