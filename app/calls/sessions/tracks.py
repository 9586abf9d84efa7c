"""Both directions of a call on one line of time: what was heard beside what was played. Pure."""

from dataclasses import dataclass, field

import numpy as np

from app.core.audio.convert import Samples

HELD_BACK_S = 1.0
"""What is younger may still be taken back, or come late."""
BLOCK_S = 1.0
_GAP_S = 0.1
"""Sound that is taken so soon after what was taken before follows it without a gap."""
_LOOSE_S = 0.05
"""So far from its place sound may lie: less is the unevenness of the line."""


@dataclass(slots=True)
class _Track:
    """From `begin` on; what was before has been taken out."""

    begin: int = 0
    end: int = 0
    _parts: list[Samples] = field(default_factory=list[Samples])

    def add(self, sound: Samples) -> None:
        self._parts.append(sound)
        self.end += sound.size

    def pad_to(self, place: int) -> None:
        if place > self.end:
            self.add(np.zeros(place - self.end, np.float32))

    def cut(self, count: int) -> None:
        whole = np.concatenate(self._parts) if self._parts else np.zeros(0, np.float32)
        self._parts = [whole[: max(0, whole.size - count)]]
        self.end = self.begin + self._parts[0].size

    def take(self, until: int) -> Samples:
        self.pad_to(until)
        whole = np.concatenate(self._parts)
        count = until - self.begin
        self._parts = [whole[count:]]
        self.begin = until
        return whole[:count]


class Tracks:
    """Places count samples since `began_s`. What is heard comes as a stream, whose own clock is
    followed; what is said is placed where it was taken in that stream. `waited_s`: for so long
    before `began_s` sound may have waited to be heard."""

    def __init__(self, sample_rate: int, began_s: float, waited_s: float = 0.0) -> None:
        self._rate = sample_rate
        self._began_s = began_s
        self._waiting = round(waited_s * sample_rate)
        self._caller = _Track()
        self._agent = _Track()
        self._heard_until, self._heard_at_s = 0, began_s
        self._has_heard = False

    def heard(self, sound: Samples, now_s: float) -> None:
        """Its last sample is of this moment."""
        sound = self._since_began(sound, now_s)
        began = self._place(now_s) - sound.size
        if not self._has_heard or began - self._caller.end > HELD_BACK_S * self._rate:
            self._caller.pad_to(began)
        self._caller.add(sound)
        self._heard_until, self._heard_at_s = self._caller.end, now_s
        self._has_heard = True

    def _since_began(self, sound: Samples, now_s: float) -> Samples:
        """Without what is older, and would shift all that comes after it."""
        since_s = now_s - self._began_s
        if since_s > HELD_BACK_S:
            return sound
        early = self._caller.end + sound.size - round(since_s * self._rate)
        count = max(0, min(early, sound.size, self._waiting))
        self._waiting -= count
        return sound[count:]

    def said(self, sound: Samples, now_s: float) -> None:
        """Its first sample is of this moment, or follows what is still to be played."""
        place = self._place(now_s)
        if place - self._agent.end > _GAP_S * self._rate:
            self._agent.pad_to(place)
        self._agent.add(sound)

    def idled(self, sound: Samples, now_s: float) -> None:
        """Nothing is said in it: where the agent's side has come out of step, it is brought back
        into it here."""
        early = self._agent.end - self._place(now_s)
        if early > _LOOSE_S * self._rate:
            sound = sound[early:]
        elif early < -_LOOSE_S * self._rate:
            self._agent.pad_to(self._place(now_s))
        self._agent.add(sound)

    def unsaid(self, count: int) -> None:
        """So much of what was said last is never heard."""
        if count:
            self._agent.cut(count)

    def block(self, now_s: float) -> Samples | None:
        """(2, n): caller and agent, as soon as it is long enough and changes no more."""
        until = self._place(now_s) - round(HELD_BACK_S * self._rate)
        if until - self._caller.begin < BLOCK_S * self._rate:
            return None
        return self._taken(until)

    def rest(self) -> Samples:
        return self._taken(max(self._caller.end, self._agent.end))

    def _taken(self, until: int) -> Samples:
        return np.stack((self._caller.take(until), self._agent.take(until)))

    def _place(self, now_s: float) -> int:
        return self._heard_until + round((now_s - self._heard_at_s) * self._rate)
