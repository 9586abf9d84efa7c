"""A single turn of an agent, for who measures agents with tools of his own."""

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from app.api.access import CALL
from app.api.gateway.agent_answers import TokensAnswer, label_of, tokens_of
from app.api.gateway.asr_answers import NotAppliedAnswer
from app.api.gateway.auth import TENANT
from app.api.leaving import while_there
from app.api.thinking import Steps, counted
from app.calls.sessions.single_turns import TurnAsked, single_turn
from app.core.errors import InvalidInput
from app.core.scope import OrgScope
from app.llm.conversation import Finished, Message, TextChunk, ToolCall, ToolSpec
from app.runtime import Runtime

AnyRequest = Request[Any, Any, Any]
Text = Annotated[str, msgspec.Meta(max_length=200_000, pattern="^[^\\0]*$")]
Id = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern="^[^\\0]*$")]
ToolName = Annotated[str, msgspec.Meta(pattern="^[A-Za-z_][A-Za-z0-9_-]{0,63}$")]


class TextBlock(msgspec.Struct, frozen=True, tag="text"):
    text: Text


class ToolUse(msgspec.Struct, frozen=True, tag="tool_use"):
    id: Id
    name: ToolName
    input: dict[str, Any] = {}


class ToolResult(msgspec.Struct, frozen=True, tag="tool_result"):
    """What the call `tool_use_id` gave."""

    tool_use_id: Id
    content: Text | list[TextBlock] = ""
    is_error: bool = False


class TurnMessage(msgspec.Struct, frozen=True):
    role: Literal["user", "assistant"]
    content: Text | list[TextBlock | ToolUse | ToolResult]


class OwnTool(msgspec.Struct, frozen=True, kw_only=True):
    """`input_schema`: the JSON schema of an object."""

    name: ToolName
    description: Text = ""
    input_schema: dict[str, Any]


class AskedTurn(msgspec.Struct, frozen=True, kw_only=True):
    """`system`: in the place of the agent's prompt. `tools`: answered with `tool_calls`, which the
    client makes; left out, the agent calls its own, here. `model` is the operator's choice."""

    agent_id: UUID
    messages: Annotated[list[TurnMessage], msgspec.Meta(max_length=1000)]
    system: Text | None = None
    tools: Annotated[list[OwnTool], msgspec.Meta(max_length=100)] | None = None
    model: Annotated[str, msgspec.Meta(max_length=200, pattern="^[^\\0]*$")] | None = None


class CallWanted(msgspec.Struct, frozen=True):
    id: str
    name: str
    arguments: dict[str, Any]


class TurnAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`content`: text and calls again, as blocks. `model`: who answered."""

    reply: str
    content: list[TextBlock | ToolUse]
    tool_calls: list[CallWanted]
    stop_reason: Literal["end_turn", "tool_use", "max_tokens", "refusal"]
    model: str | None
    usage: TokensAnswer
    not_applied: list[NotAppliedAnswer]


@post("/bot/api/bench/agent-turn", opt=CALL, dependencies=TENANT, status_code=200)
async def agent_turn(
    request: AnyRequest,
    runtime: NamedDependency[Runtime],
    tenant: NamedDependency[OrgScope],
    data: JSONBody[AskedTurn],
) -> TurnAnswer:
    """Keeps nothing: the client holds the conversation."""
    async with runtime.database.transaction(tenant) as tx:
        agent = await runtime.calling.agents.get(tx, data.agent_id)
    steps = single_turn(runtime.thinking, runtime.tools, tenant, agent.settings, _asked(data))
    return await while_there(request, _answer(counted(request, runtime, steps), data))


def _asked(data: AskedTurn) -> TurnAsked:
    messages = _conversation(data.messages)
    if data.tools is None:
        return TurnAsked(messages=messages, system=data.system)
    tools = [ToolSpec(tool.name, tool.description, tool.input_schema) for tool in data.tools]
    if len({tool.name for tool in tools}) < len(tools):
        raise InvalidInput("tools: two have one name", field="tools")
    return TurnAsked(messages=messages, system=data.system, tools=tools)


def _conversation(told: Sequence[TurnMessage]) -> list[Message]:
    if not told or told[-1].role != "user":
        raise InvalidInput("messages: the last one must be of the user", field="messages")
    messages = [message for each in told for message in _messages(each)]
    made = {call.id for message in messages for call in message.calls}
    if unasked := [m.call_id for m in messages if m.role == "tool" and m.call_id not in made]:
        what = f"messages: nobody made the call {unasked[0][:80]!r}"
        raise InvalidInput(what, field="messages")
    return messages


def _messages(told: TurnMessage) -> Iterator[Message]:
    blocks = [TextBlock(told.content)] if isinstance(told.content, str) else told.content
    text = "\n".join(block.text for block in blocks if isinstance(block, TextBlock))
    calls = [ToolCall(b.id, b.name, b.input) for b in blocks if isinstance(b, ToolUse)]
    results = [block for block in blocks if isinstance(block, ToolResult)]
    if told.role == "assistant":
        yield Message("assistant", text, tuple(calls))
        return
    for result in results:
        yield Message("tool", _text(result.content), (), result.tool_use_id, result.is_error)
    if text or not results:
        yield Message("user", text)


def _text(content: str | list[TextBlock]) -> str:
    return content if isinstance(content, str) else "\n".join(block.text for block in content)


async def _answer(steps: Steps, data: AskedTurn) -> TurnAnswer:
    text, calls, finished = "", list[ToolCall](), None
    async with aclosing(steps):
        async for step in steps:
            match step:
                case TextChunk():
                    text += step.text
                case ToolCall() if data.tools is not None:
                    calls.append(step)
                case Finished():
                    finished = step
                case _:
                    pass
    return _shown(text, calls, finished, data.model)


def _shown(
    text: str, calls: Sequence[ToolCall], finished: Finished | None, wanted: str | None
) -> TurnAnswer:
    model = label_of(finished) if finished else None
    is_other = bool(wanted and finished and wanted not in (finished.model, model))
    used = [ToolUse(call.id, call.name, call.arguments) for call in calls]
    return TurnAnswer(
        reply=text,
        content=[*([TextBlock(text)] if text else ()), *used],
        tool_calls=[CallWanted(call.id, call.name, call.arguments) for call in calls],
        stop_reason="tool_use" if calls else _REASONS[finished.reason if finished else "end"],
        model=model,
        usage=tokens_of(finished),
        not_applied=[_OTHER_MODEL] if is_other else [],
    )


_REASONS: dict[str, Literal["end_turn", "tool_use", "max_tokens", "refusal"]] = {
    "end": "end_turn",
    "tools": "tool_use",
    "length": "max_tokens",
    "refused": "refusal",
}
_OTHER_MODEL = NotAppliedAnswer("model", "the model is the operator's choice")

ROUTES = (agent_turn,)
