"""A conversation as it is looked at, and what is said of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import msgspec

from app.core.errors import Unavailable
from app.llm.conversation import TokenUsage

Preset: TypeAlias = Literal["true", "sales_coaching", "collections"]
PRESETS: tuple[Preset, ...] = ("true", "sales_coaching", "collections")

NOTHING = TokenUsage()


class ContextTooSmall(Unavailable):
    """The model that is set up holds too little for what is asked of it."""

    code = "context_too_small"


@dataclass(frozen=True, slots=True)
class Mention:
    """Something with a shape of its own: MONEY, DATE, PHONE and the like."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Utterance:
    """`id` is its place among the segments of the transcript, from 0."""

    id: int
    start_s: float
    end_s: float
    text: str
    speaker: str = ""
    """Empty where nobody asked who speaks."""
    language: str = ""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """Such as emotion, intent, behavior, age, gender and role, as far as anything heard them."""
    mentions: tuple[Mention, ...] = ()

    @property
    def length_s(self) -> float:
        return max(0.0, self.end_s - self.start_s)


@dataclass(frozen=True, slots=True)
class Conversation:
    utterances: tuple[Utterance, ...]
    duration_s: float

    @property
    def speakers(self) -> list[str]:
        """In the order they come in."""
        return list(dict.fromkeys(each.speaker for each in self.utterances))


class SpeakerNumbers(msgspec.Struct, frozen=True, kw_only=True):
    """`talk_ratio`: of all speech. `interruptions` are those that the speaker made. `pace_wpm` is
    null where the speaker says too little, or writes without spaces between words."""

    speaker: str
    talk_s: float
    talk_ratio: float
    turns: int
    words: int
    pace_wpm: float | None
    questions: int
    interruptions: int
    longest_monologue_s: float


class Monologue(msgspec.Struct, frozen=True):
    """The longest time that one had the word."""

    speaker: str
    start: float
    end: float
    first_segment: int
    last_segment: int


class MentionedAt(msgspec.Struct, frozen=True):
    type: str
    value: str
    segments: list[int]


class Numbers(msgspec.Struct, frozen=True, kw_only=True):
    """What can be counted, and is, whatever model is there. A turn is what one says until another
    speaks. `emotions`: how many segments have each label."""

    duration_s: float
    speech_s: float
    silence_s: float
    silence_ratio: float
    longest_silence_s: float
    turns: int
    words: int
    questions: int
    interruptions: int
    longest_monologue: Monologue | None
    speakers: list[SpeakerNumbers]
    emotions: dict[str, int]
    mentions: list[MentionedAt]


@dataclass(frozen=True, slots=True)
class Analysis:
    """`model`: who answered, empty where nothing had to be asked. `notes` say what a reader must
    know before believing any of it."""

    summary: str
    analysis: dict[str, Any] | None
    computed: Numbers
    model: str = ""
    usage: TokenUsage = NOTHING
    notes: tuple[str, ...] = ()
