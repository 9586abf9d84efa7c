"""Records of calls in a real database."""

from pathlib import Path
from uuid import uuid4

import pytest

from app.calls.agents.domain import Agent, AgentSettings
from app.calls.agents.store import AgentRow
from app.calls.sessions import store
from app.calls.sessions.domain import CallAsked, CallContents, CallQuery, CallState, Turn
from app.calls.sessions.recordings import Recordings
from app.calls.sessions.records import CallRecords
from app.calls.sessions.upkeep import UNANSWERED_AFTER, CallUpkeep
from app.core.clock import utc_now
from app.core.crypto import DecryptionFailed, KeyRing
from app.core.db import Database
from app.core.events import Events
from app.core.scope import OrgScope, system_scope
from tests.integration.calls.held import more_jobs

OLD, NEW = b"o" * 32, b"n" * 32
ASKED = CallAsked(direction="inbound", from_number="+14155550100")


async def new_agent(database: Database, scope: OrgScope) -> Agent:
    agent_id, at = uuid4(), utc_now()
    async with database.transaction(scope) as tx:
        tx.session.add(AgentRow(id=agent_id, version=1, created_at=at, changed_at=at))
    return Agent(agent_id, 1, AgentSettings(name="Clerk"), at, at)


async def test_what_an_old_master_key_encrypted_is_encrypted_again(
    app_url: str, database: Database, org_a: OrgScope
) -> None:
    old, new = KeyRing([OLD]), KeyRing([NEW])
    agent = await new_agent(database, org_a)
    async with more_jobs(app_url) as jobs:
        events = Events(database, jobs)
        before, both = (
            CallRecords(events, keys) for keys in (old, KeyRing([b"n" * 32, b"o" * 32]))
        )
        turn = Turn(role="user", text="hello", at_s=0.0, ended_s=1.0)
        async with database.transaction(org_a) as tx:
            call_id = (await before.add(tx, agent, ASKED)).id
            await before.add_turns(tx, call_id, [turn], first_number=0)
        await both.sealing.rotate(database, org_a)
        after = CallRecords(events, new)
        async with database.transaction(org_a) as tx:
            assert (await after.get(tx, call_id)).contents.from_number == ASKED.from_number
            assert [*await after.turns(tx, call_id)] == [turn]


async def test_a_call_whose_master_key_is_lost_keeps_nothing_from_the_others(
    app_url: str, database: Database, org_a: OrgScope, tmp_path: Path
) -> None:
    lost, kept = KeyRing([OLD]), KeyRing([NEW])
    agent = await new_agent(database, org_a)
    async with more_jobs(app_url) as jobs:
        events = Events(database, jobs)
        before, after = CallRecords(events, lost), CallRecords(events, kept)
        async with database.transaction(org_a) as tx:
            sealed = [(await records.add(tx, agent, ASKED)).id for records in (before, after)]
            for row in await store.page(tx, CallQuery()):
                row.alive_at -= 2 * UNANSWERED_AFTER
        upkeep = CallUpkeep(database, jobs, after, Recordings(tmp_path, kept))
        await upkeep.end_abandoned(system_scope("test"))
        async with database.transaction(org_a) as tx:
            found = {call.id: call for call in await after.list(tx, CallQuery())}
            assert [found[each].state for each in sealed] == [CallState.NO_ANSWER] * 2
            assert found[sealed[0]].contents == CallContents()
            assert found[sealed[1]].contents.disposition == "no_answer"
            with pytest.raises(DecryptionFailed):
                await after.get(tx, sealed[0])
            assert (await before.get(tx, sealed[0])).contents.from_number == ASKED.from_number
