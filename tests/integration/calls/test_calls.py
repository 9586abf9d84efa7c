"""Whole calls in one process: a scripted line, a dialogue graph, a real database."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest

from app.calls.sessions.calls import Calls
from app.calls.sessions.domain import (
    Call,
    CallAsked,
    CallsRefused,
    CallState,
    SummaryState,
    Turn,
)
from app.core.aio import TaskScope
from app.core.audio.decode import DecodeLimits, decode_audio
from app.core.scope import OrgScope
from app.runtime import Runtime
from tests.api.wall.world import world
from tests.integration.calls.held import (
    GREETING,
    RATE,
    QuickCasting,
    ScriptedLine,
    desk_of,
    new_agent,
)

NUMBER = "5551234"


@dataclass
class Desk:
    runtime: Runtime
    calls: Calls
    casting: QuickCasting
    scope: OrgScope

    async def agent(self, **behavior: object) -> UUID:
        return await new_agent(self.runtime, self.scope, **behavior)

    async def rings(self, agent_id: UUID) -> UUID:
        asked = CallAsked(direction="inbound", from_number="+14155550100", to_number="+1415555")
        async with self.runtime.database.transaction(self.scope) as tx:
            agent = await self.runtime.agents.get(tx, agent_id)
            return (await self.calls.records.add(tx, agent, asked)).id

    async def record(self, call_id: UUID) -> tuple[Call, list[Turn]]:
        async with self.runtime.database.transaction(self.scope) as tx:
            call = await self.calls.records.get(tx, call_id)
            return call, [*await self.calls.records.turns(tx, call_id)]

    async def summed_up(self, call_id: UUID) -> Call:
        async with asyncio.timeout(30):
            while not (call := (await self.record(call_id))[0]).is_ready:
                await asyncio.sleep(0.05)
        return call


@asynccontextmanager
async def desk(database_url: str, app_url: str, data_dir: Path) -> AsyncGenerator[Desk]:
    async with world(database_url, data_dir, VARIANT="en-tiny") as parley:
        organization = await parley.organization()
        casting = QuickCasting(parley.runtime)
        async with desk_of(parley.runtime, casting, app_url) as calls:
            yield Desk(parley.runtime, calls, casting, OrgScope(organization.id, "test"))


@pytest.mark.inventory("WH-270")
async def test_a_call_is_on_record_with_the_words_that_were_heard(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> None:
    async with desk(embedded_superuser_url, app_url, tmp_path) as it:
        call_id, line = await it.rings(await it.agent()), ScriptedLine()
        async with TaskScope() as scope:
            playing = scope.spawn("play", line.play())
            holding = scope.spawn("hold", it.calls.hold(it.scope, call_id, line))
            await line.until("listening", times=2)
            line.typed(NUMBER)
            held = await holding
            playing.cancel()
        call, turns = await it.record(call_id)
        assert [(turn.role, turn.text, turn.is_cut) for turn in turns] == [
            ("agent", f"{GREETING} Which number may we call back?", False),
            ("user", NUMBER, False),
            ("agent", "We call 5 5 5 1 2 3 4 soon. Goodbye.", False),
        ]
        assert [line.text for line in held.lines] == [turn.text for turn in turns]
        assert (call.state, call.ended_reason) == (CallState.COMPLETED, "agent_hung_up")
        assert call.contents.disposition == "callback"
        assert call.contents.result == {"phone": NUMBER}
        assert call.agent_version == 1
        assert call.duration_s == pytest.approx(turns[-1].ended_s, abs=0.5)
        answer = turns[-1].timings
        assert answer.turn_over_s is not None
        assert answer.first_token_s is not None
        assert answer.first_sound_s is not None
        assert answer.turn_over_s <= answer.first_token_s <= answer.first_sound_s
        call = await it.summed_up(call_id)
        assert call.summary_state is SummaryState.DONE, call.contents.summary_notes
        assert call.contents.summary
