"""Proofs that a letter reached its user: they verify an address, or replace a lost password."""

import logging
from datetime import timedelta
from typing import TypeVar
from uuid import UUID, uuid4

from app.core.clock import utc_now
from app.core.crypto import KeyRing, new_token
from app.core.db import Database, Tx, forbid_in_transaction
from app.core.scope import system_scope
from app.tenancy.accounts import Accounts
from app.tenancy.discretion import Matter
from app.tenancy.domain.passwords import chosen_password
from app.tenancy.domain.principals import Device
from app.tenancy.domain.users import (
    Account,
    EmailVerified,
    PasswordReset,
    PasswordResetAsked,
    ProofInvalid,
    email_address,
)
from app.tenancy.guard import Guard
from app.tenancy.sessions import Sessions
from app.tenancy.store import users as store
from app.tenancy.store.rows import EmailVerificationRow, PasswordResetRow

RESET_VALID = timedelta(hours=1)
VERIFICATION_VALID = timedelta(hours=24)

P = TypeVar("P", PasswordResetRow, EmailVerificationRow)


class Proofs:
    """Who changes a user's proofs holds the user first: of each kind one at most is valid."""

    def __init__(
        self,
        database: Database,
        keys: KeyRing,
        accounts: Accounts,
        guard: Guard,
        sessions: Sessions,
    ) -> None:
        self._database = database
        self._keys = keys
        self._accounts = accounts
        self._guard = guard
        self._sessions = sessions
        guard.discretion.on(Matter.RESET, self._offer_reset)
        guard.discretion.on(Matter.VERIFICATION, self._verify_again)

    async def forgot_password(self, email: str, device: Device) -> None:
        """Tells nobody whether there is such an account."""
        forbid_in_transaction()
        await self._guard.write_to(Matter.RESET, email_address(email), device)

    async def resend_verification(self, email: str, device: Device) -> None:
        """The same."""
        forbid_in_transaction()
        await self._guard.write_to(Matter.VERIFICATION, email_address(email), device)

    async def reset_password(self, token: str, password: str, device: Device) -> None:
        """Whoever can read the user's letters has also verified the address by it."""
        forbid_in_transaction()
        await self._guard.attempts.at("token", device)
        proof, account = await self._find(PasswordResetRow, token)
        chosen = chosen_password(password, email=account.email)
        password_hash = await self._guard.passwords.hash(chosen)
        async with self._database.transaction(account.scope(device)) as tx:
            user = await store.lock_user(tx, account.user_id)
            if user is None or not await store.use_proof(tx, proof):
                raise ProofInvalid
            user.email_verified_at = user.email_verified_at or utc_now()
            await self.replace_password(tx, account, password_hash)
            await self._accounts.note(tx, PasswordReset())

    async def verify_email(self, token: str, device: Device) -> None:
        forbid_in_transaction()
        await self._guard.attempts.at("token", device)
        proof, account = await self._find(EmailVerificationRow, token)
        async with self._database.transaction(account.scope(device)) as tx:
            user = await store.lock_user(tx, account.user_id)
            if user is None or not await store.use_proof(tx, proof):
                raise ProofInvalid
            user.email_verified_at = user.email_verified_at or utc_now()
            await self._sessions.forget(tx)
            await self._accounts.note(tx, EmailVerified())

    async def ask_to_verify(self, tx: Tx, user_id: UUID, email: str) -> None:
        token, now = new_token("verify_"), utc_now()
        row = EmailVerificationRow(
            id=uuid4(),
            user_id=user_id,
            email=email,
            token_hash=self._keys.token_hash(token),
            created_at=now,
            expires_at=now + VERIFICATION_VALID,
        )
        await store.add_proof(tx, row)
        await self._accounts.letters.ask_to_verify(tx, email, token, row.expires_at)

    async def replace_password(
        self, tx: Tx, account: Account, password_hash: str, *, but: UUID | None = None
    ) -> None:
        """Ends every session, `but` one, and what a letter on its way could still change."""
        user = await store.lock_user(tx, account.user_id)
        if user is None or account.email is None:
            raise ProofInvalid
        user.password_hash = password_hash
        await store.drop_proofs(tx, PasswordResetRow, account.user_id)
        await self._sessions.end_all(tx, but=but)
        await self._accounts.letters.tell_of_new_password(tx, account.email)

    async def _offer_reset(self, tx: Tx, account: Account) -> None:
        assert account.email is not None, "it was found by its address"
        await store.lock_user(tx, account.user_id)
        token, now = new_token("reset_"), utc_now()
        row = PasswordResetRow(
            id=uuid4(),
            user_id=account.user_id,
            token_hash=self._keys.token_hash(token),
            created_at=now,
            expires_at=now + RESET_VALID,
        )
        await store.add_proof(tx, row)
        await self._accounts.letters.offer_reset(tx, account.email, token, row.expires_at)
        await self._accounts.note(tx, PasswordResetAsked())

    async def _verify_again(self, tx: Tx, account: Account) -> None:
        user = await store.lock_user(tx, account.user_id)
        if user and user.email and user.email_verified_at is None:
            await self.ask_to_verify(tx, account.user_id, user.email)

    async def _find(self, kind: type[P], token: str) -> tuple[P, Account]:
        scope = system_scope("token of a letter look-up", level=logging.DEBUG)
        async with self._database.transaction(scope) as tx:
            proof = await store.find_proof(tx, kind, self._keys.token_hashes(token))
            account = proof and await store.find_account_of(tx, proof.user_id)
        if proof is None or account is None:
            raise ProofInvalid
        return proof, account
