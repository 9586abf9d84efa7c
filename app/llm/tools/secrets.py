"""Secrets that requests refer to by `{{secret:name}}`: put in on the way out, and taken out of
whatever comes back."""

import base64
import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote, quote_plus

import msgspec

from app.llm.tools.tool import ToolRefused

MASK = "***"


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """`host` is the only one that it is told."""

    name: str
    host: str
    value: str


class Secrets:
    """Those that one tool may use."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._by_name = {secret.name: secret for secret in secrets}
        forms = {form for secret in self._by_name.values() for form in _forms(secret.value)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._forms = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)

    def value(self, name: str, host: str) -> str:
        """Raises ToolRefused."""
        secret = self._by_name.get(name)
        if secret is None:
            raise ToolRefused(f"The secret {name!r} is missing: it has to be set first")
        if secret.host != host:
            raise ToolRefused(f"The secret {name!r} is for another host than {host}")
        return secret.value

    def redacted(self, text: str) -> str:
        return self._forms.sub(MASK, text) if self._by_name else text

    def redacted_json(self, value: Any) -> Any:
        """The same of every string in it, and of numbers that are secrets."""
        if not self._by_name or not self._forms.search(msgspec.json.encode(value).decode()):
            return value
        return self._redacted(value)

    def _redacted(self, value: Any) -> Any:
        match value:
            case str():
                return self.redacted(value)
            case dict():
                items = cast("dict[str, Any]", value).items()
                return {self.redacted(key): self._redacted(each) for key, each in items}
            case list():
                return [self._redacted(each) for each in cast("list[Any]", value)]
            case int() | float() if self._forms.search(str(value)):
                return MASK
            case _:
                return value


def _forms(value: str) -> set[str]:
    """As a server that echoes it may write it."""
    encoded = value.encode()
    return {
        value,
        json.dumps(value)[1:-1],
        html.escape(value),
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        base64.b64encode(encoded).decode().rstrip("="),
        base64.urlsafe_b64encode(encoded).decode().rstrip("="),
    }
