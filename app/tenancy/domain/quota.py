"""What an organization may use at most: pure rules."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from app.core.errors import RateLimited
from app.tenancy.domain.audit import AuditedEvent

MOST_AT_ONCE = 1_000_000
MOST_AUDIO_MINUTES = 1_000_000_000


class Slot(StrEnum):
    """What is counted while it lasts."""

    CALL = "concurrent_calls"
    STREAM = "concurrent_streams"


AUDIO = "audio_minutes_per_month"


class QuotaExceeded(RateLimited):
    code = "quota_exceeded"


class QuotaChanged(AuditedEvent, frozen=True):
    concurrent_calls: int | None
    concurrent_streams: int | None
    audio_minutes_per_month: int | None


class Quota(msgspec.Struct, frozen=True):
    """None: what the installation gives to everybody. 0: no limit."""

    concurrent_calls: int | None = None
    concurrent_streams: int | None = None
    audio_minutes_per_month: int | None = None

    def over(self, defaults: "Quota") -> "Quota":
        """With the defaults where nothing is said, and None for no limit."""

        def limit(name: str) -> int | None:
            own = getattr(self, name)
            return (getattr(defaults, name) if own is None else own) or None

        return Quota(*(limit(name) for name in self.__struct_fields__))

    def at_once(self, slot: Slot) -> int | None:
        return self.concurrent_calls if slot is Slot.CALL else self.concurrent_streams


@dataclass(frozen=True, slots=True)
class QuotaUse:
    concurrent_calls: int
    concurrent_streams: int
    audio_minutes_this_month: float


def month_of(now: datetime) -> datetime:
    return now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def month_after(now: datetime) -> datetime:
    month = month_of(now)
    if month.month == 12:
        return month.replace(year=month.year + 1, month=1)
    return month.replace(month=month.month + 1)
