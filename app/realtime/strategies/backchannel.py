"""A sign that somebody listens, in a short pause of who speaks for long. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle


@dataclass(frozen=True, slots=True)
class BackchannelRules:
    """`spoken_s`: how long the user must have spoken in this turn. `pause_s`: so much silence is no
    mere breath. `room_s`: so much time before the turn may be answered, for a cue and an answer in
    one breath sound like two people. `every_s`: at most."""

    spoken_s: float = 4.0
    pause_s: float = 0.3
    room_s: float = 0.7
    every_s: float = 10.0


class Backchannel:
    """Of one call: told of voices, asked at `due_s`."""

    def __init__(self, cues: Sequence[str], rules: BackchannelRules | None = None) -> None:
        self._cues = cycle(cues)
        self._rules = rules or BackchannelRules()
        self._spoken_s = 0.0
        self._voice_since_s: float | None = None
        self._given_s: float | None = None
        self.due_s: float | None = None

    def voice_began(self, at_s: float) -> None:
        self._voice_since_s = at_s
        self.due_s = None

    def voice_ended(self, at_s: float) -> None:
        if self._voice_since_s is not None:
            self._spoken_s += at_s - self._voice_since_s
        self._voice_since_s = None
        self.due_s = at_s + self._rules.pause_s if self._is_wanted(at_s) else None

    def floor_taken(self) -> None:
        """The agent answers: what is said next is another turn."""
        self._spoken_s = 0.0
        self.due_s = None

    def tick(self, at_s: float, answer_due_s: float | None) -> str:
        """What to murmur now; nothing where it is not the time. `answer_due_s`: when the turn will
        be answered if nobody says more; None where it is not the user's."""
        if self.due_s is None or at_s < self.due_s:
            return ""
        self.due_s = None
        if not self.has_room(at_s, answer_due_s):
            return ""
        self._given_s = at_s
        return next(self._cues, "")

    def has_room(self, at_s: float, answer_due_s: float | None) -> bool:
        """Whether the answer is far enough."""
        return answer_due_s is not None and answer_due_s - at_s >= self._rules.room_s

    def _is_wanted(self, at_s: float) -> bool:
        is_rare = self._given_s is None or at_s - self._given_s >= self._rules.every_s
        return is_rare and self._spoken_s >= self._rules.spoken_s
