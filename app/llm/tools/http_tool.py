"""A tool that is a request to somebody's HTTP server."""

from collections.abc import Mapping
from typing import Any, cast

import msgspec

from app.core.errors import AppError
from app.core.http import HostRule, OutboundClient, OutboundLimits, OutboundResponse
from app.core.scope import OrgScope
from app.llm.conversation import ToolSpec
from app.llm.tools.secrets import Secrets
from app.llm.tools.templates import Template
from app.llm.tools.tool import ToolOutcome, ToolRefused, cut

MOST_RESPONSE_BYTES = 256 * 1024
LONGEST_ERROR = 1000


class HttpTool:
    def __init__(
        self,
        spec: ToolSpec,
        template: Template,
        secrets: Secrets,
        outbound: OutboundClient,
        allowed: frozenset[HostRule],
    ) -> None:
        request = template.request
        self.spec = spec
        self.timeout_s = request.timeout_s
        self._template = template
        self._secrets = secrets
        self._outbound = outbound
        self._allowed = allowed
        # A redirect would take the body, and the secrets in it, to wherever it likes.
        redirects = 3 if request.method == "GET" else 0
        self._limits = OutboundLimits(
            read_s=request.timeout_s,
            total_s=request.timeout_s,
            max_response_bytes=MOST_RESPONSE_BYTES,
            max_redirects=redirects,
        )

    async def call(self, scope: OrgScope, arguments: Mapping[str, Any]) -> ToolOutcome:
        request = self._template.fill(arguments, self._secrets)
        try:
            answer = await self._outbound.request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.content,
                allowed=self._allowed,
                limits=self._limits,
            )
        except AppError as error:
            return ToolOutcome(self._secrets.redacted(error.message), is_error=True)
        if 200 <= answer.status < 300:
            return ToolOutcome(self._told(answer, self._template.request.pick))
        told = cut(self._told(answer), LONGEST_ERROR)
        return ToolOutcome(f"{self._template.host} answers {answer.status}: {told}", is_error=True)

    def _told(self, answer: OutboundResponse, pick: str = "") -> str:
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        try:
            found = msgspec.json.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if pick:
                raise ToolRefused(f"{self._template.host}: its answer is not JSON") from None
            return self._secrets.redacted(_as_text(answer.body, kind))
        picked = self._secrets.redacted_json(pointed_at(found, pick))
        return picked if isinstance(picked, str) else msgspec.json.encode(picked).decode()


def pointed_at(value: Any, pointer: str) -> Any:
    """By a JSON pointer (RFC 6901). Raises ToolRefused."""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        match value:
            case dict() if key in value:
                value = cast("dict[str, Any]", value)[key]
            case [*items] if key.isdecimal() and int(key) < len(items):
                value = items[int(key)]
            case _:
                raise ToolRefused(f"The answer has nothing at {pointer}")
    return value


def _as_text(body: bytes, kind: str) -> str:
    if not body:
        return "(nothing)"
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return f"({len(body)} bytes of {kind[:100] or 'an unknown kind'})"
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
