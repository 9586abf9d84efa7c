"""An agent as a call needs it: what it thinks with, its voice, its words and its manners."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from app.calls.agents.domain import Agent, AgentSettings
from app.calls.agents.service import Agents
from app.calls.flows.brain import GraphThinker
from app.calls.sessions.brain import ACTS, AgentBrain, GraphBrain
from app.calls.sessions.conducting import Cast
from app.calls.sessions.mouth import AgentMouth
from app.core.scope import OrgScope
from app.llm.conversation import Thinker
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
        graph = await self._agents.graph(settings)
        async with self._tools.toolbox(scope, settings.tools) as kept:
            toolbox = Toolbox([*ACTS, *kept.tools], kept.missing)
            thinker = self._thinking
            if graph:
                thinker = GraphThinker(graph, self._now, language=settings.language)
            brain = AgentBrain(thinker, scope, settings.system_prompt, toolbox)
            mouth = AgentMouth(self._agents.voices.speaking, manner, scope.org_id, sample_rate)
            cast = await _cast(settings, manner, brain, mouth)
            if kept.tools:  # what they do cannot be taken back
                cast = replace(cast, thinks_ahead=False)
            if isinstance(thinker, GraphThinker):
                facts = partial(_facts, thinker)
                cast = replace(cast, brain=GraphBrain(brain, thinker), opens=True, facts=facts)
            yield cast


def _facts(thinker: GraphThinker) -> Mapping[str, Any]:
    """What a dialogue graph has asked for."""
    return thinker.position.slots if thinker.position else {}


async def _cast(
    settings: AgentSettings, manner: Manner, brain: AgentBrain, mouth: AgentMouth
) -> Cast:
    language = manner.language.partition("-")[0]
    behavior = settings.behavior
    return Cast(
        brain,
        mouth,
        words=await asyncio.to_thread(small_words, language),
        language=language,
        phrases=settings.phrases(manner.language),
        silence=settings.silence_rules,
        patience=settings.patience,
        strategies=SMART if behavior.smart_endpointing else (),
        judges_sound=behavior.smart_turn,
        yields=behavior.barge_in,
        thinks_ahead=behavior.think_ahead,
        closes=behavior.closing_phrases,
        murmurs=behavior.backchannel,
        adapts=behavior.emotion_adaptation,
        room_tone=behavior.room_tone,
    )
