"""Schemas that take llama.cpp minutes, or for ever, are told apart from those that do not."""

from typing import Any

import pytest

from app.llm.llama.schemas import SchemaUnusable, require_modest


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


UNUSABLE: tuple[dict[str, Any], ...] = (
    nested(60),
    {"enum": [f"value {number}" for number in range(10_000)]},
    {"type": "string", "minLength": 5, "maxLength": 2},
    {"type": "integer", "minimum": 5, "maximum": 2},
    {"type": "array", "items": {"type": "string"}, "minItems": 100_000_000},
    {"type": "string", "pattern": "^" + "(a|b)?" * 2000 + "$"},
    {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(2000)}},
)


@pytest.mark.parametrize("schema", UNUSABLE, ids=range(len(UNUSABLE)))
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_schema_that_would_take_for_ever(schema: dict[str, Any], wrapped: bool) -> None:
    with pytest.raises(SchemaUnusable):
        require_modest({"anyOf": [{"type": "null"}, schema]} if wrapped else schema)


def test_a_cycle_of_references_is_no_depth() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    require_modest({"$defs": {"node": node}, "$ref": "#/$defs/node"})


def test_usual_schemas_pass() -> None:
    require_modest(nested(15))
    require_modest(
        {
            "type": "object",
            "properties": {
                "minLength": {"type": "string", "maxLength": 500, "pattern": "^[a-z]+$"},
                "enum": {"enum": [f"value {number}" for number in range(200)]},
                "score": {"type": "number", "minimum": 0, "maximum": 100_000},
            },
            "required": ["enum"],
        }
    )
