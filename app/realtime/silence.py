"""What happens where nobody says anything: the agent asks, and in the end hangs up. Pure."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class SilenceRules:
    """So long after the last sound of either side; `strikes` prompts, then the end."""

    quiet_s: float = 8.0
    strikes: int = 1


class SilenceWatchdog:
    """Told of every sound; asked at `due_s`. Without rules nobody minds."""

    def __init__(self, rules: SilenceRules | None, now_s: float) -> None:
        self._rules = rules
        self._quiet_since_s = now_s
        self._strikes = 0
        self._is_busy = False

    @property
    def due_s(self) -> float | None:
        """None while somebody speaks or a reply is being made."""
        if self._is_busy or self._rules is None:
            return None
        return self._quiet_since_s + self._rules.quiet_s

    def busy(self) -> None:
        self._is_busy = True

    def quiet(self, now_s: float) -> None:
        self._is_busy = False
        self._quiet_since_s = now_s

    def answered(self) -> None:
        """The user said something: what was not said before is forgiven."""
        self._strikes = 0

    def tick(self, now_s: float) -> Literal["prompt", "hang_up"] | None:
        due_s = self.due_s
        if self._rules is None or due_s is None or now_s < due_s:
            return None
        self._quiet_since_s = now_s
        if self._strikes >= self._rules.strikes:
            return "hang_up"
        self._strikes += 1
        return "prompt"
