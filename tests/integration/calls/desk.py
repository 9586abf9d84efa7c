"""The calls of one organization, beside a real database."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from app.calls.sessions.calls import Calls
from app.calls.sessions.conducting import Held
from app.calls.sessions.domain import Call, CallAsked, Turn
from app.calls.sessions.upkeep import CallUpkeep
from app.core.aio import TaskScope
from app.core.jobs import Jobs
from app.core.scope import OrgScope
from app.runtime import Runtime
from tests.api.wall.world import World, world
from tests.integration.calls.held import QuickCasting, ScriptedLine, calls_of, more_jobs, new_agent

NUMBER = "5551234"
SUMMARY = {
    "overview": "Somebody left a number.",
    "participants": [],
    "key_topics": ["a callback"],
    "emotional_dynamics": "Calm.",
    "entities": [],
    "outcome": "They are called back.",
}


@dataclass
class Desk:
    parley: World
    runtime: Runtime
    calls: Calls
    casting: QuickCasting
    scope: OrgScope
    jobs: Jobs

    @property
    def upkeep(self) -> CallUpkeep:
        records, recordings = self.calls.records, self.calls.recordings
        return CallUpkeep(self.runtime.database, self.jobs, records, recordings)

    async def agent(self, **behavior: object) -> UUID:
        return await new_agent(self.runtime, self.scope, **behavior)

    async def rings(self, agent_id: UUID) -> UUID:
        asked = CallAsked(direction="inbound", from_number="+14155550100", to_number="+1415555")
        async with self.runtime.database.transaction(self.scope) as tx:
            agent = await self.runtime.calling.agents.get(tx, agent_id)
            return (await self.calls.records.add(tx, agent, asked)).id

    @asynccontextmanager
    async def calling(
        self, call_id: UUID, line: ScriptedLine | None = None
    ) -> AsyncGenerator[tuple[ScriptedLine, "Holding"]]:
        """A call under way."""
        line = line or ScriptedLine()
        async with TaskScope() as scope:
            playing = scope.spawn("play", line.play())
            yield line, scope.spawn("hold", self._held(call_id, line))
            playing.cancel()

    async def _held(self, call_id: UUID, line: ScriptedLine) -> Held | Exception:
        try:
            return await self.calls.hold(self.scope, call_id, line)
        except Exception as error:  # noqa: BLE001  the test looks at it
            return error

    async def record(self, call_id: UUID) -> tuple[Call, list[Turn]]:
        async with self.runtime.database.transaction(self.scope) as tx:
            call = await self.calls.records.get(tx, call_id)
            return call, [*await self.calls.records.turns(tx, call_id)]

    async def summed_up(self, call_id: UUID) -> Call:
        call, _ = await self.record(call_id)
        async with asyncio.timeout(30):
            while not call.is_ready:
                await asyncio.sleep(0.05)
                call, _ = await self.record(call_id)
        return call


Holding = asyncio.Task[Held | Exception]


@asynccontextmanager
async def desk(database_url: str, app_url: str, data_dir: Path) -> AsyncGenerator[Desk]:
    async with world(database_url, data_dir, VARIANT="en-tiny") as parley:
        organization = await parley.organization()
        casting = QuickCasting(parley.runtime)
        async with more_jobs(app_url) as jobs:
            ours = calls_of(parley.runtime, casting, jobs)
            scope = OrgScope(organization.id, "test")
            yield Desk(parley, parley.runtime, ours, casting, scope, jobs)
