"""What is counted of a use."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from app.tenancy.domain.principals import Principal


class Amounts(msgspec.Struct, frozen=True):
    """What is counted of a use."""

    requests: int = 0
    audio_s: float = 0
    characters: int = 0
    llm_tokens: int = 0

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            self.requests + other.requests,
            self.audio_s + other.audio_s,
            self.characters + other.characters,
            self.llm_tokens + other.llm_tokens,
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """What one key used of one endpoint since it was last written."""

    principal: Principal
    endpoint: str
    amounts: Amounts


class UsageEntry(msgspec.Struct, frozen=True):
    minute: datetime
    user_id: str
    key_id: UUID
    endpoint: str
    amounts: Amounts


class UsageSum(msgspec.Struct, frozen=True):
    user_id: str
    endpoint: str
    amounts: Amounts
