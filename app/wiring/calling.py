"""Who speaks in calls, and with whom."""

from dataclasses import dataclass
from uuid import UUID

from app.calls.agents.service import Agents
from app.calls.agents.voices import AgentVoices
from app.calls.agents.warming import Warming
from app.calls.customers.service import Customers
from app.core.scope import OrgScope, system_scope
from app.llm.service import LlmService
from app.llm.tools.catalogue import ToolCatalogue
from app.wiring.base import Foundation

ACTOR = "setup"


@dataclass(frozen=True, slots=True)
class Calling:
    agents: Agents
    customers: Customers


async def opened_calling(
    base: Foundation,
    voices: AgentVoices,
    tools: ToolCatalogue,
    thinking: LlmService,
    default_org: UUID,
) -> Calling:
    """At the first start the default organization gets an agent to talk to."""
    warming = Warming(base.database, base.jobs, voices)
    agents = Agents(base.database, base.events, voices, warming, tools, thinking)
    customers = Customers(base.database, base.events, base.jobs, base.keys, agents.is_there)
    async with base.database.transaction(system_scope("start")) as tx:
        await customers.rotate_soon(tx)
    async with base.database.transaction(OrgScope(default_org, ACTOR)) as tx:
        await agents.add_demo(tx)
    return Calling(agents, customers)
