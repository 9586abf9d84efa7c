"""The door to agents."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

import msgspec

from app.calls.agents import store
from app.calls.agents.demo import demo_id, demo_settings
from app.calls.agents.domain import (
    LONGEST_GRAPH,
    MOST_AGENTS,
    Agent,
    AgentDeleted,
    AgentInvalid,
    AgentNotFound,
    AgentSaved,
    AgentSettings,
    AgentsFull,
    AgentVersion,
    AgentVersionNotFound,
    changed,
    renamed_copy,
    settings_of,
)
from app.calls.agents.store import AgentRow, AgentVersionRow, Pair
from app.calls.agents.voices import AgentVoices, chosen_voice
from app.calls.agents.warming import Warming
from app.calls.flows.documents import GraphInvalid, graph_of
from app.calls.flows.graph import Graph
from app.calls.flows.problems import Problem
from app.core.clock import utc_now
from app.core.db import Database, Tx, forbid_in_transaction
from app.core.events import Events
from app.core.not_applied import NotApplied
from app.core.scope import OrgScope
from app.llm.service import LlmService
from app.llm.tools.catalogue import ToolCatalogue
from app.tts.domain import VoiceUnknown

_GRAPHS_KEPT = 64


class Agents:
    def __init__(
        self,
        database: Database,
        events: Events,
        voices: AgentVoices,
        warming: Warming,
        tools: ToolCatalogue,
        thinking: LlmService,
    ) -> None:
        self.voices = voices
        self._database = database
        self._events = events
        self._warming = warming
        self._tools = tools
        self._thinking = thinking

    async def create(self, scope: OrgScope, fields: Mapping[str, Any]) -> Agent:
        """`fields`: of `AgentSettings`, as JSON has them."""
        settings = settings_of(fields)
        await _check_graph(settings.graph)
        chosen_voice(await self.voices.catalogue(scope), settings)
        async with self._database.transaction(scope) as tx:
            return await self._add(tx, settings, "created")

    async def change(self, scope: OrgScope, agent_id: UUID, changes: Mapping[str, Any]) -> Agent:
        """Another version, unless all is as it was."""
        await _check_graph(changes.get("graph"))
        voices = await self.voices.catalogue(scope)
        async with self._database.transaction(scope) as tx:
            row, version = await self._found(tx, agent_id, lock=True)
            settings = changed(_settings(version), changes)
            chosen_voice(voices, settings)
            return await self._save(tx, (row, version), settings, "changed")

    async def list(self, tx: Tx) -> list[Agent]:
        """The oldest first."""
        return [_shown(*pair) for pair in await store.agents(tx)]

    async def get(self, tx: Tx, agent_id: UUID) -> Agent:
        return _shown(*await self._found(tx, agent_id))

    async def is_there(self, tx: Tx, agent_id: UUID) -> bool:
        return await store.is_there(tx, agent_id)

    async def delete(self, tx: Tx, agent_id: UUID) -> None:
        """Its versions stay, for the records of its calls."""
        row, version = await self._found(tx, agent_id, lock=True)
        row.deleted_at = utc_now()
        gone = AgentDeleted(agent_id=row.id, name=_settings(version).name)
        await self._events.publish(tx, gone)

    async def versions(self, tx: Tx, agent_id: UUID) -> Sequence[AgentVersion]:
        """The newest first."""
        await self._found(tx, agent_id)
        return [_version(row) for row in await store.versions(tx, agent_id)]

    async def find_version(self, tx: Tx, agent_id: UUID, number: int) -> AgentVersion | None:
        """Also of an agent that was deleted."""
        row = await store.find_version(tx, agent_id, number)
        return _version(row) if row else None

    async def version(self, tx: Tx, agent_id: UUID, version_id: UUID) -> AgentVersion:
        return _version(await self._found_version(tx, agent_id, version_id))

    async def roll_back(self, tx: Tx, agent_id: UUID, version_id: UUID) -> Agent:
        """To what it was: a new version too, unless it is as it was already."""
        pair = await self._found(tx, agent_id, lock=True)
        earlier = await self._found_version(tx, agent_id, version_id)
        reason = f"rolled back to version {earlier.number}"
        return await self._save(tx, pair, _settings(earlier), reason)

    async def clone(self, tx: Tx, agent_id: UUID) -> Agent:
        _, version = await self._found(tx, agent_id)
        copy = renamed_copy(_settings(version))
        return await self._add(tx, copy, f"cloned from {agent_id}")

    async def add_demo(self, tx: Tx) -> None:
        """Where there is no agent and never was one."""
        at = utc_now()
        row = _row(demo_id(tx.org_id), at)
        version = _version_row(tx, row, demo_settings(), "made at the first start")
        if await store.add_first(tx, row, version):
            await self._announce(tx, row, version)

    async def graph(self, settings: AgentSettings) -> Graph | None:
        """What answers in the place of a language model."""
        forbid_in_transaction()
        if settings.graph is None:
            return None
        return await asyncio.to_thread(_read_graph, msgspec.json.encode(settings.graph))

    async def not_applied(self, scope: OrgScope, settings: AgentSettings) -> Sequence[NotApplied]:
        """What is kept and changes nothing here."""
        try:
            found = await self.voices.not_applied(scope, settings)
        except VoiceUnknown:
            found = [NotApplied("voice", "it was deleted; nobody can speak with it")]
        _, _, model = self._thinking.label.partition(" ")
        if settings.llm_model and settings.graph is not None:
            found.append(NotApplied("llm_model", "its graph answers, and no model"))
        elif settings.llm_model not in ("", model):
            found.append(NotApplied("llm_model", f"here {self._thinking.label} answers"))
        return found

    async def _found(self, tx: Tx, agent_id: UUID, *, lock: bool = False) -> Pair:
        pair = await store.find(tx, agent_id, lock=lock)
        if pair is None:
            raise AgentNotFound("Agent not found")
        return pair

    async def _found_version(self, tx: Tx, agent_id: UUID, version_id: UUID) -> AgentVersionRow:
        """Also of an agent that was deleted."""
        row = await store.find_version_by_id(tx, agent_id, version_id)
        if row is None:
            raise AgentVersionNotFound("Version not found")
        return row

    async def _add(self, tx: Tx, settings: AgentSettings, reason: str) -> Agent:
        await self._check(tx, settings)
        row = _row(uuid4(), utc_now())
        version = _version_row(tx, row, settings, reason)
        if await store.add(tx, row, version) > MOST_AGENTS:
            raise AgentsFull(f"There are {MOST_AGENTS} agents, which is the most")
        await self._announce(tx, row, version)
        return _shown(row, version)

    async def _save(self, tx: Tx, pair: Pair, settings: AgentSettings, reason: str) -> Agent:
        row, newest = pair
        if settings == _settings(newest):
            return _shown(row, newest)
        await self._check(tx, settings)
        row.version += 1
        row.changed_at = utc_now()
        version = _version_row(tx, row, settings, reason)
        await store.add_version(tx, version)
        await self._announce(tx, row, version)
        return _shown(row, version)

    async def _check(self, tx: Tx, settings: AgentSettings) -> None:
        known = {spec.name for spec in self._tools.built_in}
        known |= {tool.name for tool in await self._tools.list(tx)}
        for name in settings.tools:
            if name not in known:
                raise AgentInvalid(
                    "tools", f"there is no tool {name!r}; GET /agent/tools lists them"
                )

    async def _announce(self, tx: Tx, row: AgentRow, version: AgentVersionRow) -> None:
        name = _settings(version).name
        saved = AgentSaved(agent_id=row.id, name=name, version=row.version, reason=version.reason)
        await self._events.publish(tx, saved)
        await self._warming.soon(tx, row.changed_at)


async def _check_graph(graph: dict[str, Any] | None) -> None:
    """Raises GraphInvalid, whose paths begin at the agent."""
    if graph is None:
        return
    document = msgspec.json.encode(graph)
    if len(document) > LONGEST_GRAPH:
        raise AgentInvalid("graph", f"it is longer than {LONGEST_GRAPH} bytes")
    try:
        await asyncio.to_thread(_read_graph, document)
    except GraphInvalid as error:
        found = msgspec.convert(error.details["problems"], list[Problem])
        raise GraphInvalid(
            [Problem(f"graph.{each.path}".rstrip("."), each.problem) for each in found]
        ) from None


@lru_cache(_GRAPHS_KEPT)
def _read_graph(document: bytes) -> Graph:
    return graph_of(document)


def _row(agent_id: UUID, at: datetime) -> AgentRow:
    return AgentRow(id=agent_id, version=1, created_at=at, changed_at=at)


def _version_row(tx: Tx, row: AgentRow, settings: AgentSettings, reason: str) -> AgentVersionRow:
    assert isinstance(tx.scope, OrgScope)
    return AgentVersionRow(
        id=uuid4(),
        agent_id=row.id,
        number=row.version,
        settings=msgspec.json.encode(settings),
        made_at=row.changed_at,
        made_by=tx.scope.actor,
        reason=reason,
    )


def _settings(version: AgentVersionRow) -> AgentSettings:
    return msgspec.json.decode(version.settings, type=AgentSettings)


def _shown(row: AgentRow, version: AgentVersionRow) -> Agent:
    return Agent(row.id, row.version, _settings(version), row.created_at, row.changed_at)


def _version(row: AgentVersionRow) -> AgentVersion:
    return AgentVersion(
        row.id, row.agent_id, row.number, _settings(row), row.made_at, row.made_by, row.reason
    )
