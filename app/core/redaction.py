"""What must not leave in a log line or a trace: secrets always, people's addresses on demand.

Works on text and plain data and knows no logger. It errs on the side of masking too much; every
pattern runs in linear time, since what is logged may come from an attacker.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast

MASK = "***"

_LONGEST = 16_384
_DEEPEST = 3
_MOST_ITEMS = 100

_SENSITIVE_KEY = re.compile(
    r"(?:authorization|cookie|password|passwd|secret|token|api[_-]?key)\Z", re.IGNORECASE
)

# `name: value`, `"name": "value"`, `('name', b'value')`, `name%3Dvalue`; the value follows.
_AFTER_NAME = r"""(?:\\*['"]\s*[:=,]|\s*[:=]|%3[AD])\s*"""
_QUOTED = r"""\\*b?(?P<quote>['"])(?:\\.|(?!(?P=quote))[^\\\r\n])*"""
_SCHEME = r"(?:bearer(?:\s|%20)+)"
_HEADER = re.compile(
    rf"((?:authorization|cookie){_AFTER_NAME})(?:{_QUOTED}|[^\r\n]+)",
    re.IGNORECASE,
)
_NAMED = re.compile(
    rf"((?:password|passwd|secret|token|api[_-]?key){_AFTER_NAME})(?:{_QUOTED}|(?:[^\s&'\"]*{_SCHEME})*[^\s&'\"]+)",
    re.IGNORECASE,
)
_BEARER = re.compile(rf"({_SCHEME})+[^\s'\",;&]+", re.IGNORECASE)
_URL_WITH_PASSWORD = re.compile(r"(://[^\s:/@]*:)(\S+)")
_OWN_KEY = r"(?:wh|wsk|nn_k|va|prt|inv|reset|verify)_"
_KEY = re.compile(
    rf"(?<![A-Za-z0-9])({_OWN_KEY})[\w-]{{4,}}"
    rf"|({_OWN_KEY})[\w-]{{20,}}"  # run together with what stands before it
    r"|(sk-ant-)[\w-]+"
    r"|(?<![A-Za-z0-9])(sk-)[\w-]{16,}"
    r"|(AIza)[\w-]{16,}"
    r"|(gsk_)\w+"
    r"|(?<![\w-])(eyJ)[\w-]+\.[\w-]+(?:\.[\w-]*)?",  # a JSON web token
    re.ASCII,
)
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
# Digits among letters are left alone: they belong to ids, which are what logs are searched by.
_PHONE = re.compile(
    r"(?:\+|%2B)\d[\d\s().-]{5,18}\d"
    r"|(?<![A-Za-z0-9])(?:"
    r"\(?\d{3}\)?[\s.-]?\d{3}[\s.-]\d{4}"
    r"|\d{5}[\s-]\d{5}"
    r"|(?<![0-9A-Fa-f]-)(?<!\.)\d{10,15}"
    r")(?![A-Za-z0-9])",
    re.IGNORECASE,
)


class Redactor:
    def __init__(self, *, redact_phi: bool = False) -> None:
        self._redact_phi = redact_phi

    def text(self, text: str) -> str:
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST]}... ({len(text) - _LONGEST} more characters)"
        if not text.isascii():  # half of a surrogate pair could not be written
            text = text.encode(errors="backslashreplace").decode()
        text = _HEADER.sub(_masked_value, text)
        text = _NAMED.sub(_masked_value, text)
        text = _URL_WITH_PASSWORD.sub(_masked_password, text)
        text = _BEARER.sub(rf"\1{MASK}", text)
        text = _KEY.sub(lambda found: f"{found[found.lastindex or 0]}{MASK}", text)
        if self._redact_phi:
            text = _PHONE.sub(MASK, _EMAIL.sub(MASK, text))
        return text

    def value(self, value: object, depth: int = 0) -> Any:
        """`value` as plain data that JSON can carry, masked."""
        match value:
            case None | bool():
                return value
            case int() | float():
                return self._number(value)
            case str():
                return self.text(value)
            case Mapping() if depth < _DEEPEST:
                return self._mapping(cast("Mapping[object, object]", value), depth)
            case list() | tuple() | set() | frozenset() if depth < _DEEPEST:
                return self._items(cast("Iterable[object]", value), depth)
            case _:
                return self.text(as_text(value))

    def _number(self, value: float) -> Any:
        text = str(value)
        plain = self.text(text) == text and (isinstance(value, float) or abs(value) < 2**63)
        return value if plain else self.text(text)

    def _mapping(self, mapping: Mapping[object, object], depth: int) -> dict[str, Any]:
        return {
            self.text(name): MASK if _SENSITIVE_KEY.search(name) else self.value(item, depth + 1)
            for name, item in ((as_text(key), item) for key, item in _first(mapping.items()))
        }

    def _items(self, items: Iterable[object], depth: int) -> list[Any]:
        first = list(_first(items))
        if len(first) == 2 and _SENSITIVE_KEY.search(as_text(first[0])):
            return [self.value(first[0], depth + 1), MASK]
        return [self.value(item, depth + 1) for item in first]


def as_text(value: object) -> str:
    """`str`, also of what has none."""
    if isinstance(value, bytes | bytearray):
        return value.decode(errors="backslashreplace")
    try:
        return str(value)
    except Exception:  # noqa: BLE001  a log line must not fail for what it names
        return f"<{type(value).__name__} without text>"


def _masked_value(found: re.Match[str]) -> str:
    return f"{found[1]}{found['quote'] or ''}{MASK}"


def _masked_password(found: re.Match[str]) -> str:
    _, at, rest = found[2].rpartition("@")
    return f"{found[1]}{MASK}@{rest}" if at else found[0]


def _first(items: Iterable[Any]) -> Iterable[Any]:
    return (item for item, _ in zip(items, range(_MOST_ITEMS), strict=False))
