"""The door to calls: admitted, held from the first sound to the last, and on record however they
end."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from app.asr.streaming import StreamService
from app.calls.agents.domain import Agent
from app.calls.agents.service import Agents
from app.calls.customers.service import Customers
from app.calls.sessions.admission import CallAdmission
from app.calls.sessions.browsers import Prepared
from app.calls.sessions.casting import Casting
from app.calls.sessions.conducting import Cast, Held, conduct
from app.calls.sessions.domain import (
    Call,
    CallAsked,
    CallContents,
    CallNotFound,
    CallState,
    CallStateConflict,
)
from app.calls.sessions.live import LiveCall, Outcome
from app.calls.sessions.recording import RecordedLine
from app.calls.sessions.recordings import Recordings
from app.calls.sessions.records import CallRecords
from app.calls.sessions.sealed_file import new_key
from app.calls.sessions.summaries import Summaries
from app.calls.sessions.transcript import Transcript
from app.core.aio import TaskScope
from app.core.db import Database, DatabaseDown, Tx, forbid_in_transaction
from app.core.errors import AppError
from app.core.feed.port import Feed
from app.core.scope import OrgScope
from app.realtime.events import Began
from app.realtime.line import Line
from app.tenancy.domain.principals import Principal
from app.tenancy.domain.quota import Slot
from app.tenancy.domain.usage import Amounts
from app.tenancy.quota import Quotas
from app.tenancy.usage import UsageMeter

log = logging.getLogger(__name__)

ASKED_TO_END = "ended_by_user"
STOPPED = "shutdown"
DELETED = "deleted"
_COUNTED_AS = "call"
_LOOK_S = 5.0
_GOODBYE_S = 5.0
_WRITE_AGAIN_S = (0.2, 1.0, 5.0)


Adapt = Callable[[LiveCall, Cast], Awaitable[Cast]]


@dataclass(frozen=True, slots=True)
class CallDesk:
    """What calls are made of."""

    database: Database
    records: CallRecords
    recordings: Recordings
    summaries: Summaries
    agents: Agents
    customers: Customers
    casting: Casting
    streams: StreamService
    admission: CallAdmission
    quotas: Quotas
    usage: UsageMeter
    feed: Feed


class Calls:
    def __init__(self, desk: CallDesk) -> None:
        self._desk = desk
        self._database = desk.database
        self._live: dict[UUID, LiveCall] = {}
        self._emptied = asyncio.Event()
        self.records = desk.records
        self.recordings = desk.recordings

    def admit(self) -> None:
        """Raises CallsRefused where no call may begin now."""
        self._desk.admission.check(len(self._live))

    async def prepare(
        self,
        scope: OrgScope,
        agent_id: UUID,
        customer_id: UUID | None,
        *,
        adapt: Adapt | None = None,
    ) -> Prepared:
        """A call from a browser, on record once it is held. `adapt`: the agent to how it is
        held."""
        async with self._database.transaction(scope) as tx:
            agent = await self._desk.agents.get(tx, agent_id)
            if customer_id:
                await self._desk.customers.get(tx, customer_id)
        self.admit()
        asked = CallAsked(direction="browser", customer_id=customer_id)

        async def hold(line: Line) -> Held:
            opened_s = _now_s()
            async with self._database.transaction(scope) as tx:
                call = await self.records.add(tx, agent, asked)
            return await self._hold(scope, call, agent, line, opened_s, adapt)

        return Prepared(hold, agent.settings.video_enabled)

    async def hold(self, scope: OrgScope, call_id: UUID, line: Line) -> Held:
        """A call that is on record, as the version of its agent that it began with."""
        opened_s = _now_s()
        async with self._database.transaction(scope) as tx:
            call = await self.records.get(tx, call_id)
            version = await self._desk.agents.find_version(tx, call.agent_id, call.agent_version)
        assert version, "calls keep the versions that they refer to"
        agent = Agent(
            call.agent_id, version.number, version.settings, version.made_at, version.made_at
        )
        return await self._hold(scope, call, agent, line, opened_s)

    async def end(self, scope: OrgScope, call_id: UUID) -> Call:
        """Asks for it: whichever process holds the call hangs up, within seconds."""
        async with self._database.transaction(scope) as tx:
            call = await self.records.ask_to_end(tx, call_id, ASKED_TO_END)
        if live := self._live.get(call_id):
            await live.end(ASKED_TO_END)
        return call

    async def delete(self, scope: OrgScope, call_id: UUID) -> None:
        """With what was said in it, and its recording. Raises where it is not over."""
        forbid_in_transaction()
        async with self._database.transaction(scope) as tx:
            await self.records.forget(tx, call_id)
        await self.recordings.forget([call_id])

    async def run(self) -> None:
        """A service for `Supervisor.keep_running`: keeps the record of calls under way."""
        while True:
            await asyncio.sleep(_LOOK_S)
            await self._look_after_all()

    async def drain(self, within_s: float) -> None:
        """Takes no more calls; those under way may end by themselves, are said goodbye to shortly
        before the time is over, and hung up on then."""
        self._desk.admission.is_closed = True
        if not self._live:
            return
        log.info("stopping: %d calls get %g s to end", len(self._live), within_s)
        goodbye_s = min(_GOODBYE_S, within_s)
        if await self._is_emptied(within_s - goodbye_s):
            return
        for live in list(self._live.values()):
            live.leave(STOPPED)
        if await self._is_emptied(goodbye_s):
            return
        for live in list(self._live.values()):
            await live.end(STOPPED)
        await self._until_empty()

    async def _is_emptied(self, within_s: float) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._until_empty()
        return not self._live

    async def _until_empty(self) -> None:
        while self._live:
            self._emptied.clear()
            await self._emptied.wait()

    async def _hold(
        self,
        scope: OrgScope,
        call: Call,
        agent: Agent,
        line: Line,
        opened_s: float,
        adapt: Adapt | None = None,
    ) -> Held:
        transcript = Transcript(opened_s)
        live = LiveCall(scope, call, agent, line, self._desk.feed, transcript)
        try:
            async with self._admitted(live) as usual:
                cast = await adapt(live, usual) if adapt else usual
                await self._answer(live)
                return await self._talk(live, cast)
        except BaseException as error:
            live.outcome = Outcome(CallState.FAILED, _fault(error))
            raise
        finally:
            try:
                await self._close(live)
            finally:
                self._live.pop(call.id, None)
                self._emptied.set()

    @asynccontextmanager
    async def _admitted(self, live: LiveCall) -> AsyncGenerator[Cast]:
        desk, scope = self._desk, live.scope
        self.admit()
        self._live[live.call.id] = live
        async with AsyncExitStack() as stack:
            await desk.quotas.admit_audio(scope)
            await stack.enter_async_context(desk.quotas.slot(scope, Slot.CALL))
            sample_rate = live.line.playout.sample_rate
            yield await stack.enter_async_context(desk.casting.cast(scope, live.agent, sample_rate))

    async def _answer(self, live: LiveCall) -> None:
        key = new_key() if live.agent.settings.behavior.recording else b""
        async with self._database.transaction(live.scope) as tx:
            live.call = await self.records.move(tx, live.call.id, CallState.IN_PROGRESS)
            if key:
                await self.records.write(tx, live.call.id, partial(_with_key, key))
        began_s, opened_s = _now_s(), live.transcript.began_s
        live.transcript.began_s = began_s
        if key:
            live.recorder = self.recordings.recorder(
                live.call.id, key, live.line, began_s, began_s - opened_s
            )
        live.line.tell(Began(str(live.call.id)))
        live.announce("call.started")

    async def _talk(self, live: LiveCall, cast: Cast) -> Held:
        streams, recorder = self._desk.streams, live.recorder
        live.facts = cast.facts
        if recorder is None:
            return await conduct(live.line, cast, streams, live.tell, live.attend)
        async with TaskScope() as scope:
            line = RecordedLine(live.line, recorder)
            scope.spawn("recording", recorder.run())
            carrying = scope.spawn("carry sound to a recording", line.carry())
            try:
                return await conduct(line, cast, streams, live.tell, live.attend)
            finally:
                carrying.cancel()
                recorder.finish()

    async def _look_after_all(self) -> None:
        """Apart from `run`, which would keep hold of the last of them when it is over."""
        for live in list(self._live.values()):
            try:
                await self._look_after(live)
            except DatabaseDown:
                log.warning("the record of a call could not be written on")
            except CallNotFound:  # as where its organization was deleted
                await live.end(DELETED)

    async def _look_after(self, live: LiveCall) -> None:
        async with live.writing, self._database.transaction(live.scope) as tx:
            asked = await self.records.note_alive(tx, live.call.id)
            await self._write_turns(tx, live, is_over=False)
        if asked:
            await live.end(asked)

    async def _write_turns(self, tx: Tx, live: LiveCall, *, is_over: bool) -> None:
        turns = live.unwritten(is_over=is_over)
        await self.records.add_turns(tx, live.call.id, turns, first_number=live.written)

        def written() -> None:
            live.written += len(turns)

        tx.after_commit(written)

    async def _close(self, live: LiveCall) -> None:
        """The database may be away for a moment just now."""
        for again_s in (*_WRITE_AGAIN_S, None):
            try:
                await self._write_end(live)
                break
            except CallNotFound:
                log.info("call %s was deleted before it ended", live.call.id)
                break
            except DatabaseDown:
                if again_s is None:
                    log.exception("the end of call %s is not on record", live.call.id)
                    break
                await asyncio.sleep(again_s)
        live.announce("call.ended")

    async def _write_end(self, live: LiveCall) -> None:
        outcome = live.outcome or Outcome(CallState.FAILED, "unknown")
        has_spoken = any(turn.role == "user" for turn in live.transcript.turns)
        async with live.writing, self._database.transaction(live.scope) as tx:
            try:
                live.call = await self.records.move(
                    tx,
                    live.call.id,
                    outcome.state,
                    reason=outcome.reason,
                    disposition=outcome.disposition,
                )
            except CallStateConflict as error:
                log.warning("a call had ended before it ended: %s", error.message)
            await self._write_turns(tx, live, is_over=True)
            if live.recorder and live.recorder.recorded_bytes is not None:
                await self.records.note_recorded(tx, live.call.id, live.recorder.recorded_bytes)
            if found := dict(live.facts()):
                await self.records.write(tx, live.call.id, partial(_with_result, found))
            if has_spoken:
                await self._desk.summaries.soon(tx, live.call.id)
        amounts = Amounts(requests=1, audio_s=live.call.duration_s)
        principal = Principal(live.scope.org_id, live.agent.id, live.scope.actor)
        self._desk.usage.add(principal, _COUNTED_AS, amounts)


def _with_key(key: bytes, contents: CallContents) -> CallContents:
    return msgspec.structs.replace(contents, recording_key=key)


def _with_result(found: dict[str, Any], contents: CallContents) -> CallContents:
    return msgspec.structs.replace(contents, result=found)


def _fault(error: BaseException) -> str:
    if isinstance(error, AppError):
        return error.code
    return STOPPED if isinstance(error, asyncio.CancelledError) else "internal_error"


def _now_s() -> float:
    return asyncio.get_running_loop().time()
