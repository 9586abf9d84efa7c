"""Agents on a real database: what is kept of them, who finds it, and what happens twice."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID

import pytest

from app import VERSION, wiring
from app.calls.agents.demo import demo_id
from app.calls.agents.domain import AgentNotFound, AgentSaved, AgentSettings
from app.calls.agents.service import Agents
from app.calls.flows.documents import appointment
from app.core.scope import OrgScope
from app.tts.domain import VoiceUnknown
from tests.api.wall.world import World, world
from tests.integration.tts.own.test_fitted_voices import CONSENT, FITTED, HASH


@pytest.fixture
async def parley(
    app_url: str, embedded_superuser_url: str, tmp_path: Path
) -> AsyncGenerator[World]:
    async with world(embedded_superuser_url, tmp_path) as parley:
        yield parley


@pytest.fixture
async def scope(parley: World) -> OrgScope:
    """Of an organization that has nothing yet."""
    organization = await parley.organization()
    scope = OrgScope(organization.id, "ada")
    async with parley.runtime.database.transaction(scope) as tx:
        await parley.runtime.calling.agents.delete(tx, organization.agent_id)
    return scope


@pytest.fixture
def agents(parley: World) -> Agents:
    return parley.runtime.calling.agents


async def numbers(parley: World, scope: OrgScope, agent_id: UUID) -> list[int]:
    async with parley.runtime.database.transaction(scope) as tx:
        return [each.number for each in await parley.runtime.calling.agents.versions(tx, agent_id)]


async def test_every_change_makes_a_version_that_is_found_again(
    parley: World, agents: Agents, scope: OrgScope
) -> None:
    agent = await agents.create(scope, {"name": "A", "greeting": "one"})
    for greeting in ("two", "two", "three"):
        agent = await agents.change(scope, agent.id, {"greeting": greeting})
    assert agent.version == 3
    assert await numbers(parley, scope, agent.id) == [3, 2, 1]
    async with parley.runtime.database.transaction(scope) as tx:
        second = await agents.find_version(tx, agent.id, 2)
        assert await agents.find_version(tx, agent.id, 4) is None
    assert second
    assert (second.settings, second.made_by) == (AgentSettings(name="A", greeting="two"), "ada")


async def test_a_deleted_agent_is_gone_but_for_the_records_of_its_calls(
    parley: World, agents: Agents, scope: OrgScope
) -> None:
    agent = await agents.create(scope, {"name": "A", "greeting": "one"})
    async with parley.runtime.database.transaction(scope) as tx:
        await agents.delete(tx, agent.id)
    async with parley.runtime.database.transaction(scope) as tx:
        assert await agents.list(tx) == []
        assert not await agents.is_there(tx, agent.id)
        kept = await agents.find_version(tx, agent.id, 1)
        with pytest.raises(AgentNotFound):
            await agents.get(tx, agent.id)
    assert kept
    assert kept.settings.greeting == "one"
    with pytest.raises(AgentNotFound):
        await agents.change(scope, agent.id, {"name": "B"})


async def test_changes_at_the_same_time_are_all_kept(
    parley: World, agents: Agents, scope: OrgScope
) -> None:
    agent = await agents.create(scope, {"name": "A"})
    changes = [{"greeting": "hi"}, {"system_prompt": "be brief"}, {"speed": 1.5}, {"voice": "tara"}]
    await asyncio.gather(*(agents.change(scope, agent.id, each) for each in changes))
    async with parley.runtime.database.transaction(scope) as tx:
        found = (await agents.get(tx, agent.id)).settings
    assert (found.greeting, found.system_prompt) == ("hi", "be brief")
    assert (found.speed, found.voice) == (1.5, "tara")
    assert await numbers(parley, scope, agent.id) == [5, 4, 3, 2, 1]


async def add_demo(parley: World, scope: OrgScope) -> list[UUID]:
    async with parley.runtime.database.transaction(scope) as tx:
        await parley.runtime.calling.agents.add_demo(tx)
    async with parley.runtime.database.transaction(scope) as tx:
        return [agent.id for agent in await parley.runtime.calling.agents.list(tx)]


async def test_a_newcomer_gets_one_agent_that_takes_an_appointment(
    parley: World, agents: Agents
) -> None:
    scope = OrgScope(parley.runtime.default_organization, "test")
    demo = demo_id(scope.org_id)
    async with parley.runtime.database.transaction(scope) as tx:
        made = await agents.get(tx, demo)
    assert made.settings.greeting
    assert await agents.graph(made.settings) == appointment()
    assert await agents.not_applied(scope, made.settings) == []
    assert (await add_demo(parley, scope)).count(demo) == 1
    async with parley.runtime.database.transaction(scope) as tx:
        await agents.delete(tx, demo)
    assert demo not in await add_demo(parley, scope)


async def test_an_organization_with_an_agent_of_its_own_gets_no_other(
    parley: World, agents: Agents
) -> None:
    organization = await parley.runtime.organizations.create("Old hands", actor="test")
    scope = OrgScope(organization.id, "test")
    own = await agents.create(scope, {"name": "A"})
    assert await add_demo(parley, scope) == [own.id]


async def test_processes_that_start_at_once_make_one_demo(parley: World) -> None:
    organization = await parley.runtime.organizations.create("Newcomers of the day", actor="test")
    scope = OrgScope(organization.id, "test")
    await asyncio.gather(*(add_demo(parley, scope) for _ in range(5)))
    assert await add_demo(parley, scope) == [demo_id(scope.org_id)]
    assert await numbers(parley, scope, demo_id(scope.org_id)) == [1]


async def test_an_agent_speaks_with_a_voice_of_its_organization_and_of_no_other(
    parley: World, agents: Agents, scope: OrgScope
) -> None:
    """By its name or its id."""
    database, other = parley.runtime.database, OrgScope((await parley.organization()).id, "eve")
    async with wiring.foundation(parley.runtime.settings, VERSION, join=True) as base:
        async with base.database.transaction(scope) as tx:
            own = await base.fitted_voices.add(tx, "Ada", CONSENT, FITTED, HASH)
        await until_known(agents, scope, own.id, is_known=True)
        for name in ("Ada", str(own.id)):
            agent = await agents.create(scope, {"name": "A", "voice": name, "speed": 1.2})
            manner = await agents.voices.manner(scope, agent.settings)
            assert (manner.language, manner.speed) == ("en-us", 1.2)
            assert str(own.id) in manner.voice
            with pytest.raises(VoiceUnknown):
                await agents.create(other, {"name": "A", "voice": name})
        async with base.database.transaction(scope) as tx:
            await base.fitted_voices.delete(tx, own.id)
    await until_known(agents, scope, own.id, is_known=False)
    with pytest.raises(VoiceUnknown):
        await agents.voices.manner(scope, agent.settings)
    told = await agents.not_applied(scope, agent.settings)
    assert [each.option for each in told] == ["voice"]
    async with database.transaction(scope) as tx:
        assert (await agents.get(tx, agent.id)).settings.voice == str(own.id)


async def until_known(agents: Agents, scope: OrgScope, voice_id: UUID, *, is_known: bool) -> None:
    """What another process does is noticed a moment later."""
    async with asyncio.timeout(20):
        while True:
            voices = (await agents.voices.catalogue(scope)).voices
            if any(voice.id == str(voice_id) for voice in voices) == is_known:
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ("af_heart", "en-us", 1.0)),
        ({"voice_gender": "male", "language": "hi"}, ("hm_omega", "hi", 1.0)),
        ({"voice": "tara", "speed": 1.5}, ("af_heart", "en-us", 1.5)),
    ],
)
async def test_a_voice_is_found_by_every_name(
    agents: Agents, scope: OrgScope, fields: dict[str, object], expected: tuple[str, str, float]
) -> None:
    agent = await agents.create(scope, {"name": "A", **fields})
    manner = await agents.voices.manner(scope, agent.settings)
    assert (manner.voice, manner.language, manner.speed) == expected


async def test_who_saves_is_on_record(parley: World, agents: Agents, scope: OrgScope) -> None:
    agent = await agents.create(scope, {"name": "A"})
    async with parley.runtime.database.transaction(scope) as tx:
        entry = (await parley.runtime.audit.list(tx))[0]
    assert (entry.action, entry.actor) == (AgentSaved.__name__, "ada")
    assert entry.details["agent_id"] == str(agent.id)
