"""Which user an identity of a provider is: the one it was linked to, the one whose address the
provider verified, or a new one. Believes nothing by itself: the identity must have been verified.
"""

import logging
from dataclasses import dataclass
from uuid import uuid4

from app.core.clock import utc_now
from app.core.db import Database, Tx
from app.core.errors import Conflict, InvalidInput
from app.core.scope import UserScope, system_scope
from app.tenancy.accounts import Accounts
from app.tenancy.domain.oidc import GOOGLE, Identity, OAuthLinked
from app.tenancy.domain.principals import Device, TokenInvalid
from app.tenancy.domain.sessions import SessionTokens
from app.tenancy.domain.users import Account, Newcomer, SignUpClosed, email_address
from app.tenancy.keys import ApiKeys
from app.tenancy.sessions import Sessions
from app.tenancy.store import oauth as store
from app.tenancy.store import users as user_store
from app.tenancy.store.rows import EmailVerificationRow, PasswordResetRow, UserRow
from app.tenancy.users import Users

TRIES = 3
"""Another request may do the same at the same time: then what that one did is found."""


class SignInClashed(Conflict):
    code = "sign_in_clashed"


class _Taken(Exception):
    """The address, or the identity, got a user meanwhile."""


@dataclass(frozen=True, slots=True)
class _Found:
    account: Account
    is_linked: bool


class Identities:
    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        users: Users,
        sessions: Sessions,
        api_keys: ApiKeys,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._users = users
        self._sessions = sessions
        self._api_keys = api_keys

    async def sign_in(
        self, identity: Identity, device: Device, *, instead_of: str = ""
    ) -> SessionTokens:
        """Opens a session for whoever was verified to be `identity`. `instead_of` is the refresh
        token of the browser, whose session ends."""
        account = await self.get_or_make_user(identity, device)
        entrance = await self._users.enter(account, "google", device)
        await self._users.log_out(instead_of, "", device)
        return entrance.tokens

    async def get_or_make_user(self, identity: Identity, device: Device) -> Account:
        email = _address_of(identity)
        for _ in range(TRIES):
            found = await self._find(identity, email)
            if found and found.is_linked:
                return found.account
            identity.require_verified_email()
            try:
                if found:
                    await self._link(found.account, identity, device)
                else:
                    await self._make(identity, email, device)
            except _Taken:
                continue
        found = await self._find(identity, email)
        if found is None or not found.is_linked:
            raise SignInClashed("Somebody signs in with this address at the same time: try again")
        return found.account

    async def _find(self, identity: Identity, email: str | None) -> _Found | None:
        scope = system_scope("identity look-up", level=logging.DEBUG)
        async with self._database.transaction(scope) as tx:
            user_id = await store.find_linked_user(tx, identity.provider, identity.subject)
            if user_id:
                account = await user_store.find_account_of(tx, user_id)
            else:
                account = await user_store.find_account(tx, email) if email else None
        return _Found(account, user_id is not None) if account else None

    async def _link(self, account: Account, identity: Identity, device: Device) -> None:
        async with self._database.transaction(account.scope(device)) as tx:
            user = await user_store.lock_user(tx, account.user_id)
            if user is None or user.email != account.email:
                raise _Taken
            if not await store.add_link(tx, identity.provider, identity.subject):
                raise _Taken
            is_unproven = user.email_verified_at is None
            if is_unproven:
                await self._shut_out_stranger(tx, user)
            await self._accounts.note(
                tx, OAuthLinked(provider=identity.provider, replaced_stranger=is_unproven)
            )
        if is_unproven:
            await self._revoke_keys(account, device)

    async def _shut_out_stranger(self, tx: Tx, user: UserRow) -> None:
        """Whoever registered an address without proving it may be waiting for its owner to come:
        nothing that one knows or has may open the account from now on."""
        user.password_hash = None
        user.email_verified_at = utc_now()
        for kind in (PasswordResetRow, EmailVerificationRow):
            await user_store.drop_proofs(tx, kind, user.id)
        await self._sessions.end_all(tx)

    async def _revoke_keys(self, account: Account, device: Device) -> None:
        """Those that the user made so far, in every organization: they are credentials too."""
        async with self._database.transaction(UserScope(account.user_id)) as tx:
            organizations = await user_store.belongings(tx, account.user_id)
        actor = str(account.user_id)
        for each in organizations:
            scope = device.scope(each.id, actor=actor, user_id=account.user_id)
            async with self._database.transaction(scope) as tx:
                for key in await self._api_keys.list(tx, user_id=actor):
                    await self._api_keys.revoke(tx, key.id)

    async def _make(self, identity: Identity, email: str | None, device: Device) -> None:
        """Who has no address can be invited by nobody."""
        if not await self._users.may_sign_up(email or ""):
            raise SignUpClosed("Nobody can sign up here: ask the operator for an account")
        new = Newcomer(
            uuid4(),
            "google" if identity.provider == GOOGLE else "oidc",
            email,
            identity.name,
            is_verified=email is not None,
        )
        scope = device.scope(uuid4(), actor=str(new.user_id), user_id=new.user_id)
        async with self._database.transaction(scope) as tx:
            added = await self._users.add(tx, new)
            if not (added and await store.add_link(tx, identity.provider, identity.subject)):
                raise _Taken
            await self._accounts.note(
                tx, OAuthLinked(provider=identity.provider, replaced_stranger=False)
            )


def _address_of(identity: Identity) -> str | None:
    if identity.email is None:
        return None
    try:
        return email_address(identity.email)
    except InvalidInput as error:
        raise TokenInvalid("Invalid or expired token") from error
