"""The durable record of calls: made when a call is asked for, written on while it lasts, kept for
as long as its agent says."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec

from app.calls.agents.domain import Agent
from app.calls.events import CallDeleted, CallEnded, CallStarted
from app.calls.sessions import store
from app.calls.sessions.domain import (
    Call,
    CallAsked,
    CallContents,
    CallNotFound,
    CallQuery,
    CallState,
    CallStateConflict,
    Segment,
    SummaryState,
    Timings,
    Turn,
)
from app.calls.sessions.sealing import CallSealing
from app.calls.sessions.store import CallRow, CallTurnRow
from app.core.clock import utc_now
from app.core.crypto import KeyRing
from app.core.db import Tx
from app.core.events import Events


class _Words(msgspec.Struct, frozen=True):
    text: str
    segments: tuple[Segment, ...] = ()


class CallRecords:
    def __init__(self, events: Events, keys: KeyRing) -> None:
        self._events = events
        self.sealing = CallSealing(keys)

    async def add(self, tx: Tx, agent: Agent, asked: CallAsked) -> Call:
        """A call that is only asked for as yet."""
        at, kept_days = utc_now(), agent.settings.behavior.retention_days
        row = CallRow(
            id=uuid4(),
            agent_id=agent.id,
            agent_version=agent.version,
            customer_id=asked.customer_id,
            direction=asked.direction,
            state=CallState.QUEUED.value,
            provider_id=asked.provider_id,
            started_at=at,
            alive_at=at,
            forget_at=at + timedelta(days=kept_days) if kept_days else None,
            duration_s=0.0,
            ended_reason="",
            summary_state=SummaryState.NONE.value,
        )
        contents = CallContents(
            from_number=asked.from_number,
            to_number=asked.to_number,
            metadata=dict(asked.metadata),
        )
        self.sealing.seal(row, contents)
        await store.add(tx, row)
        return _shown(row, contents)

    async def move(
        self, tx: Tx, call_id: UUID, state: CallState, *, reason: str = "", disposition: str = ""
    ) -> Call:
        """Does nothing to a call that is there already; raises where it cannot get there. Also
        moves one whose contents cannot be opened, and leaves these as they are."""
        row = await self._found(tx, call_id, lock=True)
        contents = self.sealing.opened(row, CallContents)
        before = CallState(row.state)
        if state is before:
            return _shown(row, contents)
        before.check_before(state)
        row.state, now = state.value, utc_now()
        row.alive_at = now
        if state is CallState.IN_PROGRESS:
            row.answered_at = now
            await self._events.publish(tx, _started(row))
        if state.is_over:
            row.ended_at, row.ended_reason = now, reason or state.value
            row.duration_s = (now - (row.answered_at or now)).total_seconds()
            if contents:
                contents = msgspec.structs.replace(contents, disposition=disposition or state.value)
                self.sealing.seal(row, contents)
            await self._events.publish(tx, _ended(row))
        return _shown(row, contents)

    async def note_alive(self, tx: Tx, call_id: UUID) -> str:
        """Says that the call goes on. Why somebody wants it ended; empty where nobody does."""
        row = await self._found(tx, call_id, lock=True)
        row.alive_at = utc_now()
        return row.ended_reason

    async def ask_to_end(self, tx: Tx, call_id: UUID, reason: str) -> Call:
        """Of one that nobody has answered yet, the end. Raises where it is over."""
        call = await self.get(tx, call_id)
        if call.state is not CallState.IN_PROGRESS:
            return await self.move(tx, call_id, CallState.CANCELLED, reason=reason)
        row = await self._found(tx, call_id, lock=True)
        row.ended_reason = row.ended_reason or reason
        return self._opened(row)

    async def set_provider(self, tx: Tx, call_id: UUID, provider_id: str) -> None:
        row = await self._found(tx, call_id, lock=True)
        row.provider_id = provider_id

    async def note_recorded(self, tx: Tx, call_id: UUID, size_bytes: int) -> None:
        (await self._found(tx, call_id, lock=True)).recorded_bytes = size_bytes

    async def note_summary(self, tx: Tx, call_id: UUID, state: SummaryState) -> None:
        (await self._found(tx, call_id, lock=True)).summary_state = state.value

    async def write(
        self, tx: Tx, call_id: UUID, change: Callable[[CallContents], CallContents]
    ) -> None:
        row = await self._found(tx, call_id, lock=True)
        self.sealing.seal(row, change(self.sealing.open(row, CallContents)))

    async def add_turns(
        self, tx: Tx, call_id: UUID, turns: Sequence[Turn], *, first_number: int
    ) -> None:
        rows = [_turn_row(call_id, number, turn) for number, turn in enumerate(turns, first_number)]
        for row, turn in zip(rows, turns, strict=True):
            self.sealing.seal(row, _Words(turn.text, turn.segments))
        await store.add(tx, *rows)

    async def get(self, tx: Tx, call_id: UUID) -> Call:
        return self._opened(await self._found(tx, call_id))

    async def find_by_provider(self, tx: Tx, provider_id: str) -> Call | None:
        row = await store.find_by_provider(tx, provider_id)
        return self._opened(row) if row else None

    async def list(self, tx: Tx, query: CallQuery) -> list[Call]:
        """Those that cannot be opened without their contents."""
        rows = await store.page(tx, query)
        return [_shown(row, self.sealing.opened(row, CallContents)) for row in rows]

    async def count(self, tx: Tx, query: CallQuery) -> int:
        return await store.count(tx, query)

    async def turns(self, tx: Tx, call_id: UUID) -> Sequence[Turn]:
        return (await self.turns_of(tx, [call_id])).get(call_id, ())

    async def turns_of(self, tx: Tx, call_ids: Collection[UUID]) -> Mapping[UUID, Sequence[Turn]]:
        return await asyncio.to_thread(self._opened_turns, await store.turns(tx, call_ids))

    async def forget(self, tx: Tx, call_id: UUID) -> None:
        """Raises where the call is not over."""
        row = await self._found(tx, call_id, lock=True)
        if not CallState(row.state).is_over:
            raise CallStateConflict(f"The call is {row.state}: end it first")
        await store.remove(tx, [call_id])
        await self._events.publish(tx, CallDeleted(call_id=call_id))

    def _opened_turns(self, rows: Sequence[CallTurnRow]) -> Mapping[UUID, Sequence[Turn]]:
        found: dict[UUID, list[Turn]] = {}
        for row in rows:
            turn = _turn(row, self.sealing.opened(row, _Words) or _Words(text=""))
            found.setdefault(row.call_id, []).append(turn)
        return found

    def _opened(self, row: CallRow) -> Call:
        return _shown(row, self.sealing.open(row, CallContents))

    async def _found(self, tx: Tx, call_id: UUID, *, lock: bool = False) -> CallRow:
        row = await store.find(tx, call_id, lock=lock)
        if row is None:
            raise CallNotFound("Call not found")
        return row


def _shown(row: CallRow, contents: CallContents | None) -> Call:
    return Call(
        id=row.id,
        agent_id=row.agent_id,
        agent_version=row.agent_version,
        customer_id=row.customer_id,
        direction=row.direction,
        state=CallState(row.state),
        provider_id=row.provider_id,
        started_at=row.started_at,
        answered_at=row.answered_at,
        ended_at=row.ended_at,
        duration_s=row.duration_s,
        ended_reason=row.ended_reason,
        recorded_bytes=row.recorded_bytes,
        summary_state=SummaryState(row.summary_state),
        contents=contents or CallContents(),
    )


def _turn_row(call_id: UUID, number: int, turn: Turn) -> CallTurnRow:
    return CallTurnRow(
        id=uuid4(),
        call_id=call_id,
        number=number,
        role=turn.role,
        at_s=turn.at_s,
        ended_s=turn.ended_s,
        is_cut=turn.is_cut,
        timings=msgspec.to_builtins(turn.timings),
    )


def _turn(row: CallTurnRow, words: _Words) -> Turn:
    return Turn(
        role=row.role,  # pyright: ignore[reportArgumentType]
        text=words.text,
        at_s=row.at_s,
        ended_s=row.ended_s,
        is_cut=row.is_cut,
        segments=words.segments,
        timings=msgspec.convert(row.timings, Timings),
    )


def _started(row: CallRow) -> CallStarted:
    return CallStarted(call_id=row.id, agent_id=row.agent_id, direction=row.direction)


def _ended(row: CallRow) -> CallEnded:
    return CallEnded(
        call_id=row.id,
        agent_id=row.agent_id,
        direction=row.direction,
        status=row.state,
        reason=row.ended_reason,
        duration_s=row.duration_s,
    )
