"""Schemas of arguments: checked, and no way to make a check long or reach outside."""

from typing import Any

import pytest

from app.llm.tools.schemas import Schema, SchemaInvalid
from tests.own_time import OwnTime

ORDER = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[A-Z]{2}[0-9]+$"},
        "lines": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"count": {"$ref": "#/$defs/count"}},
                "required": ["count"],
            },
        },
    },
    "required": ["id"],
    "additionalProperties": False,
    "$defs": {"count": {"type": "integer", "minimum": 1}},
}


def laughs(levels: int) -> dict[str, Any]:
    """Each level asks for the next one twice."""
    names = [f"a{level}" for level in range(levels)]
    parts = {
        name: {"allOf": [{"$ref": f"#/$defs/{after}"}] * 2}
        for name, after in zip(names, [*names[1:], "end"], strict=True)
    }
    return {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/a0"}},
        "$defs": parts | {"end": {"type": "string"}},
    }


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({}, "id"),
        ({"id": 7}, "id"),
        ({"id": "ab7"}, "id"),
        ({"id": "AB7", "lines": [{"count": 1}, {"count": 0}]}, "lines.1.count"),
        ({"id": "AB7", "lines": [{}]}, "lines.0.count"),
        ({"id": "AB7", "colour": "red"}, "colour"),
        ({"id": "AB7", "lines": [{"count": 2**100 + 0.5}]}, None),
        ({"id": "\ud800"}, "arguments"),
        ({"id": "A" * 20_000}, "arguments"),
        ({"id": "AB7", "lines": []}, None),
        ({"id": "AB7", "lines": [{"count": 2**100}]}, None),
    ],
)
def test_a_fault_names_the_field(arguments: dict[str, Any], field: str | None) -> None:
    fault = Schema(ORDER).find_fault(arguments)
    assert (fault and fault[0]) == field
    if fault:
        assert 5 < len(fault[1]) < 400


def test_what_is_nested_without_end_is_a_fault() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    fault = Schema({"type": "object"}).find_fault(deep)
    assert fault
    assert fault[0] == "arguments"


@pytest.mark.parametrize(
    "properties",
    [
        {"a": {"$ref": "http://169.254.169.254/latest"}},
        {"a": {"$ref": "file:///etc/passwd"}},
        {"a": {"$ref": "#"}},
        {"a": {"$ref": "#/properties/a"}},
        {"a": {"$ref": "#/properties/b"}, "b": {"items": {"$ref": "#/properties/a"}}},
        {"a": {"$ref": "#/nowhere"}},
        {"a": {"$dynamicRef": "#x"}},
        {"a": {"$id": "http://x/", "type": "string"}},
        {"a": {"type": "sting"}},
        {"a": {"pattern": "("}},
        {"a": {"pattern": "(?=x)"}},
        {"a": {"pattern": "(a{1,1000}){1,1000}"}},
        {"a": 5},
        {"\ud800": {}},
        {str(each): {"type": "string"} for each in range(5000)},
    ],
)
def test_a_schema_that_cannot_be_had_is_refused(properties: dict[str, Any]) -> None:
    with pytest.raises(SchemaInvalid, match=r"^parameters: .") as refused:
        Schema({"type": "object", "properties": properties})
    assert refused.value.details["field"] == "parameters"
    assert len(refused.value.message) < 400


def test_only_an_object_holds_arguments() -> None:
    for schema in ({}, {"type": "string"}, {"type": "object", "properties": []}):
        with pytest.raises(SchemaInvalid):
            Schema(schema)


def test_nothing_makes_a_check_long() -> None:
    with OwnTime() as took:
        for levels in (12, 40, 200):
            with pytest.raises(SchemaInvalid):
                Schema(laughs(levels))
        slow = Schema({"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}})
        assert slow.find_fault({"a": "a" * 15_000 + "!"})
    assert took.s < 2
    Schema(laughs(3))
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(1000):
        deep = {"not": deep}
    with pytest.raises(SchemaInvalid):
        Schema({"type": "object", "properties": {"a": deep}})


def test_a_property_may_have_the_name_of_a_keyword() -> None:
    schema = Schema({"type": "object", "properties": {"$ref": {"type": "string"}, "enum": {}}})
    assert schema.find_fault({"$ref": 5}) is not None
    assert schema.find_fault({"$ref": "x", "enum": 1}) is None
