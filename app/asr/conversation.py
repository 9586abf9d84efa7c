"""What may be said of a conversation beside its words. By whom, hearing does not know."""

from typing import Any

import msgspec


class Failure(msgspec.Struct, frozen=True):
    """Why nothing could be said."""

    code: str
    message: str


class ConversationTold(msgspec.Struct, frozen=True, kw_only=True):
    """`analysis` is of the form that was asked for, if any; `computed` are its numbers. `model`:
    who answered, empty where nobody was asked. `notes`: what to know before believing it."""

    summary: str | None = None
    analysis: dict[str, Any] | None = None
    computed: dict[str, Any] | None = None
    model: str = ""
    tokens: int = 0
    notes: tuple[str, ...] = ()
    failure: Failure | None = None
