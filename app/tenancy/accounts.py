"""Finds accounts, keeps and tells what happens to them; what `Users` and `Proofs` build on."""

import logging
from uuid import UUID

from app.core.db import Database, Tx
from app.core.events import Events
from app.core.scope import OrgScope, UserScope, system_scope
from app.tenancy.domain.audit import AuditedEvent
from app.tenancy.domain.users import Account, UserNotFound
from app.tenancy.letters import Letters
from app.tenancy.store import users as store


class Accounts:
    def __init__(self, database: Database, events: Events, letters: Letters) -> None:
        self.database = database
        self._events = events
        self.letters = letters

    async def find(self, email: str) -> Account | None:
        scope = system_scope("account look-up", level=logging.DEBUG)
        async with self.database.transaction(scope) as tx:
            return await store.find_account(tx, email)

    async def get(self, user_id: UUID) -> Account:
        async with self.database.transaction(UserScope(user_id)) as tx:
            account = await store.find_account_of(tx, user_id)
        if account is None:
            raise UserNotFound("User not found")
        return account

    async def note(self, tx: Tx, event: AuditedEvent) -> None:
        """In the audit log of the user's organization, where there is one."""
        if isinstance(tx.scope, OrgScope):
            await self._events.publish(tx, event)
