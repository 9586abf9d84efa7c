"""An answer for which the model may call tools: asked, called, asked again, to an end."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeAlias

from app.core.aio import TaskScope
from app.core.scope import OrgScope
from app.llm.conversation import (
    Chunk,
    Finished,
    Message,
    Prompt,
    TextChunk,
    Thinker,
    TokenUsage,
    ToolCall,
)
from app.llm.tools.tool import ToolOutcome, ToolsMissing
from app.llm.tools.toolbox import LONGEST_TIMEOUT_S, Toolbox

MOST_STEPS = 8
MOST_CALLS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class ToolAnswered:
    """What came of a call, as the model is told it."""

    call_id: str
    name: str
    text: str
    is_error: bool
    took_s: float


Part: TypeAlias = Chunk | ToolAnswered | ToolsMissing
"""Of an answer. There is one `Finished`, the last, with the usage of all steps."""


async def answer_with_tools(
    thinker: Thinker,
    scope: OrgScope,
    prompt: Prompt,
    toolbox: Toolbox,
    *,
    most_steps: int = MOST_STEPS,
    timeout_s: float = LONGEST_TIMEOUT_S,
) -> AsyncGenerator[Part, None]:
    """At most `most_steps` times the model may call tools; then it must answer with what it knows.
    `timeout_s` is the longest that any call may take. Closing it cancels the calls under way."""
    for missing in toolbox.missing:
        yield missing
    messages, usage = list(prompt.messages), TokenUsage()
    for step in range(most_steps + 1):
        may_call = step < most_steps
        turn = _Turn()
        asked = replace(prompt, messages=messages, tools=toolbox.specs, may_call=may_call)
        async with aclosing(thinker.stream(scope, asked)) as chunks:
            async for chunk in chunks:
                turn.note(chunk)
                is_in_vain = isinstance(chunk, ToolCall) and not may_call
                if not (is_in_vain or isinstance(chunk, Finished)):
                    yield chunk
        if turn.finished:
            usage += turn.finished.usage
        if not (may_call and turn.wants_results):
            if turn.finished:
                yield replace(turn.finished, usage=usage)
            return
        results: dict[str, Message] = {}
        async with aclosing(_results(scope, toolbox, turn.calls, timeout_s)) as answered:
            async for each in answered:
                results[each.call_id] = Message(
                    "tool", each.text, call_id=each.call_id, is_error=each.is_error
                )
                yield each
        messages += [turn.message, *(results[call.id] for call in turn.calls)]


class _Turn:
    """What the model said in one step."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self.calls: list[ToolCall] = []
        self.finished: Finished | None = None

    def note(self, chunk: Chunk) -> None:
        match chunk:
            case TextChunk(text):
                self._text.append(text)
            case ToolCall():
                self.calls.append(chunk)
            case Finished():
                self.finished = chunk
            case _:
                pass

    @property
    def wants_results(self) -> bool:
        """Some say `end` where they mean `tools`; who was cut off or refuses wants nothing."""
        return bool(self.calls and self.finished and self.finished.reason in ("tools", "end"))

    @property
    def message(self) -> Message:
        return Message("assistant", "".join(self._text), tuple(self.calls))


async def _results(
    scope: OrgScope, toolbox: Toolbox, calls: Sequence[ToolCall], timeout_s: float
) -> AsyncGenerator[ToolAnswered, None]:
    """Side by side, each when it is there."""

    async def answered(call: ToolCall) -> ToolAnswered:
        began = time.monotonic()
        outcome = await toolbox.call(scope, call.name, call.arguments, timeout_s)
        return _told(call, outcome, time.monotonic() - began)

    for call in calls[MOST_CALLS_AT_ONCE:]:
        most = f"At most {MOST_CALLS_AT_ONCE} tools can be called at once: call it again"
        yield _told(call, ToolOutcome(most, is_error=True), 0.0)
    async with TaskScope() as tasks:
        running = [tasks.spawn("tool call", answered(call)) for call in calls[:MOST_CALLS_AT_ONCE]]
        for next_done in asyncio.as_completed(running):
            yield await next_done


def _told(call: ToolCall, outcome: ToolOutcome, took_s: float) -> ToolAnswered:
    return ToolAnswered(call.id, call.name, outcome.text, outcome.is_error, took_s)
