"""One turn of an agent without a call: nothing is kept of it."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from app.calls.agents.domain import AgentSettings
from app.core.errors import Unprocessable
from app.core.scope import OrgScope
from app.llm.conversation import Message, Prompt, Thinker, ToolSpec
from app.llm.tools.catalogue import ToolCatalogue
from app.llm.tools.loop import Part, answer_with_tools


class GraphAnswers(Unprocessable):
    """A dialogue graph goes from state to state: it has no turn that stands alone."""

    code = "graph_answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnAsked:
    """`system`: in the place of what the agent is told. `tools`: those of whoever asks, and who
    calls them; None: those of the agent, which are called here."""

    messages: Sequence[Message]
    system: str | None = None
    tools: Sequence[ToolSpec] | None = None


async def single_turn(
    thinking: Thinker,
    catalogue: ToolCatalogue,
    scope: OrgScope,
    settings: AgentSettings,
    asked: TurnAsked,
) -> AsyncGenerator[Part, None]:
    if settings.graph is not None:
        raise GraphAnswers("agent_id: its dialogue graph answers, which has no single turns")
    system = settings.system_prompt if asked.system is None else asked.system
    prompt = Prompt(asked.messages, system, asked.tools or ())
    if asked.tools is not None:
        async with aclosing(thinking.stream(scope, prompt)) as chunks:
            async for chunk in chunks:
                yield chunk
        return
    async with (
        catalogue.toolbox(scope, settings.tools) as toolbox,
        aclosing(answer_with_tools(thinking, scope, prompt, toolbox)) as parts,
    ):
        async for part in parts:
            yield part
