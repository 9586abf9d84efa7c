"""Answers for which tools are called, by a model that follows a script."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import pytest

from app.core.scope import OrgScope
from app.llm.conversation import (
    Chunk,
    Finished,
    Message,
    Prompt,
    Switched,
    TextChunk,
    TokenUsage,
    ToolCall,
    ToolSpec,
)
from app.llm.tools.loop import Part, ToolAnswered, answer_with_tools
from app.llm.tools.tool import ToolOutcome, ToolsMissing
from app.llm.tools.toolbox import Toolbox
from tests.virtual_time import virtual_time

SCOPE = OrgScope(uuid4(), "test")
PROMPT = Prompt([Message("user", "How late is it?")], system="Be brief.", most_tokens=99)


def done(reason: Any, tokens: int = 10) -> Finished:
    return Finished(reason, TokenUsage(tokens, tokens // 2), "scripted", "none")


def call(number: int, seconds: float = 0) -> ToolCall:
    return ToolCall(f"call-{number}", "wait", {"seconds": seconds})


class Scripted:
    """Gives one answer of the script for each prompt, the last one for ever."""

    label = "scripted none"
    context_tokens = 1000
    is_embedded = False

    def __init__(self, *answers: Sequence[Chunk]) -> None:
        self._answers = list(answers)
        self.prompts: list[Prompt] = []
        self.open = 0

    async def stream(self, scope: OrgScope, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        assert scope == SCOPE
        self.prompts.append(prompt)
        self.open += 1
        try:
            chunks = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            for chunk in chunks:
                await asyncio.sleep(0)
                yield chunk
        finally:
            self.open -= 1


class Wait:
    spec = ToolSpec(
        "wait",
        "Waits.",
        {"type": "object", "properties": {"seconds": {"type": "number", "maximum": 60}}},
    )
    timeout_s = 10.0

    def __init__(self) -> None:
        self.cancelled = 0

    async def call(self, scope: OrgScope, arguments: Mapping[str, Any]) -> ToolOutcome:
        assert scope == SCOPE
        try:
            await asyncio.sleep(arguments["seconds"])
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return ToolOutcome(f"waited {arguments['seconds']}")


async def parts(thinker: Scripted, tool: Wait | None = None, **options: Any) -> list[Part]:
    toolbox = Toolbox([tool or Wait()])
    answer = answer_with_tools(thinker, SCOPE, PROMPT, toolbox, **options)
    return [part async for part in answer]


@virtual_time
async def test_results_are_in_the_stream_and_in_the_conversation() -> None:
    switched = Switched("a", "b", "down")
    model = Scripted(
        [switched, TextChunk("Let me "), TextChunk("see."), call(1, 2), done("tools")],
        [TextChunk("Late."), done("end", 30)],
    )
    heard = await parts(model)
    assert heard == [
        switched,
        TextChunk("Let me "),
        TextChunk("see."),
        call(1, 2),
        ToolAnswered("call-1", "wait", "waited 2", False, 2.0),
        TextChunk("Late."),
        Finished("end", TokenUsage(40, 20), "scripted", "none"),
    ]
    first, second = model.prompts
    assert (first.tools, second.tools) == ((Wait.spec,), (Wait.spec,))
    assert (second.system, second.most_tokens) == ("Be brief.", 99)
    assert list(second.messages) == [
        *PROMPT.messages,
        Message("assistant", "Let me see.", (call(1, 2),)),
        Message("tool", "waited 2", call_id="call-1"),
    ]


@virtual_time
async def test_calls_run_side_by_side_each_with_its_own_time() -> None:
    began = time.monotonic()
    model = Scripted(
        [call(1, 9), call(2, 1), call(3, 50), call(4, 5), done("tools")],
        [TextChunk("Done."), done("end")],
    )
    heard = [part for part in await parts(model) if isinstance(part, ToolAnswered)]
    assert time.monotonic() - began == 10
    assert [(each.call_id, each.took_s, each.is_error) for each in heard] == [
        ("call-2", 1, False),
        ("call-4", 5, False),
        ("call-1", 9, False),
        ("call-3", 10, True),
    ]
    results = [each.call_id for each in model.prompts[1].messages if each.role == "tool"]
    assert results == ["call-1", "call-2", "call-3", "call-4"]
    late = await parts(Scripted([call(1, 9), done("tools")], [done("end")]), timeout_s=3)
    assert [each.took_s for each in late if isinstance(each, ToolAnswered)] == [3]


@virtual_time
async def test_after_so_many_steps_it_answers_without_tools() -> None:
    model = Scripted(
        [call(1), done("tools", 2)],
        [call(2), done("tools", 2)],
        [TextChunk("I give up."), call(3), done("tools", 2)],
    )
    heard = await parts(model, most_steps=2)
    assert [prompt.may_call for prompt in model.prompts] == [True, True, False]
    assert [len(prompt.tools) for prompt in model.prompts] == [1, 1, 1]
    assert [each.call_id for each in heard if isinstance(each, ToolAnswered)] == [
        "call-1",
        "call-2",
    ]
    assert [each.id for each in heard if isinstance(each, ToolCall)] == ["call-1", "call-2"]
    assert heard[-2:] == [
        TextChunk("I give up."),
        Finished("tools", TokenUsage(6, 3), "scripted", "none"),
    ]


@virtual_time
async def test_too_many_calls_at_once_are_told_so() -> None:
    model = Scripted([*(call(each) for each in range(10)), done("tools")], [done("end")])
    heard = [part for part in await parts(model) if isinstance(part, ToolAnswered)]
    assert sum(each.is_error for each in heard) == 2
    assert len([each for each in model.prompts[1].messages if each.role == "tool"]) == 10


@virtual_time
async def test_who_was_cut_off_or_refuses_gets_no_results() -> None:
    for reason in ("length", "refused"):
        model = Scripted([call(1), done(reason)])
        assert await parts(model) == [call(1), done(reason)]
    said_end = Scripted([call(1), done("end")], [TextChunk("So."), done("end")])
    assert TextChunk("So.") in await parts(said_end)


@virtual_time
async def test_whoever_hangs_up_cancels_what_is_under_way() -> None:
    tool = Wait()
    model = Scripted([call(1, 1), call(2, 9), call(3, 9), done("tools")], [done("end")])
    answer = answer_with_tools(model, SCOPE, PROMPT, Toolbox([tool]))
    async with aclosing(answer):
        async for part in answer:
            if isinstance(part, ToolAnswered):
                break
    assert (tool.cancelled, model.open) == (2, 0)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(5):
            await parts(Scripted([call(1, 9), done("tools")]), tool)
    assert tool.cancelled == 3


@virtual_time
async def test_the_stream_of_a_model_is_closed_with_the_answer() -> None:
    model = Scripted([TextChunk("A"), TextChunk("B"), done("end")])
    answer = answer_with_tools(model, SCOPE, PROMPT, Toolbox())
    assert await anext(answer) == TextChunk("A")
    assert model.open == 1
    await answer.aclose()
    assert model.open == 0


@virtual_time
async def test_missing_tools_are_said_first() -> None:
    missing = ToolsMissing("crm", "it accepts no connection")
    answer = answer_with_tools(
        Scripted([TextChunk("Hello"), done("end")]), SCOPE, PROMPT, Toolbox([], [missing])
    )
    assert [part async for part in answer] == [missing, TextChunk("Hello"), done("end")]
