"""What an agent answers: a language model, or a dialogue graph in the place of one."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from app.calls.flows.brain import END, TRANSFER, GraphThinker
from app.core.scope import OrgScope
from app.llm.conversation import Message, Prompt, Role, TextChunk, Thinker, ToolCall, ToolSpec
from app.llm.tools.loop import answer_with_tools
from app.llm.tools.tool import Tool, ToolOutcome
from app.llm.tools.toolbox import Toolbox
from app.realtime.conversation import Act, Brain, EndCall, Line, TransferCall

_ROLES: Mapping[str, Role] = {"user": "user", "agent": "assistant", "developer": "developer"}
_MOST_TOKENS = 400
"""Nobody listens to more at once."""


class AgentBrain:
    def __init__(self, thinker: Thinker, scope: OrgScope, system: str, toolbox: Toolbox) -> None:
        self._thinker = thinker
        self._scope = scope
        self._system = system
        self._toolbox = toolbox

    async def reply(self, lines: Sequence[Line]) -> AsyncGenerator[str | Act, None]:
        messages = [Message(_ROLES[line.role], line.text) for line in lines]
        prompt = Prompt(messages, self._system, most_tokens=_MOST_TOKENS)
        answer = answer_with_tools(self._thinker, self._scope, prompt, self._toolbox)
        async with aclosing(answer) as parts:
            async for part in parts:
                if isinstance(part, TextChunk):
                    yield part.text
                elif isinstance(part, ToolCall) and (act := act_of(part)):
                    yield act
                    return


class GraphBrain:
    """Of a dialogue graph, which remembers where it stands. A question that was answered already is
    asked again with more where nobody heard that answer: it is answered from where the graph stood
    before."""

    def __init__(self, brain: Brain, thinker: GraphThinker) -> None:
        self._brain = brain
        self._thinker = thinker
        self._questions = 0
        self._before = thinker.position

    async def reply(self, lines: Sequence[Line]) -> AsyncGenerator[str | Act, None]:
        questions = sum(line.role == "user" for line in lines)
        if questions > self._questions:
            self._questions, self._before = questions, self._thinker.position
        else:
            self._thinker.position = self._before
        async with aclosing(self._brain.reply(lines)) as pieces:
            async for piece in pieces:
                yield piece


def act_of(call: ToolCall) -> Act | None:
    """What the call asks of the line itself."""
    if call.name == END:
        return EndCall(str(call.arguments.get("reason", "")) or "said goodbye")
    if call.name == TRANSFER:
        return TransferCall(str(call.arguments.get("to", "")))
    return None


class ActTool:
    """Tells a model that it can do this. The brain does it; it is never called."""

    timeout_s = 1.0

    def __init__(self, spec: ToolSpec) -> None:
        self.spec = spec

    async def call(self, scope: OrgScope, arguments: Mapping[str, Any]) -> ToolOutcome:
        return ToolOutcome("done")


def _object(name: str, about: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": "string", "description": about}},
        "required": [name],
    }


ACTS: Sequence[Tool] = (
    ActTool(
        ToolSpec(
            END,
            "Hang up, after you have said goodbye.",
            _object("reason", "In a few words, why the call is over"),
        )
    ),
    ActTool(
        ToolSpec(
            TRANSFER,
            "Hand the caller over to a person, after you have said so.",
            _object("to", "The department or number that the instructions name"),
        )
    ),
)
