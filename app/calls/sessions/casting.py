"""An agent as a call needs it: what it thinks with, its voice, its words and its manners."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any

from msgspec.structs import replace

from app.calls.agents.domain import Agent, AgentSettings
from app.calls.agents.service import Agents
from app.calls.flows.brain import GraphThinker
from app.calls.sessions.brain import ACTS, AgentBrain
from app.calls.sessions.conducting import Cast
from app.calls.sessions.mouth import AgentMouth
from app.core.scope import OrgScope
from app.llm.conversation import Prompt, TextChunk, Thinker
from app.llm.tools.catalogue import ToolCatalogue
from app.llm.tools.toolbox import Toolbox
from app.realtime.endpointing import SMART
from app.realtime.words import small_words
from app.tts.speech import Manner


class Casting:
    def __init__(
        self,
        agents: Agents,
        thinking: Thinker,
        tools: ToolCatalogue,
        now: Callable[[], datetime],
    ) -> None:
        self._agents = agents
        self._thinking = thinking
        self._tools = tools
        self._now = now

    @asynccontextmanager
    async def cast(self, scope: OrgScope, agent: Agent, sample_rate: int) -> AsyncGenerator[Cast]:
        """For one call, whose end closes what its tools have open. `sample_rate`: of its voice."""
        settings = agent.settings
        manner = await self._agents.voices.manner(scope, settings)
        thinker, opening = await self._thinker(scope, settings)
        async with self._tools.toolbox(scope, settings.tools) as kept:
            toolbox = Toolbox([*ACTS, *kept.tools], kept.missing)
            yield await _cast(
                settings,
                opening,
                manner,
                AgentBrain(thinker, scope, settings.system_prompt, toolbox),
                AgentMouth(self._agents.voices.speaking, manner, scope.org_id, sample_rate),
                partial(_facts, thinker),
                has_tools=bool(kept.tools),
            )

    async def _thinker(self, scope: OrgScope, settings: AgentSettings) -> tuple[Thinker, str]:
        """And what it opens the call with."""
        graph = await self._agents.graph(settings)
        if graph is None:
            return self._thinking, ""
        thinker = GraphThinker(graph, self._now, language=settings.language)
        async with aclosing(thinker.stream(scope, Prompt([]))) as chunks:
            opening = [chunk.text async for chunk in chunks if isinstance(chunk, TextChunk)]
        return thinker, "".join(opening)


def _facts(thinker: Thinker) -> Mapping[str, Any]:
    """What a dialogue graph has asked for."""
    if isinstance(thinker, GraphThinker) and thinker.position:
        return thinker.position.slots
    return {}


async def _cast(
    settings: AgentSettings,
    opening: str,
    manner: Manner,
    brain: AgentBrain,
    mouth: AgentMouth,
    facts: Callable[[], Mapping[str, Any]],
    *,
    has_tools: bool,
) -> Cast:
    """What a tool does cannot be taken back, so with tools nothing is thought ahead."""
    spoken = replace(settings, greeting=f"{settings.greeting} {opening}".strip())
    language = manner.language.partition("-")[0]
    behavior = settings.behavior
    return Cast(
        brain,
        mouth,
        words=await asyncio.to_thread(small_words, language),
        language=language,
        phrases=spoken.phrases(manner.language),
        silence=settings.silence_rules,
        patience=settings.patience,
        strategies=SMART if behavior.smart_endpointing else (),
        judges_sound=behavior.smart_turn,
        yields=behavior.barge_in,
        thinks_ahead=behavior.think_ahead and not has_tools,
        closes=behavior.closing_phrases,
        murmurs=behavior.backchannel,
        adapts=behavior.emotion_adaptation,
        room_tone=behavior.room_tone,
        facts=facts,
    )
