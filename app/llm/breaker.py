"""Leaves alone for a while what fails again and again. Pure: the clock is handed in."""

import time
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "half_open", "open"]

FAILURES = 5
"""On end, until it opens."""

FIRST_REST_S = 5.0
LONGEST_REST_S = 120.0


class Breaker:
    """Closed, it admits everybody. Open, it admits nobody until a rest is over, and then one as a
    trial: who succeeds closes it, who fails opens it for twice as long. A trial of which nothing is
    heard is over when the rest would be.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._rest_s = FIRST_REST_S
        self._opens_at: float | None = None
        self._is_on_trial = False

    @property
    def state(self) -> State:
        if self._opens_at is None:
            return "closed"
        return "open" if self._clock() < self._opens_at else "half_open"

    @property
    def retry_after_s(self) -> float:
        return max(0.0, self._opens_at - self._clock()) if self._opens_at is not None else 0.0

    def admits(self) -> bool:
        """Where this is true, `succeeded` or `failed` should follow."""
        if self.state == "open":
            return False
        if self._opens_at is not None:
            self._opens_at = self._clock() + self._rest_s
            self._is_on_trial = True
        return True

    def succeeded(self) -> None:
        self._failures = 0
        self._rest_s = FIRST_REST_S
        self._opens_at = None
        self._is_on_trial = False

    def failed(self) -> None:
        """Open, it learns from a trial alone: the others began before."""
        self._failures += 1
        if self._is_on_trial:
            self._rest_s = min(self._rest_s * 2, LONGEST_REST_S)
            self._is_on_trial = False
        elif self._opens_at is not None or self._failures < FAILURES:
            return
        self._opens_at = self._clock() + self._rest_s
