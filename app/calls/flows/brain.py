"""A dialogue graph in the place of a language model: asked and answering as one is."""

import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from datetime import datetime

from app.calls.flows.engine import begin, step
from app.calls.flows.graph import Graph
from app.calls.flows.turns import (
    Ask,
    CallTool,
    Effect,
    EndCall,
    Heard,
    Keyed,
    Position,
    Said,
    Say,
    Silent,
    Step,
    ToolGave,
    Transfer,
)
from app.core.scope import OrgScope
from app.llm.conversation import Chunk, Finished, Message, Prompt, TextChunk, TokenUsage, ToolCall

PROVIDER = "graph"
TRANSFER, END = "transfer_call", "end_call"
"""The tools that a graph calls to hand over and to hang up."""

_KEYS = re.compile(r"[0-9*#]+")
_DEVANAGARI = re.compile(r"[\u0900-\u097f]")


class GraphThinker:
    """Of one call. What it hears is the last message of the prompt; the rest it knows itself.

    A user who said nothing was silent; digits alone were keyed in. `position` is all of its memory:
    with it another takes the call over.
    """

    context_tokens = 1_000_000
    is_embedded = False

    def __init__(
        self,
        flow: Graph,
        now: Callable[[], datetime],
        *,
        language: str = "",
        position: Position | None = None,
    ) -> None:
        self._flow = flow
        self._now = now
        self._language = language
        self.position = position
        self._undone: tuple[Effect, ...] = ()
        """What the last turn waits for, or ended with."""

    @property
    def label(self) -> str:
        return f"{PROVIDER} {self._flow.name}"

    async def stream(self, scope: OrgScope, prompt: Prompt) -> AsyncGenerator[Chunk, None]:
        """What was decided stands, though the caller may cut in before all of it was said, or while
        a tool is at work: it is called again."""
        taken = self._take(prompt)
        self.position, self._undone = taken.position, taken.effects[-1:]
        has_tools = False
        for chunk in _chunks(taken):
            has_tools = isinstance(chunk, ToolCall)
            yield chunk
        yield Finished("tools" if has_tools else "end", TokenUsage(), PROVIDER, self._flow.name)

    def _take(self, prompt: Prompt) -> Step:
        if self.position is None:
            return begin(self._flow, self._language)
        heard = _heard(prompt.messages)
        taken = step(self._flow, self.position, heard, self._now())
        if taken.effects or isinstance(heard, ToolGave):
            return taken
        return Step(taken.position, self._undone)


def _heard(messages: Sequence[Message]) -> Heard:
    message = messages[-1] if messages else Message("user")
    if message.role == "tool":
        return ToolGave(None if message.is_error else message.text)
    if _KEYS.fullmatch(message.text):
        return Keyed(message.text)
    if not message.text.strip():
        return Silent()
    return Said(message.text, "hi" if _DEVANAGARI.search(message.text) else "")


def _chunks(taken: Step) -> Iterator[Chunk]:
    call = f"{PROVIDER}-{taken.position.turn}"
    for number, effect in enumerate(taken.effects):
        match effect:
            case Say() | Ask():
                yield TextChunk(effect.text if number == 0 else f" {effect.text}")
            case CallTool():
                yield ToolCall(call, effect.tool, dict(effect.arguments))
            case Transfer():
                yield ToolCall(call, TRANSFER, {"to": effect.to})
            case EndCall():
                yield ToolCall(call, END, {"reason": effect.reason})
