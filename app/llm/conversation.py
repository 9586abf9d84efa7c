"""What is said to a language model and what comes back, whoever's model it is. Pure."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

from app.core.errors import TooLarge, Unavailable, UpstreamFailed
from app.core.scope import OrgScope

Role = Literal["developer", "user", "assistant", "tool"]


class ModelRefused(UpstreamFailed):
    """The model's owner knows what was asked and will not do it; asking again changes nothing."""

    code = "model_refused"


class ModelFailed(UpstreamFailed):
    """The answer was lost or makes no sense; another try may do better."""

    code = "model_failed"


class ModelOverloaded(Unavailable):
    """It takes no more for now; `details["retry_after_s"]` says when to come back, where known."""

    code = "model_overloaded"


class PromptTooLong(TooLarge):
    """More than the model can hold; `details` has the limit in tokens, where known."""

    code = "prompt_too_long"


class ToolCall(msgspec.Struct, frozen=True):
    id: str
    name: str
    arguments: dict[str, Any]


class Message(msgspec.Struct, frozen=True):
    """`developer` is an instruction in mid-conversation; `tool` is what the call `call_id` gave."""

    role: Role
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    is_error: bool = False


class ToolSpec(msgspec.Struct, frozen=True):
    """A tool as the model is told of it. `parameters` is the JSON schema of an object."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prompt:
    """`schema`: a JSON schema that the whole answer must fit. None leaves `temperature` open.
    Without `may_call` no tool may be called any more; those that were stand in the messages."""

    messages: Sequence[Message]
    system: str = ""
    tools: Sequence[ToolSpec] = ()
    may_call: bool = True
    schema: Mapping[str, Any] | None = None
    most_tokens: int = 1024
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class TextChunk:
    text: str


@dataclass(frozen=True, slots=True)
class Switched:
    """Another provider answers, since the first could not. Comes before any of the answer."""

    failed: str
    provider: str
    reason: str


class TokenUsage(msgspec.Struct, frozen=True):
    """`input_tokens` includes those read from, and written to, a provider's cache."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0

    def __add__(self, other: "TokenUsage") -> "TokenUsage":
        return TokenUsage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cache_read_tokens + other.cache_read_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
        )


@dataclass(frozen=True, slots=True)
class Finished:
    """Always the last of an answer that was not cut off."""

    reason: Literal["end", "tools", "length", "refused"]
    usage: TokenUsage
    provider: str
    model: str


Chunk: TypeAlias = TextChunk | ToolCall | Switched | Finished
"""A `ToolCall` comes whole, when its arguments are complete and are a JSON object."""


class Provider(Protocol):
    """One model of one owner. Closing the generator ends the generation there too."""

    @property
    def name(self) -> str:
        """claude, gemini, groq, local or embedded."""
        ...

    @property
    def model(self) -> str: ...

    @property
    def context_tokens(self) -> int:
        """That prompt and answer share."""
        ...

    def stream(self, prompt: Prompt) -> AsyncGenerator[Chunk, None]: ...


class Thinker(Protocol):
    """What everything above the providers asks: it retries, switches and counts."""

    @property
    def label(self) -> str:
        """Provider and model that would answer now, such as `claude claude-sonnet-4-6`."""
        ...

    @property
    def context_tokens(self) -> int: ...

    @property
    def is_embedded(self) -> bool:
        """Only the small model of the house is there: no facts are to be had from it."""
        ...

    def stream(self, scope: OrgScope, prompt: Prompt) -> AsyncGenerator[Chunk, None]: ...
