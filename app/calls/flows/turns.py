"""The turns of a dialogue: what is heard, what is done about it, and where that leaves it. Pure."""

from typing import TypeAlias

import msgspec

from app.calls.flows.graph import Value


class Said(msgspec.Struct, frozen=True, tag=True):
    """`language` is empty where nobody knows."""

    text: str
    language: str = ""


class Keyed(msgspec.Struct, frozen=True, tag=True):
    """The keys of a telephone, all of an answer."""

    keys: str


class Silent(msgspec.Struct, frozen=True, tag=True):
    """The caller had time to answer, and did not."""


class ToolGave(msgspec.Struct, frozen=True, tag=True):
    """None where it failed; what does not fit its slot counts as failed."""

    value: Value | None


Heard: TypeAlias = Said | Keyed | Silent | ToolGave


class Say(msgspec.Struct, frozen=True, tag=True):
    text: str
    language: str


class Keys(msgspec.Struct, frozen=True):
    """An answer by keys is complete at `most`, or at the terminator."""

    most: int
    terminator: str = ""


class Ask(msgspec.Struct, frozen=True, tag=True):
    text: str
    language: str
    slot: str
    keys: Keys | None = None


class CallTool(msgspec.Struct, frozen=True, tag=True):
    tool: str
    arguments: dict[str, Value]


class Transfer(msgspec.Struct, frozen=True, tag=True):
    to: str


class EndCall(msgspec.Struct, frozen=True, tag=True):
    reason: str


Effect: TypeAlias = Say | Ask | CallTool | Transfer | EndCall


class Position(msgspec.Struct, frozen=True):
    """All that is known of a dialogue. `unclear` and `silent` count turns in a row."""

    state: str
    language: str
    slots: dict[str, Value] = {}
    turn: int = 0
    unclear: int = 0
    silent: int = 0
    is_over: bool = False


class Step(msgspec.Struct, frozen=True):
    """Only the last effect waits or ends. None: a tool is still at work, or the call is over."""

    position: Position
    effects: tuple[Effect, ...]
