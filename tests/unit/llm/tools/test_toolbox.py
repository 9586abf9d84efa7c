"""Calling one tool: whatever goes wrong is an error that the model reads."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest

from app.core.errors import UpstreamFailed
from app.core.scope import OrgScope
from app.llm.conversation import ToolSpec
from app.llm.tools.tool import LONGEST_RESULT, ToolOutcome, ToolRefused
from app.llm.tools.toolbox import Toolbox, ToolboxMisbuilt
from tests.virtual_time import virtual_time

SCOPE = OrgScope(uuid4(), "test")
SCHEMA = {"type": "object", "properties": {"how": {"type": "string"}}, "required": ["how"]}


class Moody:
    timeout_s = 5.0

    def __init__(self, name: str = "moody") -> None:
        self.spec = ToolSpec(name, "Does as it is told.", SCHEMA)
        self.calls: list[Mapping[str, Any]] = []

    async def call(self, scope: OrgScope, arguments: Mapping[str, Any]) -> ToolOutcome:
        assert scope == SCOPE
        self.calls.append(arguments)
        match arguments["how"]:
            case "fails":
                raise UpstreamFailed("crm.example.com: the connection broke")
            case "refuses":
                raise ToolRefused("how: not like this")
            case how if how.startswith("breaks"):
                raise ValueError(how)
            case "hangs":
                await asyncio.sleep(3600)
            case "talks":
                return ToolOutcome("x" * (LONGEST_RESULT + 5))
        return ToolOutcome("done")


async def told(how: Any, **others: Any) -> ToolOutcome:
    return await Toolbox([Moody()]).call(SCOPE, "moody", {"how": how}, **others)


@virtual_time
async def test_what_goes_wrong_is_told_to_the_model() -> None:
    assert await told("works") == ToolOutcome("done")
    assert await told("fails") == ToolOutcome("crm.example.com: the connection broke", True)
    assert await told("refuses") == ToolOutcome("how: not like this", True)
    assert await told("hangs") == ToolOutcome("moody gave no result within 5 s", True)
    assert await told("hangs", timeout_s=2) == ToolOutcome("moody gave no result within 2 s", True)
    talked = await told("talks")
    assert len(talked.text) < LONGEST_RESULT + 50
    assert talked.text.endswith("... (5 more characters)")


async def test_a_tool_is_not_called_with_what_its_schema_refuses() -> None:
    tool = Moody()
    toolbox = Toolbox([tool])
    for arguments in ({}, {"how": 5}):
        outcome = await toolbox.call(SCOPE, "moody", arguments)
        assert outcome.is_error
        assert outcome.text.startswith("how: ")
    unknown = await toolbox.call(SCOPE, "x" * 1000, {})
    assert unknown.is_error
    assert len(unknown.text) < 100
    assert tool.calls == []


async def test_a_defect_is_logged_without_what_was_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        outcome = await told("breaks on hunter2")
    assert outcome == ToolOutcome("moody failed for a reason that is ours", True)
    assert "ValueError" in caplog.text
    assert "hunter2" not in caplog.text


def test_names_are_unique_and_such_as_providers_take() -> None:
    for tools in ([Moody(), Moody()], [Moody("a b")], [Moody("9a")], [Moody("x" * 65)]):
        with pytest.raises(ToolboxMisbuilt):
            Toolbox(tools)
