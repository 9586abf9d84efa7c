"""Whole calls in one process: a scripted line, a dialogue graph, a real database."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import timedelta
from io import BytesIO
from itertools import groupby
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from sqlalchemy import select

from app.calls.events import CallEnded, CallStarted
from app.calls.sessions import calls, store
from app.calls.sessions.conducting import Held
from app.calls.sessions.domain import (
    CallNotFound,
    CallsRefused,
    CallState,
    CallStateConflict,
    SummaryState,
    Turn,
)
from app.calls.sessions.recordings import Recording
from app.calls.sessions.store import CallRow
from app.core.aio import TaskScope
from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.clock import utc_now
from app.core.events import OutboxRow
from app.core.feed.port import topic
from app.core.scope import system_scope
from tests.fakes.openai_api import Reply
from tests.integration.calls.desk import NUMBER, SUMMARY, Desk, desk
from tests.integration.calls.held import (
    GREETING,
    RATE,
    WORD_S,
    QuickCasting,
    ScriptedLine,
)

OPENING = f"{GREETING} Which number may we call back?"
LIMITS = DecodeLimits(max_duration_s=60, deadline_s=60)


def words_played(line: ScriptedLine, casting: QuickCasting) -> list[str]:
    """Those of which half was heard, by the loudness that each has."""
    words = casting.mouths[-1].words
    values = np.rint((np.abs(line.whole) - 0.1) * 1000).astype(int)
    runs = [(value, len(list(run))) for value, run in groupby(values) if value > 0]
    return [words[value - 1] for value, length in runs if length >= RATE / 20]


def words_of(turns: list[Turn]) -> list[str]:
    return [word for turn in turns if turn.role == "agent" for word in turn.text.split()]


@pytest.mark.inventory("WH-270")
async def test_a_call_is_on_record_with_the_words_that_were_heard(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with desk(embedded_superuser_url, app_url, tmp_path) as it:
        it.parley.model.replies = [Reply(json.dumps(SUMMARY))]
        call_id = await it.rings(await it.agent())
        async with it.calling(call_id) as (line, holding):
            await line.until("listening", times=2)
            line.typed(NUMBER)
            held = await holding
        call, turns = await it.record(call_id)
        assert [(turn.role, turn.text, turn.is_cut) for turn in turns] == [
            ("agent", OPENING, False),
            ("user", NUMBER, False),
            ("agent", "We call 5 5 5 1 2 3 4 soon. Goodbye.", False),
        ]
        assert words_of(turns) == words_played(line, it.casting)
        assert isinstance(held, Held)
        assert [line.text for line in held.lines] == [turn.text for turn in turns]
        assert (call.state, call.ended_reason) == (CallState.COMPLETED, "agent_hung_up")
        assert (call.contents.disposition, call.contents.result) == ("callback", {"phone": NUMBER})
        assert (call.agent_version, call.contents.from_number) == (1, "+14155550100")
        assert call.duration_s == pytest.approx(turns[-1].ended_s, abs=0.5)
        assert_in_order(turns[-1])
        call = await it.summed_up(call_id)
        assert call.summary_state is SummaryState.DONE, call.contents.summary_notes
        assert "Somebody left a number." in call.contents.summary
        assert OPENING in str(it.parley.model.asked[-1].body)
        assert await events_of(it) == [CallStarted.__name__, CallEnded.__name__]
        assert await words_at_rest(it) == []


def assert_in_order(turn: Turn) -> None:
    answer = turn.timings
    moments = [answer.turn_over_s, answer.first_token_s, answer.first_sentence_s]
    moments.append(answer.first_sound_s)
    known = [moment for moment in moments if moment is not None]
    assert len(known) == len(moments)
    assert known == sorted(known)
    assert turn.at_s == answer.first_sound_s


async def events_of(it: Desk) -> list[str]:
    async with it.runtime.database.transaction(it.scope) as tx:
        rows = await tx.session.scalars(select(OutboxRow).order_by(OutboxRow.published_at))
        return [row.kind for row in rows if row.kind.startswith("Call")]


async def words_at_rest(it: Desk) -> list[str]:
    """What anybody who reads the tables could read."""
    async with it.runtime.database.transaction(it.scope) as tx:
        rows = [*await tx.session.scalars(select(CallRow))]
        rows += [*await tx.session.scalars(select(store.CallTurnRow))]
    told = [str(vars(row)) for row in rows]
    return [word for word in ("callback", "4155550100", NUMBER, "soon") if word in str(told)]


async def test_what_a_caller_who_hangs_up_did_not_hear_is_not_on_record(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with desk(embedded_superuser_url, app_url, tmp_path) as it:
        call_id = await it.rings(await it.agent())
        async with it.calling(call_id, ScriptedLine(hears_s=0.36)) as (line, holding):
            await holding
        call, turns = await it.record(call_id)
        assert (call.state, call.ended_reason) == (CallState.COMPLETED, "hung_up")
        (opening,) = turns
        assert opening.is_cut
        assert opening.text == " ".join(OPENING.split()[:4])
        assert words_of(turns) == words_played(line, it.casting)
        assert call.summary_state is SummaryState.NONE


async def test_both_sides_are_recorded_where_they_were_heard_until_the_call_is_forgotten(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with desk(embedded_superuser_url, app_url, tmp_path) as it:
        call_id = await it.rings(await it.agent(retention_days=1))
        async with it.calling(call_id) as (line, holding):
            await line.until("listening", times=2)
            line.typed(NUMBER)
            await holding
        call, turns = await it.record(call_id)
        recording = await it.calls.recordings.find(call)
        stored = recording.path.read_bytes()
        assert b"OggS" not in stored
        caller, agent = decode_audio(
            BytesIO(await all_of(recording)), sample_rate=RATE, channels="split", limits=LIMITS
        )
        assert np.abs(caller).max() < 0.02
        loud = np.abs(agent) > 0.05
        assert loud.sum() / RATE == pytest.approx(WORD_S * len(words_of(turns)), rel=0.1)
        for turn in turns:
            if turn.role == "agent":
                middle_s = (turn.at_s + turn.ended_s) / 2
                assert loud[round(middle_s * RATE) :][: RATE // 50].mean() > 0.5
        upkeep = it.upkeep
        await upkeep.forget_old(system_scope("test"))
        assert recording.path.exists()
        await age(it, call_id, forget_at=utc_now() - timedelta(seconds=1))
        await upkeep.forget_old(system_scope("test"))
        assert not recording.path.exists()
        with pytest.raises(CallNotFound):
            await it.record(call_id)


async def all_of(recording: Recording) -> bytes:
    return b"".join([piece async for piece in recording.read(0, recording.size)])


async def age(it: Desk, call_id: UUID, **times: object) -> None:
    async with it.runtime.database.transaction(it.scope) as tx:
        row = await store.find(tx, call_id)
        assert row
        for name, value in times.items():
            setattr(row, name, value)


async def test_a_call_that_fails_is_on_record_with_what_was_said_before(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    class Broken(ScriptedLine):
        async def sounds(self) -> AsyncGenerator[bytes]:
            yield b""
            await self.until("listening", times=2)
            raise OSError("the line is gone")

    async with desk(embedded_superuser_url, app_url, tmp_path) as it:
        agent_id = await it.agent(recording=False)
        call_id, line = await it.rings(agent_id), Broken()
        async with TaskScope() as scope:
            playing = scope.spawn("play", line.play())
            with pytest.raises(OSError, match="gone"):
                await it.calls.hold(it.scope, call_id, line)
            playing.cancel()
        call, turns = await it.record(call_id)
        assert (call.state, call.ended_reason) == (CallState.FAILED, "internal_error")
        assert [turn.text for turn in turns] == [OPENING]
        assert call.recorded_bytes is None
        it.calls.admit()

        await it.calls.drain(0)
        refused_id = await it.rings(agent_id)
        with pytest.raises(CallsRefused, match="being stopped"):
            await it.calls.hold(it.scope, refused_id, ScriptedLine())
        call, turns = await it.record(refused_id)
        assert (call.state, call.ended_reason, turns) == (CallState.FAILED, "calls_refused", [])


async def test_a_call_can_be_ended_by_its_organization_and_by_the_process(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with desk(embedded_superuser_url, app_url, tmp_path) as it:
        agent_id = await it.agent()
        call_id = await it.rings(agent_id)
        news = it.runtime.feed.subscribe(topic(it.scope.org_id, "calls"))
        async with news as told, it.calling(call_id) as (line, holding):
            await line.until("listening", times=2)
            ended = await it.calls.end(it.scope, call_id)
            assert ended.state is CallState.IN_PROGRESS
            await holding
            heard = [json.loads((await anext(told)).body) for _ in range(3)]
        assert [each["event"] for each in heard] == ["call.started", "call.turn", "call.ended"]
        assert heard[1]["turn"]["text"] == OPENING
        call, _ = await it.record(call_id)
        assert (call.state, call.ended_reason) == (CallState.COMPLETED, "ended_by_user")
        with pytest.raises(CallStateConflict):
            await it.calls.end(it.scope, call_id)

        waiting = await it.rings(agent_id)
        assert (await it.calls.end(it.scope, waiting)).state is CallState.CANCELLED

        call_id = await it.rings(agent_id)
        async with it.calling(call_id) as (line, holding):
            await line.until("listening", times=2)
            await it.calls.drain(0)
            assert holding.done() or await holding
        call, turns = await it.record(call_id)
        assert (call.state, call.ended_reason) == (CallState.COMPLETED, "shutdown")
        assert [turn.text for turn in turns] == [OPENING]


async def test_who_is_stopped_says_goodbye_where_there_is_time(
    app_url: str, embedded_superuser_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "_GOODBYE_S", 60.0)
    async with desk(embedded_superuser_url, app_url, tmp_path) as it:
        call_id = await it.rings(await it.agent())
        async with it.calling(call_id) as (line, holding):
            await line.until("listening", times=2)
            await it.calls.drain(60.0)
            await holding
        call, turns = await it.record(call_id)
        assert (call.state, call.ended_reason) == (CallState.COMPLETED, "shutdown")
        assert [turn.text for turn in turns] == [OPENING, "Goodbye."]
        with pytest.raises(CallsRefused):
            it.calls.admit()


async def test_a_call_whose_process_died_is_ended_by_another(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with desk(embedded_superuser_url, app_url, tmp_path) as it:
        agent_id, records = await it.agent(), it.calls.records
        held, ringing, alive = [await it.rings(agent_id) for _ in range(3)]
        async with it.runtime.database.transaction(it.scope) as tx:
            for call_id in (held, alive):
                await records.move(tx, call_id, CallState.IN_PROGRESS)
        hour_ago = utc_now() - timedelta(hours=1)
        for call_id in (held, ringing):
            await age(it, call_id, alive_at=hour_ago)
        await it.upkeep.end_abandoned(system_scope("test"))
        found = [(await it.record(each))[0] for each in (held, ringing, alive)]
        assert [(call.state, call.ended_reason) for call in found] == [
            (CallState.FAILED, "process_died"),
            (CallState.NO_ANSWER, "no_answer"),
            (CallState.IN_PROGRESS, ""),
        ]


async def test_a_call_can_be_followed_and_ended_from_another_replica(
    app_url: str,
    embedded_superuser_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(calls, "_LOOK_S", 0.05)
    async with desk(embedded_superuser_url, app_url, tmp_path) as it:
        call_id = await it.rings(await it.agent())
        other = it.runtime.calling.calls
        async with it.calling(call_id) as (line, holding), TaskScope() as scope:
            looking = scope.spawn("calls", it.calls.run())
            await line.until("listening", times=2)
            line.typed("")  # nothing that could be noted: it is asked again
            await line.until("speaking", times=2)
            call, turns = await it.record(call_id)
            async with asyncio.timeout(10):
                while not turns:
                    await asyncio.sleep(0.02)
                    call, turns = await it.record(call_id)
            assert (call.state, turns[0].text) == (CallState.IN_PROGRESS, OPENING)
            await other.end(it.scope, call_id)
            await holding
            looking.cancel()
        call, turns = await it.record(call_id)
        assert (call.state, call.ended_reason) == (CallState.COMPLETED, "ended_by_user")
        assert [turn.role for turn in turns][:2] == ["agent", "user"]
