"""What a tool is, and what came of calling one. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from app.core.scope import OrgScope
from app.llm.conversation import ToolSpec

LONGEST_RESULT = 16_000
"""Characters that a model is told of what came of one call."""


class ToolOutcome(msgspec.Struct, frozen=True):
    """As the model reads it. With `is_error` the model may try otherwise."""

    text: str
    is_error: bool = False


class ToolRefused(Exception):
    """The tool cannot do what it was asked, for a reason that the model is told."""


@dataclass(frozen=True, slots=True)
class ToolsMissing:
    """The tools of this server are not at hand in this answer."""

    server: str
    reason: str


class Tool(Protocol):
    @property
    def spec(self) -> ToolSpec: ...

    @property
    def timeout_s(self) -> float: ...

    async def call(self, scope: OrgScope, arguments: Mapping[str, Any]) -> ToolOutcome:
        """`arguments` fit the schema. Raises ToolRefused or an AppError where it cannot."""
        ...


def cut(text: str, most: int = LONGEST_RESULT) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most]}... ({len(text) - most} more characters)"


def as_result(value: Any) -> ToolOutcome:
    return ToolOutcome(msgspec.json.encode(value).decode())
