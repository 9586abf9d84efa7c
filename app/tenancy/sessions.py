"""Sessions of users: a short access token, and a refresh token that is replaced at each use."""

import hmac
import logging
from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import datetime
from uuid import UUID, uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet, OctKey

from app.core.clock import utc_now
from app.core.crypto import KeyRing, new_token
from app.core.db import Database, Tx
from app.core.events import Events
from app.core.notices import Notices
from app.core.scope import UserScope, system_scope
from app.tenancy.domain.principals import Device, SessionInvalid, SignedIn
from app.tenancy.domain.sessions import (
    Lifetimes,
    RefreshTokenReused,
    SessionInfo,
    SessionNotFound,
    SessionTokens,
)
from app.tenancy.known import KnownCallers
from app.tenancy.store import sessions as store
from app.tenancy.store.rows import UserSessionRow

CHANNEL = "parley_sessions"
ISSUER = "parley"
ALGORITHM = "HS256"
REFRESH_PREFIX = "prt_"
REFRESH_PURPOSE = "refresh token"
DEVICE_INFO_MAX = 200
_CLAIMS = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": ISSUER},
    sub={"essential": True},
    sid={"essential": True},
    exp={"essential": True},
)


class Sessions:
    def __init__(
        self,
        database: Database,
        events: Events,
        notices: Notices,
        keys: KeyRing,
        lifetimes: Lifetimes,
    ) -> None:
        self._database = database
        self._events = events
        self._notices = notices
        self._keys = keys
        self._lifetimes = lifetimes
        signing: list[Key] = [OctKey.import_key(key) for key in keys.signing_keys("access tokens")]
        for key in signing:
            key.ensure_kid()
        self._signing = signing[0]
        self._verifying = KeySet(signing)
        self._known = KnownCallers[UUID, SignedIn](notices, CHANNEL)

    async def authenticate(self, access_token: str) -> SignedIn:
        """Also refuses a session that was ended since the token was made."""
        user_id, session_id = self._read(access_token)
        return self._known.find(session_id) or await self._look_up(user_id, session_id)

    async def open(self, tx: Tx, device: Device, *, org_id: UUID | None) -> SessionTokens:
        """For the user of the scope, who must have proved to be that one."""
        now = utc_now()
        session_id, token = uuid4(), new_token(REFRESH_PREFIX)
        row = UserSessionRow(
            id=session_id,
            user_id=tx.user_id,
            chain_id=session_id,
            refresh_token_hash=self._keys.token_hash(token),
            device_info=device.agent[:DEVICE_INFO_MAX],
            ip_address=device.address,
            active_org_id=org_id,
            created_at=now,
            expires_at=now + min(self._lifetimes.idle, self._lifetimes.absolute),
            ends_at=now + self._lifetimes.absolute,
        )
        await store.add_session(tx, row)
        return self._tokens(row, token)

    async def refresh(self, token: str, device: Device) -> SessionTokens:
        """Two at once with one token get the same new one. A token replaced longer ago than the
        grace was stolen, or its replacement was: the session ends for both."""
        scope = system_scope("refresh token look-up", level=logging.DEBUG)
        async with self._database.transaction(scope) as tx:
            session, row = await self._hold(tx, token)
            latest = await self._latest(tx, row, token)
            if latest is None:
                await store.revoke(tx, session.user_id, session.id)
                await self._notices.notify(tx, CHANNEL)
            elif latest[0] is row:
                latest = await self._replace(tx, row, token, device)
        if latest is None:
            await self._tell_of_reuse(session, device)
            raise _invalid()
        return self._tokens(*latest)

    async def find(self, refresh_token: str, access_token: str) -> tuple[UUID, UUID] | None:
        """The user and the session of what a browser shows, however old the refresh token is."""
        scope = system_scope("refresh token look-up", level=logging.DEBUG)
        async with self._database.transaction(scope) as tx:
            found = await store.find_session(tx, self._keys.token_hashes(refresh_token))
        if found is None and access_token:
            with suppress(SessionInvalid):
                return self._read(access_token)
        return found

    async def end(self, tx: Tx, session_id: UUID) -> None:
        """One of the sessions of the scope's user."""
        if not await store.revoke(tx, tx.user_id, session_id):
            raise SessionNotFound("Session not found")
        await self._notices.notify(tx, CHANNEL)

    async def end_all(self, tx: Tx, *, but: UUID | None = None) -> bool:
        """Those of the scope's user, such as after a change of password; whether there were any."""
        ended = await store.revoke_all(tx, tx.user_id, but_chain_id=but)
        await self._notices.notify(tx, CHANNEL)
        return ended

    async def list(self, tx: Tx) -> list[SessionInfo]:
        return await store.started_sessions(tx, tx.user_id)

    async def switch(self, tx: Tx, session_id: UUID, org_id: UUID) -> None:
        """Make `org_id` the active organization of a session. The caller knows the membership."""
        await store.set_active(tx, session_id, org_id)
        await self._notices.notify(tx, CHANNEL)

    async def forget(self, tx: Tx) -> None:
        """To be called with every change of what `SignedIn` says: a role, an address, a name."""
        await self._notices.notify(tx, CHANNEL)

    async def _look_up(self, user_id: UUID, session_id: UUID) -> SignedIn:
        generation = self._known.generation
        async with self._database.transaction(UserScope(user_id)) as tx:
            found = await store.find_current(tx, session_id)
            if found is None:
                raise _invalid()
            token, user, active = found
            roles = await store.roles(tx, user_id)
        signed_in = SignedIn(
            user_id=user_id,
            session_id=session_id,
            email=user.email,
            is_verified=user.email_verified_at is not None,
            active_org_id=active if active in roles else next(iter(roles), None),
            roles=roles,
        )
        self._known.remember(
            session_id, signed_in, expires_at=token.expires_at, generation=generation
        )
        return signed_in

    async def _hold(self, tx: Tx, token: str) -> tuple[UserSessionRow, UserSessionRow]:
        """The session, which nobody else can refresh meanwhile, and the row of the token."""
        hashes = self._keys.token_hashes(token)
        found = await store.find_session(tx, hashes)
        session = found and await store.lock_session(tx, found[1])
        if not session or session.revoked_at is not None:
            raise _invalid()
        row = await store.find_token(tx, hashes)
        if row is None:
            raise _invalid()
        return session, row

    async def _latest(
        self, tx: Tx, row: UserSessionRow, token: str
    ) -> tuple[UserSessionRow, str] | None:
        """The row and token that `token` was replaced by; None where it may not be used."""
        now = utc_now()
        while row.replaced_at is not None:
            if now - row.replaced_at > self._lifetimes.grace:
                return None
            row = await store.get_replacement(tx, row)
            token = self._token_of(row, replacing=token)
        if row.expires_at <= now:
            raise _invalid()
        return row, token

    async def _replace(
        self, tx: Tx, row: UserSessionRow, token: str, device: Device
    ) -> tuple[UserSessionRow, str]:
        now = utc_now()
        successor = self._successor(token)
        replacement = UserSessionRow(
            id=uuid4(),
            user_id=row.user_id,
            chain_id=row.chain_id,
            refresh_token_hash=self._keys.token_hash(successor),
            device_info=device.agent[:DEVICE_INFO_MAX],
            ip_address=device.address,
            created_at=now,
            expires_at=min(now + self._lifetimes.idle, row.ends_at),
            ends_at=row.ends_at,
        )
        await store.add_session(tx, replacement)
        row.replaced_by, row.replaced_at = replacement.id, now
        return replacement, successor

    def _successor(self, token: str) -> str:
        """Computed and not drawn, so that a lost answer can be asked for again. Needs our key."""
        return _signed(self._keys.signing_keys(REFRESH_PURPOSE)[0], token)

    def _token_of(self, row: UserSessionRow, *, replacing: str) -> str:
        """A replica with another current key may have made it."""
        for key in self._keys.signing_keys(REFRESH_PURPOSE):
            token = _signed(key, replacing)
            if self._keys.token_matches(token, row.refresh_token_hash):
                return token
        raise _invalid()

    async def _tell_of_reuse(self, session: UserSessionRow, device: Device) -> None:
        user_id = session.user_id
        async with self._database.transaction(UserScope(user_id)) as tx:
            roles = await store.roles(tx, user_id)
        active = session.active_org_id
        org_id = active if active in roles else next(iter(roles), None)
        if org_id is None:
            return
        scope = device.scope(org_id, actor=str(user_id), user_id=user_id)
        async with self._database.transaction(scope) as tx:
            await self._events.publish(tx, RefreshTokenReused(session_id=session.id))

    def _tokens(self, row: UserSessionRow, refresh_token: str) -> SessionTokens:
        expires_at = min(utc_now() + self._lifetimes.access, row.expires_at)
        access = self._access_token(row.user_id, row.chain_id, expires_at)
        return SessionTokens(access, expires_at, refresh_token, row.expires_at)

    def _access_token(self, user_id: UUID, session_id: UUID, expires_at: datetime) -> str:
        claims = {
            "iss": ISSUER,
            "aud": ISSUER,
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": int(utc_now().timestamp()),
            "exp": int(expires_at.timestamp()),
        }
        return jwt.encode({"alg": ALGORITHM, "kid": self._signing.kid}, claims, self._signing)

    def _read(self, access_token: str) -> tuple[UUID, UUID]:
        try:
            token = jwt.decode(access_token, self._verifying, algorithms=[ALGORITHM])
            _CLAIMS.validate(token.claims)
            return UUID(token.claims["sub"]), UUID(token.claims["sid"])
        except (JoseError, ValueError, TypeError, AttributeError) as error:
            raise _invalid() from error


def _signed(key: bytes, token: str) -> str:
    signature = hmac.digest(key, token.encode(), "sha256")
    return REFRESH_PREFIX + urlsafe_b64encode(signature).rstrip(b"=").decode()


def _invalid() -> SessionInvalid:
    return SessionInvalid("Not signed in, or the session has ended")
