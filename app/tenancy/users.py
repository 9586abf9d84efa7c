"""Users: how they sign up, come in and go out, and what they change of themselves."""

import logging
from contextlib import suppress
from secrets import token_hex
from uuid import UUID, uuid4

from app.core.clock import utc_now
from app.core.db import Database, Tx, forbid_in_transaction
from app.core.scope import UserScope, system_scope
from app.tenancy.accounts import Accounts
from app.tenancy.discretion import Matter
from app.tenancy.domain.passwords import chosen_password
from app.tenancy.domain.principals import Device, SignedIn
from app.tenancy.domain.sessions import SessionNotFound, SessionsRevoked
from app.tenancy.domain.users import (
    Account,
    CredentialsWrong,
    CurrentPasswordWrong,
    EmailNotVerified,
    Entrance,
    LoginFailed,
    Newcomer,
    PasswordChanged,
    PasswordMissing,
    Profile,
    Provider,
    SignUpClosed,
    SignUpRepeated,
    UserLoggedIn,
    UserLoggedOut,
    UserNotFound,
    UserRenamed,
    UserRules,
    UserSignedUp,
    email_address,
    person_name,
)
from app.tenancy.guard import Guard
from app.tenancy.organizations import Organizations
from app.tenancy.proofs import Proofs
from app.tenancy.sessions import Sessions
from app.tenancy.store import users as store

HOME_NAME = "Personal"


class Users:
    def __init__(
        self,
        database: Database,
        accounts: Accounts,
        guard: Guard,
        sessions: Sessions,
        organizations: Organizations,
        proofs: Proofs,
        rules: UserRules,
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._guard = guard
        self._sessions = sessions
        self._organizations = organizations
        self._proofs = proofs
        self.rules = rules
        guard.discretion.on(Matter.SIGN_UP, self._tell_of_sign_up)
        guard.discretion.on(Matter.LOGIN_FAILED, self._note_failure)

    async def sign_up(self, email: str, password: str, name: str, device: Device) -> None:
        """Tells nobody whether there was such an account: its owner gets a letter instead."""
        forbid_in_transaction()
        if self.rules.sign_up == "closed":
            raise SignUpClosed("Nobody can sign up here: ask the operator for an account")
        address = email_address(email)
        chosen, name = chosen_password(password, email=address), person_name(name)
        await self._guard.attempts.of_letter(Matter.SIGN_UP, address, device)
        password_hash = await self._guard.passwords.hash(chosen)
        new = Newcomer(uuid4(), "password", address, name, password_hash)
        if not (await self.may_sign_up(address) and await self.register(new, device)):
            await self._guard.discretion.attend(Matter.SIGN_UP, address, device)

    async def may_sign_up(self, address: str) -> bool:
        if self.rules.sign_up != "invited":
            return self.rules.sign_up == "open"
        scope = system_scope("invitation look-up", level=logging.DEBUG)
        async with self._database.transaction(scope) as tx:
            return await store.is_invited(tx, address)

    async def register(self, new: Newcomer, device: Device) -> bool:
        scope = device.scope(uuid4(), actor=str(new.user_id), user_id=new.user_id)
        async with self._database.transaction(scope) as tx:
            return await self.add(tx, new)

    async def add(self, tx: Tx, new: Newcomer) -> bool:
        """The account and an organization of its own, in the scope of both, which are new; False
        where the address has an account."""
        if not await store.add_user(tx, new):
            return False
        slug = f"personal-{token_hex(8)}"
        await self._organizations.create_in(tx, HOME_NAME, slug, owner_id=new.user_id)
        await self._accounts.note(tx, UserSignedUp(provider=new.provider))
        if new.email and not new.is_verified:
            await self._proofs.ask_to_verify(tx, new.user_id, new.email)
        return True

    async def log_in(
        self, email: str, password: str, device: Device, *, instead_of: str = ""
    ) -> Entrance:
        """`instead_of` is the refresh token of the browser, whose session ends."""
        forbid_in_transaction()
        account = await self._check(email_address(email), password, device)
        if self.rules.requires_verified_email and not account.is_verified:
            raise EmailNotVerified("Confirm your e-mail address first: a letter tells how")
        improved = await self._guard.passwords.improved(password, account.password_hash or "")
        entrance = await self.enter(account, "password", device, improved_hash=improved)
        await self.log_out(instead_of, "", device)
        return entrance

    async def enter(
        self,
        account: Account,
        provider: Provider,
        device: Device,
        *,
        improved_hash: str | None = None,
    ) -> Entrance:
        """For whoever proved to be that user, and whose password was not changed meanwhile."""
        async with self._database.transaction(account.scope(device)) as tx:
            user = await store.lock_user(tx, account.user_id)
            if user is None or user.password_hash != account.password_hash:
                raise CredentialsWrong
            user.last_login_at = utc_now()
            user.password_hash = improved_hash or user.password_hash
            tokens = await self._sessions.open(tx, device, org_id=account.home)
            await self._accounts.note(tx, UserLoggedIn(provider=provider))
        return Entrance(await self.profile(account.user_id, account.home), tokens)

    async def guest(self, device: Device, *, instead_of: str = "") -> Entrance:
        """Lasts as long as its session."""
        forbid_in_transaction()
        if not self.rules.admits_guests:
            raise SignUpClosed("Guests are not admitted here")
        await self._guard.attempts.at("guest", device)
        new, org_id = Newcomer(uuid4(), "guest", name="Guest"), uuid4()
        scope = device.scope(org_id, actor=str(new.user_id), user_id=new.user_id)
        async with self._database.transaction(scope) as tx:
            await self.add(tx, new)
            tokens = await self._sessions.open(tx, device, org_id=org_id)
        await self.log_out(instead_of, "", device)
        return Entrance(await self.profile(new.user_id, org_id), tokens)

    async def log_out(self, refresh_token: str, access_token: str, device: Device) -> None:
        """Ends the session that the tokens belong to, if there is one that can be ended."""
        if not (refresh_token or access_token):
            return
        found = await self._sessions.find(refresh_token, access_token)
        if found is None:
            return
        user_id, session_id = found
        with suppress(SessionNotFound, UserNotFound):
            account = await self._accounts.get(user_id)
            async with self._database.transaction(account.scope(device)) as tx:
                await self._sessions.end(tx, session_id)
                await self._accounts.note(tx, UserLoggedOut())

    async def profile(self, user_id: UUID, active_org_id: UUID | None) -> Profile:
        async with self._database.transaction(UserScope(user_id)) as tx:
            user = await store.find_user(tx, user_id)
            organizations = await store.belongings(tx, user_id)
        if user is None:
            raise UserNotFound("User not found")
        active = [each for each in organizations if each.id == active_org_id]
        return Profile(
            id=user.id,
            email=user.email,
            name=user.name,
            provider=user.auth_provider,
            is_verified=user.email_verified_at is not None,
            created_at=user.created_at,
            active=next(iter(active or organizations), None),
            organizations=organizations,
        )

    async def rename(self, signed_in: SignedIn, name: str, device: Device) -> Profile:
        name = person_name(name)
        account = await self._accounts.get(signed_in.user_id)
        async with self._database.transaction(account.scope(device)) as tx:
            user = await store.lock_user(tx, account.user_id)
            if user and user.name != name:
                user.name = name
                await self._accounts.note(tx, UserRenamed())
        return await self.profile(signed_in.user_id, signed_in.active_org_id)

    async def change_password(
        self, signed_in: SignedIn, current: str, password: str, device: Device
    ) -> None:
        """Ends the other sessions of the user."""
        forbid_in_transaction()
        await self._guard.attempts.of_password(str(signed_in.user_id), device)
        account = await self._accounts.get(signed_in.user_id)
        if account.password_hash is None:
            raise PasswordMissing("This account has no password: ask for a letter to choose one")
        chosen = chosen_password(password, email=account.email)
        if not await self._guard.passwords.verify(current, account.password_hash):
            raise CurrentPasswordWrong("current_password is wrong", field="current_password")
        password_hash = await self._guard.passwords.hash(chosen)
        async with self._database.transaction(account.scope(device)) as tx:
            user = await store.lock_user(tx, account.user_id)
            if user is None or user.password_hash != account.password_hash:
                raise CurrentPasswordWrong("current_password is wrong", field="current_password")
            but = signed_in.session_id
            await self._proofs.replace_password(tx, account, password_hash, but=but)
            await self._accounts.note(tx, PasswordChanged())

    async def end_session(self, user_id: UUID, session_id: UUID, device: Device) -> None:
        account = await self._accounts.get(user_id)
        async with self._database.transaction(account.scope(device)) as tx:
            await self._sessions.end(tx, session_id)
            await self._accounts.note(tx, SessionsRevoked(why="one was ended by its user"))

    async def end_other_sessions(self, signed_in: SignedIn, device: Device) -> None:
        account = await self._accounts.get(signed_in.user_id)
        async with self._database.transaction(account.scope(device)) as tx:
            if await self._sessions.end_all(tx, but=signed_in.session_id):
                await self._accounts.note(tx, SessionsRevoked(why="the others were ended"))

    async def _check(self, address: str, password: str, device: Device) -> Account:
        """Takes as long and says the same for an unknown account as for a wrong password."""
        await self._guard.attempts.of_password(address, device)
        account = await self._accounts.find(address)
        stored = account and account.password_hash
        matches = await self._guard.passwords.verify(password, stored)
        if account is None or not matches:
            await self._guard.discretion.attend(Matter.LOGIN_FAILED, address, device)
            raise CredentialsWrong
        return account

    async def _tell_of_sign_up(self, tx: Tx, account: Account) -> None:
        assert account.email is not None, "it was found by its address"
        await self._accounts.letters.tell_of_sign_up(tx, account.email)
        await self._accounts.note(tx, SignUpRepeated())

    async def _note_failure(self, tx: Tx, _: Account) -> None:
        await self._accounts.note(tx, LoginFailed())
