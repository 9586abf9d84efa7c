"""`streamGenerateContent` of the Gemini API, as server-sent events. It refuses what the documents
say is refused, and counts a token for every word."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.vendor import Answer, Asked, Refused, Vendor, said

KEY = "AIza-of-this-test-91fe"
MODEL = "gemini-3.5-flash"
OLDER_MODEL = "gemini-2.5-flash"
"""That wants no signatures, and takes a schema or tools."""

CONTEXT_TOKENS = 1000
SIGNATURE = "EjQKMgEM0abc"
NO_SIGNATURE = "skip_thought_signature_validator"

_FIELDS = frozenset({"contents", "systemInstruction", "tools", "toolConfig", "generationConfig"})
_CONFIG = frozenset(
    {"maxOutputTokens", "temperature", "responseMimeType", "responseJsonSchema", "thinkingConfig"}
)
_PIECE = 7
"""Characters of one event."""


@dataclass(frozen=True)
class Call:
    name: str
    args: dict[str, Any] | None = None
    id: str | None = None
    signature: str | None = None

    def part(self) -> dict[str, Any]:
        call = {"name": self.name, "args": self.args, "id": self.id}
        part: dict[str, Any] = {"functionCall": {k: v for k, v in call.items() if v is not None}}
        return {**part, "thoughtSignature": self.signature} if self.signature else part


@dataclass(frozen=True)
class Reply:
    parts: Sequence[str | Call] = ("Good morning.",)
    finish_reason: str = "STOP"
    cached: int = 0
    thinks: bool = False

    def events(self, prompt_tokens: int = 1) -> Iterator[dict[str, Any]]:
        usage: dict[str, int] = {"promptTokenCount": prompt_tokens}
        if self.cached:
            usage["cachedContentTokenCount"] = self.cached
        if self.thinks:
            usage["thoughtsTokenCount"] = 5
            yield _event([{"text": "The user greets.", "thought": True}], usage)
        for part in self.parts:
            pieces = [part.part()] if isinstance(part, Call) else [{"text": p} for p in _cut(part)]
            for piece in pieces:
                count = usage.get("candidatesTokenCount", 0) + 1
                usage = {**usage, "candidatesTokenCount": count}
                yield _event([piece], usage)
        last = _event([{"text": ""}], usage)
        last["candidates"][0]["finishReason"] = self.finish_reason
        yield last


def _event(parts: Sequence[dict[str, Any]], usage: dict[str, int]) -> dict[str, Any]:
    return {
        "candidates": [{"content": {"parts": list(parts), "role": "model"}, "index": 0}],
        "usageMetadata": {**usage, "promptTokensDetails": [{"modality": "TEXT"}]},
        "modelVersion": MODEL,
        "responseId": "Il0taoSYJ5Cez7",
    }


def _cut(text: str) -> list[str]:
    return [text[begin : begin + _PIECE] for begin in range(0, len(text), _PIECE)]


def streamed(events: Sequence[dict[str, Any]], *, cut: bool = False, hangs: bool = False) -> Answer:
    pieces = [f"data: {json.dumps(event)}\r\n\r\n".encode() for event in events]
    return Answer(200, "text/event-stream", pieces, cut=cut, hangs=hangs)


def error(code: int, status: str, message: str, *details: dict[str, Any]) -> dict[str, Any]:
    told = {"code": code, "message": message, "status": status, "details": list(details)}
    return {"error": told}


def error_info(reason: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}


def retry_info(delay: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


@dataclass
class GeminiApi(Vendor):
    """`replies` come in their order, then the usual one."""

    replies: list[Reply] = field(default_factory=list[Reply])

    def __post_init__(self) -> None:
        super().__init__()

    def answer(self, asked: Asked) -> Answer:
        _check_head(asked)
        body = asked.body
        if strange := sorted(body.keys() - _FIELDS | body["generationConfig"].keys() - _CONFIG):
            raise _invalid(f'Invalid JSON payload received. Unknown name "{strange[0]}"')
        model = asked.path.split("/")[-1].partition(":")[0]
        _check_config(body, model)
        _check_contents(body["contents"], model)
        tokens = len(json.dumps(body).split())
        if tokens > CONTEXT_TOKENS:
            raise _invalid(
                f"The input token count ({tokens}) exceeds the maximum number of tokens "
                f"allowed ({CONTEXT_TOKENS})."
            )
        reply = self.replies.pop(0) if self.replies else Reply()
        return streamed(list(reply.events(tokens)))


def _invalid(message: str, *details: dict[str, Any]) -> Refused:
    return Refused(400, error(400, "INVALID_ARGUMENT", message, *details))


def _check_head(asked: Asked) -> None:
    match = re.fullmatch(r"/v1beta/models/([^/]+):streamGenerateContent", asked.path)
    if asked.method != "POST" or asked.query != {"alt": "sse"} or not match:
        raise Refused(404, error(404, "NOT_FOUND", "Requested entity was not found."))
    key = asked.headers.get("x-goog-api-key")
    if not key:
        message = "Method doesn't allow unregistered callers (callers without established identity)"
        raise Refused(403, error(403, "PERMISSION_DENIED", message))
    if key != KEY:
        message = "API key not valid. Please pass a valid API key."
        raise _invalid(message, error_info("API_KEY_INVALID"))
    if match[1] not in (MODEL, OLDER_MODEL):
        message = f"models/{match[1]} is not found for API version v1beta"
        raise Refused(404, error(404, "NOT_FOUND", message))


def _check_config(body: dict[str, Any], model: str) -> None:
    config = body["generationConfig"]
    thinking = config.get("thinkingConfig", {})
    if len(thinking) > 1 or ("thinkingLevel" in thinking and model == OLDER_MODEL):
        raise _invalid("Thinking level is not supported for this model.")
    if "responseJsonSchema" in config and config.get("responseMimeType") != "application/json":
        raise _invalid("response_json_schema is set, response_mime_type must be application/json")
    if "responseJsonSchema" in config and "tools" in body and model == OLDER_MODEL:
        raise _invalid(
            "Function calling with a response mime type: 'application/json' is unsupported"
        )


def _check_contents(contents: Sequence[dict[str, Any]], model: str) -> None:
    if not contents:
        raise _invalid("GenerateContentRequest.contents: contents is not specified")
    called: list[Any] = []
    for place, content in enumerate(contents):
        if content["role"] not in ("user", "model"):
            raise _invalid("Please use a valid role: user, model.")
        if not content["parts"] or any(part.get("text") == "" for part in content["parts"]):
            raise _invalid("contents.parts: must have a value")
        answered = [p["functionResponse"] for p in content["parts"] if "functionResponse" in p]
        if [(call["id"], call["name"]) for call in answered] != called:
            raise _invalid(
                "Please ensure that the number of function response parts is equal to the number "
                "of function call parts of the function call turn."
            )
        calls = [part for part in content["parts"] if "functionCall" in part]
        if calls and (place == 0 or contents[place - 1]["role"] != "user"):
            raise _invalid("Please ensure that function call turn comes after a user turn.")
        if calls and model == MODEL and "thoughtSignature" not in calls[0]:
            name = calls[0]["functionCall"]["name"]
            raise _invalid(f"Function call `{name}` is missing a `thought_signature`.")
        if any(
            p.get("thoughtSignature", SIGNATURE) not in (SIGNATURE, NO_SIGNATURE) for p in calls
        ):
            raise _invalid("Thought signature is not valid.")
        called = [(p["functionCall"]["id"], p["functionCall"]["name"]) for p in calls]


def blocked(reason: str) -> Answer:
    """Of a prompt that is not even answered."""
    usage = {"promptTokenCount": 4, "totalTokenCount": 4}
    return streamed([{"promptFeedback": {"blockReason": reason}, "usageMetadata": usage}])


def refused(body: dict[str, Any], **headers: str) -> Answer:
    return said(body["error"]["code"], body, **headers)
