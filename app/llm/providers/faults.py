"""What a model's owner answers in place of words, told so that it can be acted on. The sentences
name the owner and the setting, and never hold the key."""

import math
import re
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import AppError
from app.core.http import OutboundStream
from app.llm.conversation import ModelFailed, ModelOverloaded, ModelRefused, PromptTooLong

MOST_WORDS = 200
"""Characters of the owner's own message that are shown."""

MOST_BYTES = 64 * 1024
"""Of a body that is read for it."""

_TOO_LONG = re.compile(
    r"prompt is too long|exceed\w* (?:the )?(?:available )?context|maximum context length"
    r"|context_length_exceeded|input token count|maximum number of tokens allowed",
    re.IGNORECASE,
)
_OVERLOADED = (429, 503, 529)
_PASSING = (408, 409, 425)


@dataclass(frozen=True, slots=True)
class Owner:
    """`setting` is the one that holds the key, `context_tokens` what the model can hold."""

    name: str
    setting: str
    key: str = field(repr=False)
    context_tokens: int

    def fault(self, status: int, words: str = "", retry_after_s: float | None = None) -> AppError:
        """`status` as HTTP has it, and `words` as the owner put it."""
        if status in (401, 403):
            return self.refused_key()
        if status == 402:
            return ModelRefused(f"The account at {self.name} has no credit left", **self._told())
        if status in _OVERLOADED:
            wait = {} if retry_after_s is None else {"retry_after_s": math.ceil(retry_after_s)}
            return ModelOverloaded(f"{self.name} takes no more for now", **self._told(), **wait)
        if status >= 500 or status in _PASSING:
            return self.failed(f"answers {status}")
        if status == 413 or (status < 500 and _TOO_LONG.search(words)):
            return self.too_long()
        why = f": {self._shown(words)}" if words else f" (status {status})"
        return ModelRefused(f"{self.name} does not accept the request{why}", **self._told())

    def refused_key(self) -> ModelRefused:
        return ModelRefused(f"{self.name} refuses the key in {self.setting}", **self._told())

    def too_long(self) -> PromptTooLong:
        return PromptTooLong(
            f"The conversation is longer than the model of {self.name} can hold",
            most_tokens=self.context_tokens,
            **self._told(),
        )

    def failed(self, how: str) -> ModelFailed:
        return ModelFailed(f"{self.name} {how}", **self._told())

    def _told(self) -> dict[str, Any]:
        return {"owner": self.name}

    def _shown(self, words: str) -> str:
        if self.key:
            words = words.replace(self.key, "***")
        shown = "".join(letter if letter.isprintable() else " " for letter in words)
        return " ".join(shown.split())[:MOST_WORDS]


def seconds(retry_after: str | None) -> float | None:
    """Of the header `Retry-After`, where it counts seconds."""
    if retry_after and re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,9})?", retry_after.strip()):
        return float(retry_after)
    return None


async def body_of(answer: OutboundStream) -> bytes:
    """Of an answer that is a fault."""
    body = b""
    async for piece in answer.chunks():
        body += piece
        if len(body) >= MOST_BYTES:
            break
    return body
