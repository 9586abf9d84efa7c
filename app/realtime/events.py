"""What happens in a session, told as it happens. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from app.realtime.conversation import Act, Line


@dataclass(frozen=True, slots=True)
class Began:
    """The call is on record under this id. Told by whoever keeps the record, before all else."""

    call_id: str


@dataclass(frozen=True, slots=True)
class Said:
    """A line entered the history."""

    line: Line


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The last line of the history was not all: it comes again with more."""

    line: Line


@dataclass(frozen=True, slots=True)
class VoiceChanged:
    """The user began to speak, or paused."""

    is_voice: bool
    at_s: float


@dataclass(frozen=True, slots=True)
class Understanding:
    """What the user says, as far as it is recognized; a piece of it is final when it stays.
    `labels`: such as emotion and intent, where they are known. `confidence`: from 0 to 1."""

    text: str
    is_final: bool
    at_s: float
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Thought:
    """The brain gave the first of an answer."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Saying:
    """What the agent says next."""

    text: str
    at_s: float


@dataclass(frozen=True, slots=True)
class SoundMade:
    """There is something to be heard, as soon as it may be."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Heard:
    """So much of what the agent says was heard by now. Said is what was, in the end."""

    text: str


@dataclass(frozen=True, slots=True)
class StateChanged:
    """listening, thinking or speaking."""

    state: str
    at_s: float


@dataclass(frozen=True, slots=True)
class HearingChanged:
    """Words of the user can be recognized again, or for now cannot. The call goes on."""

    hears: bool


@dataclass(frozen=True, slots=True)
class SpokeInWriting:
    """A text that could not be spoken. The other side is to read it."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    reason: str
    act: Act | None = None


SessionEvent: TypeAlias = (
    Began
    | VoiceChanged
    | Understanding
    | Thought
    | Saying
    | SoundMade
    | Heard
    | Said
    | Withdrawn
    | StateChanged
    | HearingChanged
    | SpokeInWriting
    | Ended
)
