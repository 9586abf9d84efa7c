"""A prompt as the Messages API of Claude takes it. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec

from app.llm.conversation import Message, Prompt, ToolCall, ToolSpec
from app.llm.providers.turns import ModelTurn, Result, UserTurn, as_user_text, turns

_CACHED = {"cache_control": {"type": "ephemeral"}}

_NO_SYSTEM_TURNS = re.compile(
    r"claude-(\d|instant|mythos-preview|(opus|sonnet|haiku)-4(?!-8)|sonnet-5(?!-5))"
)
_THINKING: tuple[tuple[re.Pattern[str], dict[str, Any]], ...] = (
    (re.compile(r"sonnet-5-5"), {"thinking": {"type": "between_tools"}}),
    (re.compile(r"opus-5-5|fable|mythos-5"), {"output_config": {"effort": "low"}}),
    (re.compile(r"(opus|sonnet|haiku)-5"), {"thinking": {"type": "disabled"}}),
)
"""As little as each takes, where one thinks unasked: it delays the answer, and counts as a part of
it. The first that fits is meant."""

_NOT_IN_ID = re.compile(r"[^a-zA-Z0-9_-]")

_TAKEN = frozenset(
    {"type", "title", "description", "enum", "const", "default", "format", "required", "$ref"}
)


def request(prompt: Prompt, model: str) -> dict[str, Any]:
    """What is said first, which is the same each time, is kept in the cache of the owner by a mark
    of its own, and what was said so far by that of the whole request."""
    asked: dict[str, Any] = {
        "model": model,
        "max_tokens": prompt.most_tokens,
        "messages": _messages(prompt.messages, model),
        **_CACHED,
        **_thinking(model),
    }
    if prompt.system.strip():
        asked["system"] = [{**_text(prompt.system), **_CACHED}]
    if prompt.tools:
        *others, last = map(_tool, prompt.tools)
        asked["tools"] = [*others, last if "system" in asked else {**last, **_CACHED}]
        if not prompt.may_call:
            asked["tool_choice"] = {"type": "none"}
    if prompt.schema is not None:
        form = {"type": "json_schema", "schema": fitted(prompt.schema)}
        asked["output_config"] = {**asked.get("output_config", {}), "format": form}
    return asked


def _thinking(model: str) -> dict[str, Any]:
    for of_model, said in _THINKING:
        if of_model.search(model):
            return said
    return {}


def fitted(schema: Any) -> Any:
    """The API takes no limits of numbers, lengths and counts, and no object that is open: what it
    does not take is told in the description."""
    if not isinstance(schema, Mapping):
        return schema
    form: dict[str, Any] = {}
    told: dict[str, Any] = {}
    for key, value in cast("Mapping[str, Any]", schema).items():
        if key in ("properties", "$defs", "definitions"):
            form[key] = {name: fitted(part) for name, part in value.items()}
        elif key in ("anyOf", "allOf"):
            form[key] = [fitted(part) for part in value]
        elif key == "oneOf":
            form["anyOf"] = [fitted(part) for part in value]
        elif key == "items":
            form[key] = fitted(value)
        elif key in _TAKEN or (key == "minItems" and value in (0, 1)):
            form[key] = value
        elif key != "additionalProperties":
            told[key] = value
    if "properties" in form or form.get("type") == "object":
        form["additionalProperties"] = False
    if told:
        limits = msgspec.json.encode(told).decode()
        form["description"] = f"{form.get('description', '')}\n{limits}".lstrip()
    return form


def _messages(messages: Sequence[Message], model: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for turn in turns(messages):
        if isinstance(turn, ModelTurn):
            content = [*map(_text, turn.texts), *map(_tool_use, turn.calls)]
            found.append({"role": "assistant", "content": content})
        else:
            found += _user_messages(turn, takes_system=not _NO_SYSTEM_TURNS.search(model))
    return found


def _user_messages(turn: UserTurn, *, takes_system: bool) -> Iterator[dict[str, Any]]:
    """An instruction has a turn of its own, if the model knows such, which may only stand behind
    one of the user."""
    told = [message for message in turn.said if message.role == "developer"]
    said = [message for message in turn.said if message.role != "developer"]
    results = [_tool_result(result) for result in turn.results]
    has_system_turn = takes_system and bool(told) and bool(results or said)
    marked = said if has_system_turn else turn.said
    texts = [_text(as_user_text(message)) for message in marked]
    yield {"role": "user", "content": [*results, *texts]}
    if has_system_turn:
        yield {"role": "system", "content": [_text(message.text) for message in told]}


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _tool_use(call: ToolCall) -> dict[str, Any]:
    return {"type": "tool_use", "id": _id(call), "name": call.name, "input": call.arguments}


def _tool_result(result: Result) -> dict[str, Any]:
    told: dict[str, Any] = {"type": "tool_result", "tool_use_id": _id(result.call)}
    if result.text.strip():
        told["content"] = result.text
    if result.is_error:
        told["is_error"] = True
    return told


def _id(call: ToolCall) -> str:
    """Another owner, who answered before, may make them of other letters."""
    return _NOT_IN_ID.sub("_", call.id)


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": tool.parameters}
