"""Conversations as one reads them: what callers do, what they are answered, what is known then."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.calls.flows.documents import appointment, graph_of
from app.calls.flows.engine import begin, step
from app.calls.flows.graph import Graph
from app.calls.flows.turns import (
    Ask,
    CallTool,
    EndCall,
    Heard,
    Keyed,
    Said,
    Say,
    Silent,
    Step,
    ToolGave,
    Transfer,
)

HERE = Path(__file__).parent
WEDNESDAY = datetime(2026, 11, 18, 10, 0)  # noqa: DTZ001 - where the caller is
SAYS, KEYS, SILENT = "Caller: ", "Caller keys: ", "Caller is silent"
GAVE, FAILED = "Tool: ", "Tool fails"


@dataclass(frozen=True)
class Conversation:
    """`graph` and language stand in brackets after the title."""

    title: str
    graph: str
    language: str
    lines: tuple[str, ...]

    @property
    def heard(self) -> list[str]:
        """What is not the agent's."""
        return [line for line in self.lines if line.startswith(("Caller", "Tool"))]


def conversations(text: str) -> Iterator[Conversation]:
    for part in text.split("## ")[1:]:
        head, *lines = part.strip().splitlines()
        title, _, where = head.rstrip("]").partition(" [")
        graph, _, language = where.partition(", ")
        yield Conversation(title, graph, language, tuple(lines))


def helpdesk() -> Graph:
    return graph_of((HERE / "helpdesk.json").read_bytes())


def graph(name: str) -> Graph:
    return helpdesk() if name == "helpdesk" else appointment()


def played(conversation: Conversation, flow: Graph) -> Iterator[str]:
    """The conversation as it goes now."""
    now = begin(flow, conversation.language)
    yield from _answered(now, {})
    for line in conversation.heard:
        yield line
        before = now.position.slots
        now = step(flow, now.position, heard(line), WEDNESDAY)
        yield from _answered(now, before)


def heard(line: str) -> Heard:
    if line == SILENT:
        return Silent()
    if line == FAILED:
        return ToolGave(None)
    if line.startswith(KEYS):
        return Keyed(line.removeprefix(KEYS))
    if line.startswith(GAVE):
        return ToolGave(int(line.removeprefix(GAVE)))
    text = line.removeprefix(SAYS)
    return Said(text, "hi" if any("\u0900" <= letter <= "\u097f" for letter in text) else "")


def _answered(taken: Step, before: Mapping[str, object]) -> Iterator[str]:
    for effect in taken.effects:
        match effect:
            case Say() | Ask():
                yield f"Agent: {effect.text}"
            case CallTool():
                yield f"Agent calls {effect.tool}: {effect.arguments}"
            case Transfer():
                yield f"Agent transfers to {effect.to}"
            case EndCall():
                yield f"Agent hangs up: {effect.reason}"
    slots = taken.position.slots
    for name in sorted(slots.keys() | before.keys()):
        if slots.get(name) != before.get(name):
            yield f"    {name} = {slots[name]}" if name in slots else f"    {name} is forgotten"
