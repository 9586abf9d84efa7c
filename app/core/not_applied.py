"""What somebody asked for in vain."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotApplied:
    """An option that somebody set and that changed nothing, and why."""

    option: str
    reason: str
