"""Which JSON schemas llama.cpp may be asked to keep to. Others take it minutes, or for ever."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from app.core.errors import Unprocessable

DEEPEST = 32
MOST_PARTS = 1000
MOST_VALUES = 200
LONGEST_PATTERN = 200
LARGEST_COUNT = 10_000
COUNTS = (("minLength", "maxLength"), ("minItems", "maxItems"), ("minProperties", "maxProperties"))
RANGES = (*COUNTS, ("minimum", "maximum"))


class SchemaUnusable(Unprocessable):
    """The embedded model cannot be held to the schema; the message says why."""

    code = "schema_unusable"


def require_modest(schema: Mapping[str, Any]) -> None:
    """Raises where the schema is too much."""
    for found, (part, depth) in enumerate(_parts(schema), start=1):
        if depth > DEEPEST:
            raise SchemaUnusable(f"The schema is more than {DEEPEST} levels deep")
        if found > MOST_PARTS:
            raise SchemaUnusable(f"The schema has more than {MOST_PARTS} parts")
        if isinstance(part, Mapping):
            _check(cast("Mapping[str, Any]", part))


def _check(part: Mapping[str, Any]) -> None:
    values, pattern = part.get("enum"), part.get("pattern")
    if isinstance(values, list) and len(cast("list[Any]", values)) > MOST_VALUES:
        raise SchemaUnusable(f"An enum has more than {MOST_VALUES} values")
    if isinstance(pattern, str) and len(pattern) > LONGEST_PATTERN:
        raise SchemaUnusable(f"A pattern has more than {LONGEST_PATTERN} characters")
    for name in (name for pair in COUNTS for name in pair):
        if _number(part, name, 0) > LARGEST_COUNT:
            raise SchemaUnusable(f"{name} is above {LARGEST_COUNT}")
    for least, most in RANGES:
        if _number(part, least, float("-inf")) > _number(part, most, float("inf")):
            raise SchemaUnusable(f"{least} is above {most}")


def _number(part: Mapping[str, Any], name: str, otherwise: float) -> float:
    value = part.get(name)
    return value if isinstance(value, int | float) else otherwise


def _parts(schema: Mapping[str, Any]) -> Iterator[tuple[Any, int]]:
    """Every object, list and value in it, with its depth. No recursion: it may be deep."""
    waiting: list[tuple[Any, int]] = [(schema, 1)]
    while waiting:
        part, depth = waiting.pop()
        yield part, depth
        if isinstance(part, Mapping):
            inner = cast("Mapping[str, Any]", part).values()
            waiting += [(each, depth + 1) for each in inner]
        elif isinstance(part, list):
            waiting += [(each, depth + 1) for each in cast("list[Any]", part)]
