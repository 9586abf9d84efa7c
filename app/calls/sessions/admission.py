"""Whether one more call can be held without a gap in it or in those under way."""

from app.asr.streaming import StreamService
from app.calls.sessions.domain import CallsRefused
from app.core.aio import LoopLag
from app.tts.service import SpeakingService

MOST_LAG_S = 0.05
"""Of nine in ten wake-ups: sound is sent every 20 ms, and far ends hold little more than twice that
in store."""
_TRY_AGAIN_S = 15


class CallAdmission:
    """A call takes a stream and, for as long as it lasts, one of the voices that can speak at
    once: nobody waits for an answer because others are answered."""

    def __init__(self, streams: StreamService, speaking: SpeakingService, lag: LoopLag) -> None:
        self._streams = streams
        self._speaking = speaking
        self._lag = lag
        self.is_closed = False

    def check(self, live: int) -> None:
        """`live`: calls under way. Raises CallsRefused, which says why."""
        if self.is_closed:
            raise _refused("Parley is being stopped and takes no more calls")
        if live >= self._speaking.room_for:
            raise _refused(f"{live} calls are under way: one more could not speak without gaps")
        if not self._streams.has_room:
            raise _refused("As many streams are heard as can be: one more would make all late")
        if self._lag.usual_s > MOST_LAG_S:
            raise _refused("The machine is busy: a call would have gaps")


def _refused(message: str) -> CallsRefused:
    return CallsRefused(f"{message}; try again soon", retry_after_s=_TRY_AGAIN_S)
