"""Puts an agent and a line together."""

from functools import partial
from uuid import UUID

from app.asr.streaming import StreamService
from app.calls.agents.domain import Agent
from app.calls.agents.service import Agents
from app.calls.customers.service import Customers
from app.calls.sessions.browsers import Prepared
from app.calls.sessions.casting import Casting
from app.calls.sessions.conducting import Held, conduct
from app.core.db import Database
from app.core.scope import OrgScope
from app.realtime.events import SessionEvent
from app.realtime.line import Line


class Conductor:
    def __init__(
        self,
        database: Database,
        agents: Agents,
        customers: Customers,
        casting: Casting,
        streams: StreamService,
    ) -> None:
        self._database = database
        self._agents = agents
        self._customers = customers
        self._casting = casting
        self._streams = streams

    async def prepare(self, scope: OrgScope, agent_id: UUID, customer_id: UUID | None) -> Prepared:
        async with self._database.transaction(scope) as tx:
            agent = await self._agents.get(tx, agent_id)
            if customer_id:
                await self._customers.get(tx, customer_id)
        return Prepared(partial(self._hold, scope, agent), agent.settings.video_enabled)

    async def _hold(self, scope: OrgScope, agent: Agent, line: Line) -> Held:
        async with self._casting.cast(scope, agent, line.playout.sample_rate) as cast:
            return await conduct(line, cast, self._streams, _unseen)


def _unseen(event: SessionEvent) -> None:
    """Nobody watches the call."""
