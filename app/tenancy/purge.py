"""Forgets what nobody can use any more: ended sessions, old proofs, guests that left."""

from datetime import timedelta

import msgspec

from app.core.clock import utc_now
from app.core.db import Database
from app.core.jobs import JobKind, Jobs
from app.core.scope import Scope
from app.tenancy.store.sessions import purge_sessions
from app.tenancy.store.users import purge_guests, purge_proofs

KEPT = timedelta(days=1)


class PurgeUsers(msgspec.Struct, frozen=True):
    pass


PURGE_USERS = JobKind("tenancy.purge_users", PurgeUsers, cron="29 3 * * *")


class Purge:
    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._database = database
        jobs.register(PURGE_USERS, self._run)

    async def _run(self, scope: Scope, _: PurgeUsers) -> None:
        before = utc_now() - KEPT
        async with self._database.transaction(scope) as tx:
            await purge_sessions(tx, before)
            await purge_proofs(tx, before)
            await purge_guests(tx)
