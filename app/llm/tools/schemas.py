"""JSON schemas of arguments: refused where checking against them could take long or ask the
network, and compiled."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

import jsonschema_rs
import msgspec

from app.core.errors import InvalidInput
from app.llm.tools.tool import cut

LONGEST = 16 * 1024
"""Bytes of JSON, of a schema and of arguments."""

DEEPEST = 16
MOST_STEPS = 2000
"""Of a check, where every reference is followed: a schema of one page could ask for 2**100."""

_PATTERNS = jsonschema_rs.RegexOptions(size_limit=256 * 1024, dfa_size_limit=1024 * 1024)
"""Of an engine that needs linear time."""

_LONGEST_FAULT = 300
_ELSEWHERE = frozenset({"$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef"})
_DATA = frozenset({"const", "default", "enum", "examples"})


class SchemaInvalid(InvalidInput):
    code = "tool_schema_invalid"

    def __init__(self, fault: str) -> None:
        super().__init__(f"parameters: {fault}", field="parameters")


class Schema:
    """Of an object: the arguments of a tool."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Raises SchemaInvalid."""
        self._compiled = _compiled(_encoded(schema))
        self.properties = frozenset(cast("Mapping[str, Any]", schema.get("properties", {})))

    def find_fault(self, arguments: Mapping[str, Any]) -> tuple[str, str] | None:
        """The field that is wrong, and what is wrong with it."""
        try:
            encoded = msgspec.json.encode(arguments)
            if len(encoded) > LONGEST:
                return "arguments", f"they are longer than {LONGEST} bytes"
            for error in self._compiled.iter_errors(dict(arguments)):
                return _field(error), cut(error.message, _LONGEST_FAULT)
        except (ValueError, RecursionError):
            return "arguments", "they hold what is no text, or are nested too deeply"
        return None


def _encoded(schema: Mapping[str, Any]) -> bytes:
    if schema.get("type") != "object":
        raise SchemaInvalid("its type must be object")
    if not isinstance(schema.get("properties", {}), dict):
        raise SchemaInvalid("its properties must be an object")
    try:
        encoded = msgspec.json.encode(schema)
    except (ValueError, RecursionError):
        raise SchemaInvalid("it holds what is no text, or is nested too deeply") from None
    if len(encoded) > LONGEST:
        raise SchemaInvalid(f"it is longer than {LONGEST} bytes")
    _Steps(schema).refuse_too_many()
    return encoded


@lru_cache(maxsize=512)
def _compiled(encoded: bytes) -> jsonschema_rs.Draft202012Validator:
    schema = msgspec.json.decode(encoded, type=dict[str, Any])
    try:
        return jsonschema_rs.Draft202012Validator(schema, offline=True, pattern_options=_PATTERNS)
    except (jsonschema_rs.ValidationError, ValueError) as error:
        fault = str(getattr(error, "message", error))
        raise SchemaInvalid(cut(fault, _LONGEST_FAULT)) from None


class _Steps:
    """Counts what a check does at most, on one level of the arguments."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._root = schema
        self._of_reference: dict[str, int] = {}
        self._followed: list[str] = []

    def refuse_too_many(self) -> None:
        self._of(self._root, 0)

    def _of(self, part: Any, depth: int) -> int:
        if depth + len(self._followed) > DEEPEST:
            raise SchemaInvalid(f"it is nested more than {DEEPEST} deep")
        steps = 1
        if isinstance(part, dict):
            for key, value in cast("dict[str, Any]", part).items():
                if key == "$ref" and isinstance(value, str):
                    steps += self._of_target(value)
                elif key in _ELSEWHERE and isinstance(value, str):
                    raise SchemaInvalid(f"{key} cannot be used here")
                elif key not in _DATA:
                    steps += self._of(value, depth + 1)
        elif isinstance(part, list):
            steps += sum(self._of(each, depth + 1) for each in cast("list[Any]", part))
        if steps > MOST_STEPS:
            raise SchemaInvalid("checking anything against it would take too long")
        return steps

    def _of_target(self, reference: str) -> int:
        if reference in self._of_reference:
            return self._of_reference[reference]
        if reference in self._followed:
            raise SchemaInvalid(f"{reference} refers to itself")
        self._followed.append(reference)
        self._of_reference[reference] = self._of(self._target(reference), 0)
        self._followed.pop()
        return self._of_reference[reference]

    def _target(self, reference: str) -> Any:
        if not reference.startswith("#/"):
            raise SchemaInvalid("a reference must lead to a part of the schema itself, by #/")
        found: Any = self._root
        for name in reference[2:].split("/"):
            if not isinstance(found, dict) or name not in found:
                raise SchemaInvalid(f"{cut(reference, 100)} leads nowhere")
            found = cast("dict[str, Any]", found)[name]
        return found


def _field(error: jsonschema_rs.ValidationError) -> str:
    path = [str(part) for part in error.instance_path]
    kind = error.kind.as_dict()
    if error.kind.name == "required":
        path.append(str(kind["property"]))
    elif error.kind.name == "additionalProperties":
        path.append(str(kind["unexpected"][0]))
    return ".".join(path) or "arguments"
