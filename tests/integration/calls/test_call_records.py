"""Records of calls in a real database."""

from uuid import uuid4

from app.calls.agents.domain import Agent, AgentSettings
from app.calls.agents.store import AgentRow
from app.calls.sessions.domain import CallAsked, Turn
from app.calls.sessions.records import CallRecords
from app.core.clock import utc_now
from app.core.crypto import KeyRing
from app.core.db import Database
from app.core.events import Events
from app.core.scope import OrgScope
from tests.integration.calls.held import more_jobs

OLD, NEW = b"o" * 32, b"n" * 32


async def test_what_an_old_master_key_encrypted_is_encrypted_again(
    app_url: str, database: Database, org_a: OrgScope
) -> None:
    old, new = KeyRing([OLD]), KeyRing([NEW])
    agent_id, at = uuid4(), utc_now()
    async with database.transaction(org_a) as tx:
        tx.session.add(AgentRow(id=agent_id, version=1, created_at=at, changed_at=at))
    agent = Agent(agent_id, 1, AgentSettings(name="Clerk"), at, at)
    async with more_jobs(app_url) as jobs:
        events = Events(database, jobs)
        before, both = (
            CallRecords(events, keys) for keys in (old, KeyRing([b"n" * 32, b"o" * 32]))
        )
        turn = Turn(role="user", text="hello", at_s=0.0, ended_s=1.0)
        async with database.transaction(org_a) as tx:
            asked = CallAsked(direction="inbound", from_number="+14155550100")
            call_id = (await before.add(tx, agent, asked)).id
            await before.add_turns(tx, call_id, [turn], first_number=0)
        await both.sealing.rotate(database, org_a)
        after = CallRecords(events, new)
        async with database.transaction(org_a) as tx:
            assert (await after.get(tx, call_id)).contents.from_number == "+14155550100"
            assert [*await after.turns(tx, call_id)] == [turn]
