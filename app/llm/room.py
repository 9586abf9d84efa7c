"""What of a conversation fits into a model. Pure; tokens are estimated, rather too many than too
few, since each model counts in its own way."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from app.llm.conversation import Message, PromptTooLong
from app.llm.tokens import estimate_tokens

_AROUND_A_MESSAGE = 8


@dataclass(frozen=True, slots=True)
class Fitting:
    messages: list[Message]
    dropped: int
    """Of the oldest."""


def newest_that_fit(messages: Sequence[Message], room_tokens: int) -> Fitting:
    """Instructions and the last message are always there, or it raises. Where something is missing,
    no answer is left whose question is gone."""
    sizes = [_size_of(message) for message in messages]
    must = [each.role == "developer" for each in messages[:-1]] + [True]
    left = room_tokens - sum(size for size, stays in zip(sizes, must, strict=True) if stays)
    if left < 0:
        room = max(0, room_tokens)
        raise PromptTooLong(
            f"This is longer than the {room} tokens that the model has room for", most_tokens=room
        )
    first = len(messages) - 1
    while first and (must[first - 1] or sizes[first - 1] <= left):
        first -= 1
        left -= 0 if must[first] else sizes[first]
    while first and messages[first].role in ("assistant", "tool"):
        first += 1
    kept = [each for each in messages[:first] if each.role == "developer"]
    return Fitting([*kept, *messages[first:]], first - len(kept))


def _size_of(message: Message) -> int:
    calls = msgspec.json.encode(message.calls).decode() if message.calls else ""
    return estimate_tokens(message.text + calls) + _AROUND_A_MESSAGE
