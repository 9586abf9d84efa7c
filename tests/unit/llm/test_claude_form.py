"""Schemas as Claude takes them, and which of its models takes what."""

from typing import Any

import pytest

from app.llm.conversation import Message, Prompt
from app.llm.providers.claude_form import fitted, request

TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "integer", "minimum": 1}, {"type": "integer", "description": '{"minimum":1}'}),
        (
            {"type": "string", "description": "A name.", "maxLength": 9, "pattern": "^A"},
            {"type": "string", "description": 'A name.\n{"maxLength":9,"pattern":"^A"}'},
        ),
        (
            {"type": "array", "minItems": 1, "items": {"type": "number", "maximum": 2}},
            {
                "type": "array",
                "minItems": 1,
                "items": {"type": "number", "description": '{"maximum":2}'},
            },
        ),
        (
            {"type": "array", "minItems": 2, "items": TEXT},
            {"type": "array", "items": TEXT, "description": '{"minItems":2}'},
        ),
        (
            {"type": ["object", "null"], "properties": {"maximum": TEXT, "items": True}},
            {
                "type": ["object", "null"],
                "properties": {"maximum": TEXT, "items": True},
                "additionalProperties": False,
            },
        ),
        (
            {"type": "object", "additionalProperties": TEXT},
            {"type": "object", "additionalProperties": False},
        ),
        (
            {"oneOf": [{"const": 1}, {"$ref": "#/$defs/a"}], "$defs": {"a": {"type": "object"}}},
            {
                "anyOf": [{"const": 1}, {"$ref": "#/$defs/a"}],
                "$defs": {"a": {"type": "object", "additionalProperties": False}},
            },
        ),
    ],
)
def test_what_is_not_taken_is_told_in_words(schema: Any, expected: Any) -> None:
    assert fitted(schema) == expected


@pytest.mark.parametrize(
    ("model", "takes"),
    [
        ("claude-3-5-haiku-20241022", False),
        ("claude-opus-4-20250514", False),
        ("claude-haiku-4-5-20251001", False),
        ("claude-sonnet-4-6", False),
        ("claude-opus-4-7", False),
        ("claude-mythos-preview", False),
        ("claude-sonnet-5", False),
        ("claude-opus-4-8", True),
        ("claude-opus-5", True),
        ("claude-fable-5-1", True),
        ("claude-sonnet-5-5", True),
        ("claude-haiku-5-5", True),
    ],
)
def test_which_model_takes_turns_of_the_developer(model: str, takes: bool) -> None:
    prompt = Prompt([Message("user", "Hello?"), Message("developer", "Be brief.")])
    roles = [message["role"] for message in request(prompt, model)["messages"]]
    assert roles == (["user", "system"] if takes else ["user"])
