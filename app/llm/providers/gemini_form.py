"""A prompt as `generateContent` of Gemini takes it. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from app.llm.conversation import Prompt
from app.llm.providers.turns import ModelTurn, Result, Turn, UserTurn, as_user_text, turns

_WANTS_SIGNATURES = re.compile(r"gemini-[3-9]")
_NO_SIGNATURE = "skip_thought_signature_validator"
"""The owner's own word for a call that another model made, or that is long ago."""

_THINKING = (
    (re.compile(r"gemini-2\.5-flash"), {"thinkingBudget": 0}),
    (re.compile(r"gemini-2\.5-pro"), {"thinkingBudget": 128}),
    (re.compile(r"gemini-[3-9]"), {"thinkingLevel": "low"}),
)
"""As little as each takes: it delays the answer, and counts as a part of it."""


def request(prompt: Prompt, model: str, signatures: Mapping[str, str]) -> dict[str, Any]:
    """`signatures`, by the ids of calls: what the owner sent with them and wants to see again."""
    asked: dict[str, Any] = {
        "contents": [_content(turn, model, signatures) for turn in turns(prompt.messages)],
        "generationConfig": _config(prompt, model),
    }
    if prompt.system.strip():
        asked["systemInstruction"] = {"parts": [{"text": prompt.system}]}
    if prompt.tools:
        declared = [
            {
                "name": tool.name,
                "description": tool.description,
                "parametersJsonSchema": tool.parameters,
            }
            for tool in prompt.tools
        ]
        asked["tools"] = [{"functionDeclarations": declared}]
        if not prompt.may_call:
            asked["toolConfig"] = {"functionCallingConfig": {"mode": "NONE"}}
    return asked


def _config(prompt: Prompt, model: str) -> dict[str, Any]:
    config: dict[str, Any] = {"maxOutputTokens": prompt.most_tokens}
    if prompt.temperature is not None:
        config["temperature"] = prompt.temperature
    if prompt.schema is not None:
        config["responseMimeType"] = "application/json"
        config["responseJsonSchema"] = dict(prompt.schema)
    for of_model, thinking in _THINKING:
        if of_model.search(model):
            config["thinkingConfig"] = thinking
    return config


def _content(turn: Turn, model: str, signatures: Mapping[str, str]) -> dict[str, Any]:
    if isinstance(turn, ModelTurn):
        return {"role": "model", "parts": _model_parts(turn, model, signatures)}
    return {"role": "user", "parts": _user_parts(turn)}


def _user_parts(turn: UserTurn) -> list[dict[str, Any]]:
    said = [{"text": as_user_text(message)} for message in turn.said]
    return [*map(_response, turn.results), *said]


def _model_parts(
    turn: ModelTurn, model: str, signatures: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Of calls made at once, the first alone is signed."""
    parts: list[dict[str, Any]] = [{"text": text} for text in turn.texts]
    for place, call in enumerate(turn.calls):
        part: dict[str, Any] = {
            "functionCall": {"id": call.id, "name": call.name, "args": call.arguments}
        }
        if call.id in signatures:
            part["thoughtSignature"] = signatures[call.id]
        elif place == 0 and _WANTS_SIGNATURES.search(model):
            part["thoughtSignature"] = _NO_SIGNATURE
        parts.append(part)
    return parts


def _response(result: Result) -> dict[str, Any]:
    key = "error" if result.is_error else "result"
    return {
        "functionResponse": {
            "id": result.call.id,
            "name": result.call.name,
            "response": {key: result.text},
        }
    }
