"""Twilio Media Streams: what its messages say, taken in their order. Pure: no socket, no clock."""

from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

SAMPLE_RATE = 8000
"""Of mu-law, one byte a sample, both ways."""
MOST_MISSING_BYTES = SAMPLE_RATE
QUIET = b"\xff"
"""A sample of silence."""
KEYS = frozenset("0123456789*#ABCD")
END_KEY = "#"
MOST_KEYS = 64
KEY_PAUSE_S = 2.0
"""So long after the last key, no more belong to what was keyed in."""
MARK_PATIENCE_S = 2.0


class StreamFacts(msgspec.Struct, frozen=True, rename="camel"):
    """`custom_parameters` are those of the TwiML that opened the stream."""

    stream_sid: str
    call_sid: str
    custom_parameters: dict[str, str] = {}


class Sound(msgspec.Struct, frozen=True):
    """JSON has `chunk` as a string and `payload` in base64."""

    chunk: int
    payload: bytes
    track: str = "inbound"


class Key(msgspec.Struct, frozen=True):
    digit: str


class Name(msgspec.Struct, frozen=True):
    name: str


class Connected(msgspec.Struct, frozen=True, tag_field="event", tag="connected"):
    pass


class Start(msgspec.Struct, frozen=True, tag_field="event", tag="start"):
    start: StreamFacts


class Media(msgspec.Struct, frozen=True, tag_field="event", tag="media"):
    media: Sound


class Dtmf(msgspec.Struct, frozen=True, tag_field="event", tag="dtmf"):
    dtmf: Key


class Mark(msgspec.Struct, frozen=True, tag_field="event", tag="mark"):
    """The sound sent before it was played, or cleared."""

    mark: Name


class Stop(msgspec.Struct, frozen=True, tag_field="event", tag="stop"):
    pass


Message: TypeAlias = Connected | Start | Media | Dtmf | Mark | Stop
_MESSAGES = msgspec.json.Decoder(Message, strict=False)


def read_message(text: str) -> Message | None:
    """None where it is not understood, which is no reason to hang up."""
    try:
        return _MESSAGES.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


class Payload(msgspec.Struct, frozen=True):
    payload: bytes


class SendMedia(msgspec.Struct, frozen=True, rename="camel", tag_field="event", tag="media"):
    stream_sid: str
    media: Payload


class SendMark(msgspec.Struct, frozen=True, rename="camel", tag_field="event", tag="mark"):
    """Comes back as `Mark` when the sound before it has been played."""

    stream_sid: str
    mark: Name


class SendClear(msgspec.Struct, frozen=True, rename="camel", tag_field="event", tag="clear"):
    """Throws away what was sent and not played."""

    stream_sid: str


def written(message: SendMedia | SendMark | SendClear) -> str:
    return msgspec.json.encode(message).decode()


class ChunksInOrder:
    """What comes late or twice is dropped; what is missing is silence, so that time goes on."""

    def __init__(self) -> None:
        self._last: int | None = None

    def sound_of(self, sound: Sound) -> bytes:
        """All that can be heard now."""
        last, payload = self._last, sound.payload
        if sound.track != "inbound" or (last is not None and sound.chunk <= last):
            return b""
        self._last = sound.chunk
        missing = 0 if last is None else sound.chunk - last - 1
        return QUIET * min(missing * len(payload), MOST_MISSING_BYTES) + payload


class Keyed:
    """Keys, gathered until `#` or a pause ends them."""

    def __init__(self) -> None:
        self._keys = ""
        self._due_s = 0.0

    def press(self, key: str, now_s: float) -> str:
        """What they complete, if anything. `#` alone is itself."""
        if key not in KEYS:
            return ""
        if key == END_KEY:
            return self._gathered() or END_KEY
        self._keys += key
        self._due_s = now_s + KEY_PAUSE_S
        return self._gathered() if len(self._keys) >= MOST_KEYS else ""

    def tick(self, now_s: float) -> str:
        return self._gathered() if self._keys and now_s >= self._due_s else ""

    def _gathered(self) -> str:
        keys, self._keys = self._keys, ""
        return keys


@dataclass(frozen=True, slots=True)
class _Sent:
    mark: str
    samples: int
    until_s: float


class FarEnd:
    """What of our sound waits at Twilio: sent, and not yet marked as played."""

    def __init__(self) -> None:
        self._sent: deque[_Sent] = deque()
        self._marks = 0
        self.until_s = 0.0
        """When all of it is played if nothing stalls."""

    @property
    def samples(self) -> int:
        return sum(sent.samples for sent in self._sent)

    def send(self, samples: int, now_s: float) -> str:
        """The name of the mark behind it."""
        self._marks += 1
        self.until_s = max(self.until_s, now_s) + samples / SAMPLE_RATE
        self._sent.append(_Sent(str(self._marks), samples, self.until_s))
        return self._sent[-1].mark

    def played(self, mark: str) -> None:
        """With all before it. Marks of what was cleared come back too and mean nothing."""
        if any(sent.mark == mark for sent in self._sent):
            while self._sent.popleft().mark != mark:
                pass

    def tick(self, now_s: float) -> None:
        """A mark that does not come back is not waited for for ever."""
        while self._sent and now_s > self._sent[0].until_s + MARK_PATIENCE_S:
            self._sent.popleft()

    def clear(self) -> None:
        self._sent.clear()
        self.until_s = 0.0
