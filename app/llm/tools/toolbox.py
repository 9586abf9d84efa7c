"""The tools of one answer, by name. Whatever is wrong with a call is told to the model."""

import asyncio
import logging
import re
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from app.core.db import forbid_in_transaction
from app.core.errors import AppError, InternalError, InvalidInput
from app.core.scope import OrgScope
from app.llm.conversation import ToolSpec
from app.llm.tools.schemas import Schema
from app.llm.tools.tool import Tool, ToolOutcome, ToolRefused, ToolsMissing, cut

log = logging.getLogger(__name__)

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""That every provider takes."""

LONGEST_TIMEOUT_S = 60.0


class ToolboxMisbuilt(InternalError):
    """A defect: two tools of one name, or a name that no provider takes."""


class ArgumentsInvalid(InvalidInput):
    """Of a call by hand."""

    code = "tool_arguments_invalid"


class Toolbox:
    """`missing`: tools that were asked for and cannot be had now."""

    def __init__(self, tools: Sequence[Tool] = (), missing: Sequence[ToolsMissing] = ()) -> None:
        """Raises SchemaInvalid."""
        self._tools = {tool.spec.name: tool for tool in tools}
        self._schemas = {tool.spec.name: Schema(tool.spec.parameters) for tool in tools}
        self.missing = tuple(missing)
        if len(self._tools) < len(tools) or not all(map(NAME.fullmatch, self._tools)):
            raise ToolboxMisbuilt("two tools have one name, or one has none")

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        return tuple(tool.spec for tool in self._tools.values())

    def check(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Raises ArgumentsInvalid."""
        if fault := self._schemas[name].find_fault(arguments):
            field, what = fault
            raise ArgumentsInvalid(f"arguments.{field}: {what}", field=f"arguments.{field}")

    async def call(
        self,
        scope: OrgScope,
        name: str,
        arguments: Mapping[str, Any],
        timeout_s: float = LONGEST_TIMEOUT_S,
    ) -> ToolOutcome:
        """Raises nothing."""
        forbid_in_transaction()
        tool = self._tools.get(name)
        if tool is None:
            return ToolOutcome(f"There is no tool {name[:64]!r}", is_error=True)
        if fault := self._schemas[name].find_fault(arguments):
            return ToolOutcome(": ".join(fault), is_error=True)
        allowed_s = min(tool.timeout_s, timeout_s)
        try:
            async with asyncio.timeout(allowed_s):
                outcome = await tool.call(scope, arguments)
        except TimeoutError:
            return ToolOutcome(f"{name} gave no result within {allowed_s:g} s", is_error=True)
        except ToolRefused as refused:
            outcome = ToolOutcome(str(refused), is_error=True)
        except InternalError as error:
            outcome = _defect(name, error)
        except AppError as error:
            outcome = ToolOutcome(error.message, is_error=True)
        except Exception as error:  # noqa: BLE001  the answer goes on without this tool
            outcome = _defect(name, error)
        return ToolOutcome(cut(outcome.text), outcome.is_error)


def _defect(name: str, error: Exception) -> ToolOutcome:
    """The log has no message of it, which may hold what somebody said."""
    where = "".join(traceback.format_tb(error.__traceback__)[-3:])
    log.error("the tool %s failed with %s\n%s", name, type(error).__name__, where)
    return ToolOutcome(f"{name} failed for a reason that is ours", is_error=True)
