"""How many voices can speak at once without a gap, learned from how fast sound is made. Pure."""

from collections import deque

ROOM = 0.8
"""Of the pace that was measured: the rest is for what else the machine has to do."""
MEASURED_S = 3.0
"""So much sound must have been made before its pace counts."""
_REMEMBERED = 64


class Pace:
    """Seconds of sound that all voices together make in a second, of the last pieces.

    Time in which nobody waits for sound does not count, and time in which several do counts once.
    """

    def __init__(self) -> None:
        self._pieces: deque[tuple[float, float]] = deque(maxlen=_REMEMBERED)
        self._waiting = 0
        self._since_s = 0.0

    def begin(self, now_s: float) -> None:
        """Somebody waits for a piece."""
        if not self._waiting:
            self._since_s = now_s
        self._waiting += 1

    def end(self, now_s: float, made_s: float) -> None:
        """It came, `made_s` long; 0 where it did not."""
        self._waiting -= 1
        if made_s:
            self._pieces.append((now_s - self._since_s, made_s))
        self._since_s = now_s

    @property
    def measured(self) -> float | None:
        """None before enough was made."""
        took_s = sum(took for took, _ in self._pieces)
        made_s = sum(made for _, made in self._pieces)
        return made_s / took_s if made_s >= MEASURED_S and took_s > 0 else None


class Admission:
    """Lets voices begin: as many as the pace allows, `most` at most, and one always."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.pace = Pace()
        self.speaking = 0

    @property
    def room_for(self) -> int:
        pace = self.pace.measured
        if pace is None:
            return self._most
        return max(1, min(self._most, int(pace * ROOM)))

    @property
    def has_room(self) -> bool:
        return self.speaking < self.room_for
