"""A tool as an organization describes it, and what is wrong with one. Pure."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from app.core.errors import Conflict, InvalidInput, NotFound
from app.llm.tools.mcp.server import McpServer
from app.llm.tools.secrets import Secret
from app.llm.tools.templates import HttpRequest, Template
from app.tenancy.domain.audit import AuditedEvent

MOST_TOOLS = 100
LONGEST_NAME = 32

_NAME = re.compile(r"[a-z](_?[a-z0-9])*")
"""Without two underscores in a row: they stand between a server's name and its tool's."""

Description = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern="^[^\\0]*$")]


class ToolNotFound(NotFound):
    pass


class ToolsFull(Conflict):
    pass


class ToolInvalid(InvalidInput):
    code = "tool_invalid"

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(f"{field}: {fault}", field=field)


class ToolPut(AuditedEvent, frozen=True):
    name: str
    host: str


class ToolDeleted(AuditedEvent, frozen=True):
    name: str


class ToolDefinition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request, or a server whose tools have its name and theirs. `description` tells the model
    what the request is good for, and people what the server is."""

    description: Description
    http: HttpRequest | None = None
    mcp: McpServer | None = None

    def __post_init__(self) -> None:
        if (self.http is None) == (self.mcp is None):
            raise ValueError("http: either it or mcp must be given")

    @property
    def field(self) -> str:
        return "http" if self.http else "mcp"

    def template(self) -> Template:
        """Raises TemplateInvalid or SchemaInvalid."""
        if self.http:
            return Template(self.http)
        assert self.mcp
        return Template(self.mcp.request)


class KeptTool(msgspec.Struct, frozen=True):
    name: str
    definition: ToolDefinition
    changed_at: datetime


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise ToolInvalid(
            "tool_name",
            f"a name has 1 to {LONGEST_NAME} of a-z, 0-9 and single _ between them, and a letter "
            "comes first",
        )


def checked_template(definition: ToolDefinition) -> Template:
    """Raises InvalidInput that names the field within the definition."""
    try:
        return definition.template()
    except InvalidInput as error:
        field = f"{definition.field}.{error.details['field']}"
        raise ToolInvalid(field, error.message.partition(": ")[2]) from None


def check_secrets(definition: ToolDefinition, template: Template, known: Sequence[Secret]) -> None:
    """All that it refers to must be there, for its host."""
    hosts = {secret.name: secret.host for secret in known}
    for name in sorted(template.secrets):
        if name not in hosts:
            raise ToolInvalid(definition.field, f"there is no secret {name!r}: set it first")
        if hosts[name] != template.host:
            raise ToolInvalid(
                definition.field, f"the secret {name!r} is for {hosts[name]}, not {template.host}"
            )
