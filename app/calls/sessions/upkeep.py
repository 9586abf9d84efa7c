"""What calls leave behind is put in order: those whose process died are ended, what is too old is
deleted, what an old key encrypted is encrypted again."""

import logging
from datetime import timedelta
from uuid import UUID

import msgspec

from app.calls.sessions import store
from app.calls.sessions.domain import CallState, CallStateConflict
from app.calls.sessions.recordings import Recordings
from app.calls.sessions.records import CallRecords
from app.core.clock import utc_now
from app.core.db import Database, Tx
from app.core.jobs import JobKind, Jobs
from app.core.scope import OrgScope, Scope

log = logging.getLogger(__name__)

ACTOR = "calls"
ABANDONED_AFTER = timedelta(minutes=2)
UNANSWERED_AFTER = timedelta(minutes=15)
_AT_ONCE = 200


class EndAbandoned(msgspec.Struct, frozen=True):
    pass


class TendCalls(msgspec.Struct, frozen=True):
    pass


END_ABANDONED = JobKind("calls.end_abandoned", EndAbandoned, cron="* * * * *")
TEND = JobKind("calls.tend", TendCalls, cron="23 4 * * *")


class CallUpkeep:
    def __init__(
        self, database: Database, jobs: Jobs, records: CallRecords, recordings: Recordings
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._records = records
        self._recordings = recordings
        jobs.register(END_ABANDONED, self._end_abandoned)
        jobs.register(TEND, self._tend)

    async def tend_soon(self, tx: Tx) -> None:
        """Asked at each start, since the master key may have changed before it."""
        await self._jobs.enqueue(tx, TEND, TendCalls(), key="all")

    async def end_abandoned(self, scope: Scope) -> None:
        """Their processes were killed, or nobody ever answered."""
        now = utc_now()
        async with self._database.transaction(scope) as tx:
            found = await store.abandoned(
                tx, held=now - ABANDONED_AFTER, waiting=now - UNANSWERED_AFTER, limit=_AT_ONCE
            )
        for org_id, call_id, state in found:
            async with self._database.transaction(OrgScope(org_id, ACTOR)) as tx:
                try:
                    await self._end(tx, call_id, CallState(state))
                except CallStateConflict:
                    log.info("call %s ended by itself after all", call_id)

    async def forget_old(self, scope: Scope) -> None:
        """With their recordings; and recordings of which there is no call any more."""
        while True:
            async with self._database.transaction(scope) as tx:
                outdated = await store.outdated(tx, utc_now(), _AT_ONCE)
                await store.remove(tx, outdated)
            await self._recordings.forget(outdated)
            if len(outdated) < _AT_ONCE:
                break
        lying = await self._recordings.old()
        async with self._database.transaction(scope) as tx:
            known = await store.existing(tx, lying)
        await self._recordings.forget(set(lying) - known)

    async def _end(self, tx: Tx, call_id: UUID, state: CallState) -> None:
        if state is CallState.IN_PROGRESS:
            await self._records.move(tx, call_id, CallState.FAILED, reason="process_died")
        else:
            await self._records.move(tx, call_id, CallState.NO_ANSWER)

    async def _end_abandoned(self, scope: Scope, _: EndAbandoned) -> None:
        await self.end_abandoned(scope)

    async def _tend(self, scope: Scope, _: TendCalls) -> None:
        await self.forget_old(scope)
        await self._records.sealing.rotate(self._database, scope)
